"""Unknown keyword arguments, refused in one sentence that names the one that was meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from types import FunctionType
from typing import Any, TypeVar, cast

from meta.errors import ArgumentError

F = TypeVar("F", bound=Callable[..., Any])

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "ai": ("events1",),
    "bi": ("nonevents1",),
    "ci": ("events2", "level"),
    "di": ("nonevents2",),
    "n1i": ("n1",),
    "n2i": ("n2",),
    "x1i": ("events1",),
    "x2i": ("events2",),
    "t1i": ("time1",),
    "t2i": ("time2",),
    "m1i": ("mean1",),
    "m2i": ("mean2",),
    "sd1i": ("sd1",),
    "sd2i": ("sd2",),
    "xi": ("events",),
    "mi": ("mean",),
    "sdi": ("sd",),
    "ni": ("n",),
    "ti": ("time", "t"),
    "ri": ("r",),
    "fi": ("f",),
    "r2i": ("r2",),
    "y": ("yi",),
    "v": ("vi", "V"),
    "W": ("weights",),
    "se": ("sei",),
    "TE": ("yi",),
    "seTE": ("sei",),
    "lower": ("ci_low",),
    "upper": ("ci_high",),
    "slab": ("study",),
    "studlab": ("study",),
    "labels": ("study",),
    "sm": ("measure",),
    "data": ("table", "es", "fit"),
    "es": ("data", "fit", "table", "result"),
    "df": ("data", "table"),
    "mods": ("moderators", "formula"),
    "mod": ("moderators", "formula"),
    "formula": ("moderators",),
    "moderators": ("formula",),
    "byvar": ("by",),
    "subgroup": ("by",),
    "group": ("by",),
    "tau2": ("method",),
    "knha": ("test",),
    "hakn": ("test",),
    "method_ci": ("test",),
    "model": ("method",),
    "alternative": ("direction",),
    "side": ("direction",),
    "conf_level": ("level",),
    "alpha": ("level",),
    "ref": ("null",),
    "lw": ("linewidth",),
    "ls": ("linestyle",),
    "c": ("color",),
    "random_seed": ("seed",),
    "random_state": ("seed",),
    "rng": ("seed",),
}
"""What R's packages (metafor, meta) and others call an argument, and the names it may have here."""


def keywords(function: F) -> F:
    """Let a function, or the making of a class, refuse arguments that it does not have in a sentence.

    The call itself goes straight through, and costs less than a microsecond more; only where Python could
    not bind the arguments are they looked at. Signature, documentation and annotations stay the function's.

    Examples
    --------
    >>> @keywords
    ... def draw(es, *, level=0.95, events1=None): ...
    >>> draw([1], levle=0.9)
    Traceback (most recent call last):
    ...
    meta.errors.ArgumentError: draw() does not take levle; did you mean level? allowed: es, level, events1
    >>> draw([1], ai="tpos")
    Traceback (most recent call last):
    ...
    meta.errors.ArgumentError: draw() does not take ai; did you mean events1? allowed: es, level, events1
    >>> draw()
    Traceback (most recent call last):
    ...
    meta.errors.ArgumentError: draw() needs es
    """
    if isinstance(function, type):
        function.__init__ = keywords(function.__init__)  # type: ignore[misc]
        return function
    explain = refusal

    def call(*args: Any, **given: Any) -> Any:
        try:
            return function(*args, **given)
        except TypeError as error:
            # Python could not even enter the function: no frame below this one.
            if error.__traceback__.tb_next is not None:  # type: ignore[union-attr]
                raise
            problem = explain(function, args, given) or error
        raise problem from None

    # In the function's own module, so that doctest and warnings find it where it was written.
    found = FunctionType(call.__code__, function.__globals__, function.__name__, None, call.__closure__)
    for name in ("__module__", "__qualname__", "__doc__", "__annotations__"):
        setattr(found, name, getattr(function, name))
    found.__dict__.update(function.__dict__)
    found.__wrapped__ = function  # type: ignore[attr-defined]
    return cast(F, found)


def refusal(
    function: Callable[..., Any], args: tuple[Any, ...], given: Mapping[str, Any]
) -> ArgumentError | None:
    """What is wrong with the arguments of a call; None if nothing is."""
    parameters = inspect.signature(function).parameters
    own = function.__qualname__.endswith("__init__")
    names = [name for name, item in parameters.items() if item.kind is not item.POSITIONAL_ONLY][own:]
    title = function.__qualname__.rpartition(".__init__")[0] if own else function.__name__
    strange = [name for name in given if name not in names]
    if strange:
        return ArgumentError(f"{title}() does not take {', '.join(strange)}; {_hint(strange, names)}")
    places = [name for name, item in parameters.items() if item.kind is not item.KEYWORD_ONLY]
    if len(args) > len(places):
        few = ", ".join(places[own:]) or "no argument"
        return ArgumentError(
            f"{title}() takes {few} without a name, but got {len(args) - own} values; "
            f"{_by_name([name for name in names if name not in places])}"
        )
    twice = [name for name in places[: len(args)] if name in given]
    if twice:
        return ArgumentError(f"{title}() got {twice[0]} twice, by place and by name; give it once")
    empty = inspect.Parameter.empty
    lacking = [name for name in names if parameters[name].default is empty and name not in given]
    lacking = [name for name in lacking if name not in places[: len(args)]]
    return ArgumentError(f"{title}() needs {', '.join(lacking)}") if lacking else None


def _by_name(names: list[str]) -> str:
    return f"write the others as name=value: {', '.join(names)}" if names else "leave the others out"


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that was meant; empty if nothing comes near.

    >>> nearest("slab", ["yi", "vi", "study"]), nearest("lable", ["label"]), nearest("colour", ["k"])
    ('study', 'label', '')
    """
    known = list(names)
    there = [name for name in ELSEWHERE.get(word, ()) if name in known]
    lower = {name.lower(): name for name in reversed(known)}
    close = get_close_matches(word.lower(), lower, n=1)
    return there[0] if there else lower[close[0]] if close else ""


def named_elsewhere(columns: Iterable[str], wanted: Iterable[str]) -> str:
    """How a table that carries the names of another package is named here; empty if nothing is recognised.

    >>> named_elsewhere(["ai", "n1i", "trial"], ["events1", "n1"])
    '; by its names the table has events1="ai", n1="n1i"'
    >>> named_elsewhere(["trial"], ["yi"])
    ''
    """
    needed = list(wanted)
    found = {name: word for word in columns for name in ELSEWHERE.get(word, ()) if name in needed}
    told = ", ".join(f'{name}="{found[name]}"' for name in needed if name in found)
    return f"; by its names the table has {told}" if told else ""


def _hint(strange: list[str], names: list[str]) -> str:
    meant = dict.fromkeys(near for word in strange if (near := nearest(word, names)))
    asked = f"did you mean {', '.join(meant)}? " if meant else ""
    return f"{asked}allowed: {', '.join(names) or 'no argument'}"
