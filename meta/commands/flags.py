"""Columns and facts by flags of their own: ``--events1 tpos`` is short for ``--column events1=tpos``."""

from __future__ import annotations

from collections.abc import Sequence

from meta.errors import InputError

COMMANDS = frozenset(
    ("pool", "forest", "funnel", "bias", "regress", "bayes", "multilevel", "network", "dose")
)
ARGUMENTS = frozenset(
    (
        *("alpha", "auc", "both", "ci_high", "ci_high1", "ci_high2", "ci_low", "ci_low1", "ci_low2"),
        *("d", "difference", "estimate", "eta_squared", "events", "events1", "events2"),
        *("f", "items", "m", "maximum1", "maximum2", "mean", "mean1", "mean2", "mean_change"),
        *("mean_post", "mean_pre", "median1", "median2", "minimum1", "minimum2", "n", "n1", "n2"),
        *("neither", "nonevents", "nonevents1", "nonevents2", "not_significant", "only1", "only2"),
        *("p", "p_below", "p_signed"),
        *("percent", "percent1", "percent2", "q1_1", "q1_2", "q3_1", "q3_2", "r", "r2", "r_pb", "sd"),
        *("sd1", "sd2", "sd_change", "sd_post", "sd_pre", "se", "se1", "se2", "se_change", "sei", "t"),
        *("time", "time1", "time2", "u", "vi", "yi"),
    )
)
"""Arguments of all measures (a test compares them with the registry, which takes long to import), but not
direction, which is an option of its own: a column of directions is ``--column direction=NAME``."""

MORE = {
    "network": frozenset(("treat1", "treat2", "se_base")),
    "dose": frozenset(("cases", "referent")),
}
"""Arguments that only one command has."""

OWN = {"dose": frozenset(("time",))}
"""Flags that a command has of its own under a name that is an argument elsewhere."""


def columns_as_options(words: Sequence[str]) -> list[str]:
    """Return the words of a command line with every column's own flag as ``--column``.

    Raises
    ------
    InputError
        If such a flag has no column behind it.

    Examples
    --------
    >>> columns_as_options(["pool", "x.csv", "--events1", "tpos", "--ci-low=lo", "-m", "RR"])
    ['pool', 'x.csv', '--column', 'events1=tpos', '--column', 'ci_low=lo', '-m', 'RR']
    """
    if words and words[0] == "solve":
        return _facts_as_options(words)
    if not words or words[0] not in COMMANDS:
        return list(words)
    words = _with_language(words)
    known = (ARGUMENTS | MORE.get(words[0], frozenset())) - OWN.get(words[0], frozenset())
    found: list[str] = []
    waiting = iter(words)
    for word in waiting:
        flag, equals, name = word.partition("=")
        argument = flag.removeprefix("--").replace("-", "_")
        if not word.startswith("--") or argument not in known:
            found.append(word)
            continue
        if not equals:
            name = next(waiting, "")
        if not name or name.startswith("--"):
            raise InputError(f"{flag} needs the name of a column; write {flag} NAME")
        found += ["--column", f"{argument}={name}"]
    return found


def _with_language(words: Sequence[str]) -> list[str]:
    """The words with the language that ``--code`` prints, which is Python where none is named.

    >>> _with_language(["pool", "--code", "x.csv"]), _with_language(["pool", "x.csv", "--code", "r"])
    (['pool', '--code', 'python', 'x.csv'], ['pool', 'x.csv', '--code', 'r'])
    """
    found: list[str] = []
    for place, word in enumerate(words):
        found.append(word)
        after = words[place + 1].lower() if place + 1 < len(words) else ""
        if word == "--code" and after not in ("python", "r"):
            found.append("python")
        if place and words[place - 1] == "--code" and word.lower() in ("python", "r"):
            found[-1] = word.lower()
    return found


OF_SOLVE = frozenset(
    ("--measure", "--fact", "--assume", "--study", "--explain", "--json", "--code", "--help", "--version")
)
"""The flags of ``meta solve`` that are not facts."""


def _facts_as_options(words: Sequence[str]) -> list[str]:
    """The words of ``meta solve`` with every fact's own flag as ``--fact``; values may be negative numbers.

    >>> _facts_as_options(["solve", "--mean1", "-3.50", "--p=0.040", "-m", "SMD"])
    ['solve', '--fact', 'mean1=-3.50', '--fact', 'p=0.040', '-m', 'SMD']
    """
    found: list[str] = []
    waiting = iter(words)
    for word in waiting:
        flag, equals, value = word.partition("=")
        if not word.startswith("--") or flag in OF_SOLVE or flag == "--":
            found.append(word)
            continue
        if not equals:
            value = next(waiting, "")
        if not value or (value.startswith("-") and value[1:2] not in set("0123456789.")):
            raise InputError(f"{flag} needs a value; write {flag} VALUE")
        found += ["--fact", f"{flag.removeprefix('--').replace('-', '_')}={value}"]
    return found
