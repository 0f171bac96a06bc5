"""Which effects and variances arithmetic in doubles can carry; asked wherever effects enter a model."""

from __future__ import annotations

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError

LARGEST = 1e50
"""Effects and variances beyond this, or variances below its reciprocal, overflow in sums of products."""

SUREST = 1e15
"""Effect in standard errors from which differences between effects are rounding alone."""

WIDEST = 1e14
"""Ratio of the largest to the smallest variance from which the other weights are lost to rounding."""


def check_carried(effects: EffectSizes) -> None:
    """Refuse a variance that is not positive, and numbers that no measurement gives and doubles cannot carry.

    Rows without a known effect are passed over unless a bound or a mixture uses their variance.

    >>> check_carried(EffectSizes([0.1, 0.2], [0.04, 0.0], "GEN", ["A 2001", "B 2002"]))
    Traceback (most recent call last):
    ...
    meta.errors.InputError: vi must be > 0: study 'B 2002' has vi = 0
    """
    used = np.asarray(effects.informative)
    yi, vi = np.where(used & effects.exact, effects.yi, 0.0), np.where(used, effects.vi, 1.0)
    low, high = (np.nanmin(vi), np.nanmax(vi)) if vi.size else (1.0, 1.0)
    largest = np.max(np.abs(yi), initial=0.0)
    fine = low >= 1 / LARGEST and high <= LARGEST and high <= WIDEST * low and not np.isnan(vi).any()
    if fine and largest <= SUREST * np.sqrt(low):
        return
    _refuse(effects, yi, vi)


def _refuse(effects: EffectSizes, yi: np.ndarray, vi: np.ndarray) -> None:
    _refuse_where(effects, ~(vi > 0), "vi must be > 0: study {study!r} has vi = {v:g}")
    beyond = "outside the range of double precision: study {study!r} has"
    remedy = "change the unit, or correct it"
    _refuse_where(effects, (vi > LARGEST) | (vi < 1 / LARGEST), f"vi is {beyond} vi = {{v:g}}; {remedy}")
    _refuse_where(effects, ~(np.abs(yi) <= LARGEST), f"yi is {beyond} yi = {{y:g}}; {remedy}")
    _refuse_where(
        effects,
        np.abs(yi) > SUREST * np.sqrt(vi),
        f"yi is more than {SUREST:g} standard errors from 0: study {{study!r}} has yi = {{y:g}} and "
        "vi = {v:g}; nothing is measured so well, correct one of them",
    )
    known = np.where(effects.informative, vi, np.nan)
    small, large = int(np.nanargmin(known)), int(np.nanargmax(known))
    if known[large] > WIDEST * known[small]:
        raise InputError(
            "vi differs too much between studies for their weights to be added: "
            f"{str(effects.study[small])!r} has {known[small]:g} and {str(effects.study[large])!r} has "
            f"{known[large]:g}; correct them, or leave one out"
        )


def _refuse_where(effects: EffectSizes, bad: np.ndarray, message: str) -> None:
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise InputError(message.format(study=str(effects.study[i]), y=effects.yi[i], v=effects.vi[i]))
