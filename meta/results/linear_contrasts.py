"""Contrasts in words: ``"form[oxide] - form[citrate]"`` to weights of coefficients.

A coefficient goes by its name. A level of a factor, ``factor[level]``, is the mean effect at that level,
averaged over what the studies have of all other moderators; in a difference of two levels everything but
an interaction cancels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.errors import InputError

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_LEVEL = re.compile(r"(?:C\()?\s*(?P<factor>`[^`]+`|[\w.]+)\s*\)?\[(?P<level>[^\]]*)\]")


@dataclass(frozen=True, slots=True)
class _Form:
    """A linear form: weights of the coefficients, (p,), and a constant."""

    weights: np.ndarray
    constant: float

    def scaled(self, by: float) -> _Form:
        return _Form(self.weights * by, self.constant * by)

    def plus(self, other: _Form) -> _Form:
        return _Form(self.weights + other.weights, self.constant + other.constant)


def weights_of(expression: str, names: tuple[str, ...], design: Any = None) -> np.ndarray:
    """Weights of the coefficients, (p,), from an expression of their names and of levels of factors.

    Parameters
    ----------
    expression : str
        Names, numbers, ``+ - * /`` and parentheses.
    names : tuple of str
        The coefficients.
    design : Design, optional
        Knows the levels of factors.

    Examples
    --------
    >>> weights_of("b - c", ("a", "b", "c")).tolist()
    [0.0, 1.0, -1.0]
    >>> weights_of("2 * (a + b) / 4", ("a", "b", "c")).tolist()
    [0.5, 0.5, 0.0]
    """
    found = _Reader(expression, names, design).read()
    if found.constant:
        raise InputError(
            f"the contrast {expression!r} adds the number {found.constant:g}; it is a sum of coefficients, "
            "which a number may only multiply"
        )
    return found.weights


def named_rows(given: Any, coefficients: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """Rows with names of their own: expressions, or mappings of them by name; None for bare weights.

    >>> named_rows(["a - b", "c"]), named_rows({"first": "a - b"}), named_rows({"a": 1, "b": -1})
    ({'a - b': 'a - b', 'c': 'c'}, {'first': 'a - b'}, None)
    """
    if isinstance(given, str):
        return {given: given}
    if isinstance(given, list | tuple) and given and all(isinstance(item, str) for item in given):
        if len(set(given)) < len(given):
            raise InputError("the contrasts name one expression twice; give each once")
        return {item: item for item in given}
    if isinstance(given, Mapping) and set(given) <= set(coefficients):
        return None
    if isinstance(given, Mapping) and all(isinstance(x, str | Mapping) for x in given.values()):
        return {str(name): item for name, item in given.items()}
    return None


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str, names: tuple[str, ...], design: Any) -> None:
        self.text, self.names, self.design, self.at = text, names, design, 0

    def read(self) -> _Form:
        found = self._sum()
        self._skip()
        if self.at < len(self.text):
            raise self._problem()
        return found

    def _sum(self) -> _Form:
        found = self._product()
        while (sign := self._next("+-")) is not None:
            found = found.plus(self._product().scaled(-1.0 if sign == "-" else 1.0))
        return found

    def _product(self) -> _Form:
        found = self._factor()
        while (sign := self._next("*/")) is not None:
            other = self._factor()
            if sign == "/":
                if other.weights.any() or not other.constant:
                    raise InputError(f"the contrast {self.text!r} divides by something else than a number")
                found = found.scaled(1 / other.constant)
            elif not other.weights.any():
                found = found.scaled(other.constant)
            elif not found.weights.any():
                found = other.scaled(found.constant)
            else:
                raise InputError(f"the contrast {self.text!r} multiplies two coefficients; it must be a sum")
        return found

    def _factor(self) -> _Form:
        sign = self._next("+-")
        if sign is not None:
            return self._factor().scaled(-1.0 if sign == "-" else 1.0)
        named = self._coefficient()
        if named is not None:
            return named
        if self._next("(") is not None:
            found = self._sum()
            if self._next(")") is None:
                raise self._problem()
            return found
        level = _LEVEL.match(self.text, self.at)
        if level:
            self.at = level.end()
            return _Form(self._level(level["factor"].strip("`"), level["level"].strip()), 0.0)
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return _Form(np.zeros(len(self.names)), float(number.group()))
        raise self._problem()

    def _coefficient(self) -> _Form | None:
        self._skip()
        here = self.text[self.at :]
        fitting = [name for name in self.names if here.startswith(name)]
        # A name that goes on is another name: "dose" does not stand in "dose2" or "dose:form[T.b]".
        whole = [n for n in fitting if not re.match(r"[\w.:\[(]", here[len(n) :]) or n[-1] in ")]"]
        if not whole:
            return None
        name = max(whole, key=len)
        self.at += len(name)
        return _Form(np.eye(len(self.names))[self.names.index(name)], 0.0)

    def _level(self, factor: str, level: str) -> np.ndarray:
        data = getattr(self.design, "data", None) or {}
        if factor not in data:
            raise self._problem()
        values = [str(value) for value in data[factor]]
        if level not in values:
            known = ", ".join(dict.fromkeys(values))
            raise InputError(
                f"{factor} has no level {level!r} in the contrast {self.text!r}; levels: {known}"
            )
        own = next(value for value in data[factor] if str(value) == level)
        size = len(values)
        column = np.empty(size, dtype=object)
        column[:] = [own] * size
        return np.asarray(self.design.new(dict(data) | {factor: column.tolist()}).mean(axis=0))

    def _next(self, signs: str) -> str | None:
        self._skip()
        if self.at < len(self.text) and self.text[self.at] in signs:
            self.at += 1
            return self.text[self.at - 1]
        return None

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _problem(self) -> InputError:
        rest = self.text[self.at :].strip() or "its end"
        return InputError(
            f"the contrast {self.text!r} cannot be read at {rest!r}; write coefficients "
            f"({', '.join(self.names)}) or levels such as form[oxide], joined by + - * /"
        )
