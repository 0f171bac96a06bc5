"""How numbers and other values are shown. Only here is anything rounded, and only for reading."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

MOST_DIGITS = 1e10
"""Above, a row of digits is hard to count: the ratio exp(68) of a wide interval fills a line."""


def number(x: float | None, digits: int = 3) -> str:
    """Show ``x`` with ``digits`` decimals; no negative zero, and a dash for what does not exist.

    >>> number(-0.0001), number(1234.5678, 1), number(float("nan")), number(float("inf")), number(3e29)
    ('0.000', '1234.6', '–', 'inf', '3.00e+29')
    """
    if x is None or math.isnan(x):
        return "–"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    if abs(x) >= MOST_DIGITS:
        return f"{x:.{max(digits - 1, 1)}e}"
    text = f"{x:.{digits}f}"
    return text[1:] if text.startswith("-") and float(text) == 0 else text


def significant(x: float | None, digits: int = 3) -> str:
    """Show ``x`` with ``digits`` significant digits, without an exponent for ordinary sizes.

    >>> significant(0.00012345), significant(45678.0), significant(2.0)
    ('0.000123', '45678', '2.00')
    """
    if x is None or math.isnan(x):
        return "–"
    if math.isinf(x) or x == 0:
        return number(x, digits - 1)
    exponent = math.floor(math.log10(abs(x)))
    if exponent < -6 or exponent > 9:
        return f"{x:.{digits - 1}e}"
    return number(x, max(0, digits - 1 - exponent))


def p_value(p: float | None, digits: int = 3) -> str:
    """Show a p-value; below the last digit as "< 0.001", never as zero.

    >>> p_value(0.0214), p_value(1e-9), p_value(float("nan"))
    ('0.021', '< 0.001', '–')
    """
    if p is None or math.isnan(p):
        return "–"
    return f"< {10.0**-digits:.{digits}f}" if p < 0.5 * 10.0**-digits else f"{p:.{digits}f}"


def p_equation(p: float | None, digits: int = 3, name: str = "p") -> str:
    """Show "p = 0.021" or "p < 0.001".

    >>> p_equation(0.0214), p_equation(1e-9)
    ('p = 0.021', 'p < 0.001')
    """
    shown = p_value(p, digits)
    return f"{name} {shown}" if shown.startswith("<") else f"{name} = {shown}"


def interval(low: float, high: float, digits: int = 3, brackets: str = "[]") -> str:
    """Show an interval.

    >>> interval(-1.1078, -0.3216)
    '[-1.108, -0.322]'
    """
    return f"{brackets[0]}{number(low, digits)}, {number(high, digits)}{brackets[1]}"


def percent(share: float | None, digits: int = 0) -> str:
    """Show a share as a percentage.

    >>> percent(0.784), percent(0.784, 1)
    ('78%', '78.4%')
    """
    return "–" if share is None or math.isnan(share) else f"{number(100 * share, digits)}%"


def chance(p: float | None) -> str:
    """Show a probability, never rounded to certainty, and more closely near 5% and 95%.

    >>> chance(0.44), chance(0.049), chance(0.9999), chance(1e-9)
    ('44%', '4.9%', '> 99%', '< 1%')
    """
    if p is None or math.isnan(p):
        return "–"
    if p < 0.005:
        return "< 1%"
    if p > 0.995:
        return "> 99%"
    return percent(p, 1 if min(abs(p - 0.05), abs(p - 0.95)) < 0.01 else 0)


def listing(items: object, last: str = "and") -> str:
    """Join words as a sentence does.

    >>> listing(["a", "b", "c"]), listing(["a"])
    ('a, b and c', 'a')
    """
    words = [str(item) for item in items]  # type: ignore[attr-defined]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def spreadsheet_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula, nor for the end of a row.

    An apostrophe goes before = + - @ and control signs; carriage returns, which CSV leaves unquoted, become
    line feeds.

    >>> spreadsheet_text("=1+1"), spreadsheet_text(" @x"), spreadsheet_text("A=1")
    ("'=1+1", "' @x", 'A=1')
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{plain}" if plain.lstrip(" ")[:1] in _FORMULA else plain


_FORMULA = frozenset("=+-@\t\n")


def shown(value: Any) -> str:
    """A value on one line, short; of what is long only its kind.

    >>> shown("a" * 100), shown(float("nan")), shown([1, 2])
    ("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…", 'nan', '[1, 2]')
    """
    if isinstance(value, int) and not -(10**30) < value < 10**30:
        return "a number of more than thirty digits"
    if isinstance(value, str):
        return repr(value) if len(value) < 40 else f"{value[:36]!r}"[:-1] + "…"
    text = repr(value) if isinstance(value, (Real, bytes, list, tuple, dict, set, type(None))) else ""
    return text if text and len(text) < 60 else f"{with_article(type(value).__name__)}"


def with_article(name: str) -> str:
    """An English noun with "a" or "an" before it."""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
