"""Options of the sampler, as every model that needs one takes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from meta.arguments import check_share
from meta.errors import InputError
from meta.keywords import nearest

NAMES = ("draws", "tune", "chains", "cores", "target_accept", "nuts_sampler", "progressbar", "sample_options")
OURS = ("random_seed", "model", "step", "trace", "return_inferencedata", "discard_tuned_samples")
NUTS = ("max_treedepth", "early_max_treedepth", "step_scale")
"""What ``pymc.sample`` hands on to its step method."""
LEAST = {"draws": 4, "tune": 0, "chains": 1, "cores": 1}
"""R-hat splits each chain in halves and needs two draws in each."""


def sampler_options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the sampler that were given, checked, as ``pymc.sample`` takes them.

    Parameters
    ----------
    arguments : mapping
        Arguments of a function that has all of :data:`NAMES`, such as its ``locals()``; None is not given.

    Examples
    --------
    >>> sampler_options({name: 2000 if name == "draws" else None for name in NAMES})
    {'draws': 2000}
    """
    given = {name: arguments[name] for name in NAMES if arguments[name] is not None}
    for name, least in LEAST.items():
        if given.get(name, least) < least:
            raise InputError(f"{name} must be >= {least}, not {given[name]}")
    if "target_accept" in given:
        check_share(given["target_accept"], "target_accept")
    more = dict(given.pop("sample_options", {}))
    for name in more:
        if name in NAMES or name in OURS:
            place = f"give {name}= itself" if name in NAMES else "this package sets it"
            raise InputError(f"sample_options must not hold {name}; {place}")
        if name not in _known():
            near = nearest(str(name), _known())
            meant = f"did you mean {near}?" if near else f"it takes {', '.join(_known())}"
            raise InputError(f"sample_options hold {name!r}, which pymc.sample does not take; {meant}")
    return given | more


def refuse_sampler(arguments: Mapping[str, Any]) -> None:
    """Refuse options of the sampler where no sampler is used.

    >>> refuse_sampler(dict.fromkeys(NAMES) | {"draws": 2000})
    Traceback (most recent call last):
    ...
    meta.errors.InputError: draws belongs to the sampler: use engine='pymc', or leave it out
    """
    given = [name for name in NAMES if arguments[name] is not None]
    given += ["allow_failed"] if arguments.get("allow_failed") else []
    if given:
        verb, it = ("belongs", "it") if len(given) == 1 else ("belong", "them")
        raise InputError(f"{', '.join(given)} {verb} to the sampler: use engine='pymc', or leave {it} out")


@cache
def _known() -> tuple[str, ...]:
    import inspect

    from meta import compat

    compat.load()
    import pymc as pm

    found = inspect.signature(pm.sample).parameters.values()
    names = (item.name for item in found if item.kind != item.VAR_KEYWORD)
    return tuple(name for name in (*names, *NUTS) if name not in NAMES and name not in OURS)
