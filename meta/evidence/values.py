"""Read single values as people type them, and say in plain words what is wrong with one."""

from __future__ import annotations

import math
import re
from typing import Any

from meta.evidence.columns import Column
from meta.formatting import listing

YES = ("yes", "y", "true", "1", "ja", "oui")
NO = ("no", "n", "false", "0", "nein", "non")
TIME = re.compile(
    r"^([0-9]{1,9}(?:[.,][0-9]{1,9})?)\s*(h|hrs?|hours?|d|days?|w|wks?|weeks?)\b(?!.*\d)",
    flags=re.IGNORECASE,
)
LONGEST = 400
"""Characters of a number; the largest double has 309 digits."""
UNITS = {"h": "h", "d": "d", "w": "wk"}


class Refusal(ValueError):
    """A value cannot be read; ``rule`` and ``remedy`` say why and what to write instead."""

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(f"{rule}; {remedy}")
        self.rule = rule
        self.remedy = remedy


def read_value(text: str, column: Column, *, comma: bool = False) -> Any:
    """Return the value that a text stands for.

    Parameters
    ----------
    text : str
        As typed; not empty.
    column : Column
        What it is for.
    comma : bool
        Whether the source writes decimals with a comma, so that "1,234" is one and a bit.

    Raises
    ------
    Refusal
        If it cannot be read.

    Examples
    --------
    >>> from meta.evidence.columns import column
    >>> read_value("−3,41", column("mean1")), read_value("random", column("allocation"))
    (-3.41, 'randomised')
    >>> read_value("< 0.01", column("p", "means"))
    Traceback (most recent call last):
    ...
    meta.evidence.values.Refusal: this is a threshold, not a p-value; leave it out, or use kind ...
    """
    plain = re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()
    if column.form == "choice":
        return choose(plain, column.choices)
    if column.form == "yes or no":
        return _yes_or_no(plain)
    if column.form == "texts":
        return [part.strip() for part in plain.split(";") if part.strip()]
    if column.form == "numbers":
        return [number(part, comma=comma) for part in re.split(r"[;\s]+|,\s", plain) if part]
    if column.form == "text":
        return plain
    return number(_stripped(plain, column), whole=column.form == "count", comma=comma)


def number(text: str, *, whole: bool = False, comma: bool = False) -> float | int:
    """Return a number as papers print it: a point or a comma for decimals, any kind of minus.

    >>> number(".03"), number("12", whole=True), number("2,5")
    (0.03, 12, 2.5)
    """
    plain = text.strip().replace("−", "-").replace("–", "-").replace("·", ".")
    if re.fullmatch(r"[-+]?\d{1,3},\d{3}", plain) and not comma:
        joined, point = plain.replace(",", ""), plain.replace(",", ".")
        raise Refusal(f"{text!r} can be read in two ways", f"write {joined} or {point}")
    if re.fullmatch(r"[-+]?\d*,\d+", plain):
        plain = plain.replace(",", ".")
    if not re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", plain, flags=re.ASCII):
        if whole:
            raise Refusal("must be a whole number", "write digits alone, such as 24")
        raise Refusal("must be a number", "write digits alone, such as 12.5 or -3.4")
    value = float(plain)
    if not math.isfinite(value) or len(plain) > LONGEST:
        raise Refusal("must be a finite number", "leave it out if it was not seen")
    if whole and not value.is_integer():
        raise Refusal("must be a whole number", "enter an integer")
    return int(value) if whole or re.fullmatch(r"[-+]?\d+", plain) else value


def choose(text: str, choices: tuple[str, ...]) -> str:
    """Return the choice that a text names: whole, by its number, or by its beginning.

    >>> choose("2", ("lower", "higher")), choose("High", ("lower", "higher"))
    ('higher', 'higher')
    """
    lowered = text.lower().replace("_", " ").replace("randomized", "randomised")
    for choice in choices:
        if lowered in (choice.lower(), choice.lower().replace("-", " ")):
            return choice
    numbers = {str(i): choice for i, choice in enumerate(choices, start=1)}
    if text in numbers:
        return numbers[text]
    near = [choice for choice in choices if lowered and choice.lower().startswith(lowered)]
    if len(near) == 1:
        return near[0]
    if near:
        raise Refusal(f"{text!r} can mean {listing(near, 'or')}", "write more of it")
    raise Refusal(f"must be {listing(choices, 'or')}", "use one of these")


def decimals(text: str) -> int:
    """Return how many decimals were typed.

    >>> decimals("78"), decimals("78.0 %"), decimals("78,25")
    (0, 1, 2)
    """
    found = re.search(r"[.,·](\d+)", text)
    return len(found.group(1)) if found else 0


def time_of(label: str) -> dict[str, Any]:
    """Return a time from its words; value and unit only where the words begin with one time.

    >>> time_of("24 h after the run"), time_of("end of treatment"), time_of("8 weeks")["unit"]
    ({'label': '24 h after the run', 'value': 24, 'unit': 'h'}, {'label': 'end of treatment'}, 'wk')
    """
    found = TIME.match(label)
    if not found:
        return {"label": label}
    return {"label": label, "value": number(found.group(1)), "unit": UNITS[found.group(2)[0].lower()]}


def _stripped(text: str, column: Column) -> str:
    """Return a number without what is printed around it."""
    name = column.name
    if name.rstrip("12") in ("p", "alpha") or name == "p_below":
        below = re.match(r"^p?\s*<\s*(.+)$", text, flags=re.IGNORECASE)
        if below and name != "p_below":
            rule = "this is a threshold, not a p-value"
            raise Refusal(rule, f"leave it out, or use kind threshold with p_below = {below.group(1)}")
        if re.match(r"^p?\s*>", text, flags=re.IGNORECASE):
            raise Refusal("this is not a p-value", "for 'p > 0.05' use kind not-significant")
        return re.sub(r"^p?\s*[=<]\s*", "", text, flags=re.IGNORECASE)
    if name.startswith(("percent", "within_", "between_", "analytical_")):
        return text.rstrip("% ")
    if name == "dose_mg":
        return re.sub(r"\s*mg(/d(ay)?)?$", "", text)
    return text


def _yes_or_no(text: str) -> bool:
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise Refusal("must be yes or no", "write yes or no")
