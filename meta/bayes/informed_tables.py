"""Published predictive distributions of heterogeneity: numbers only, with their sources.

``TURNER`` holds (mu, sigma) of log tau2 (log-normal) for log odds ratios: Turner et al. 2015, Table IV,
doi:10.1002/sim.6381. ``RHODES`` holds (location, scale) of log tau2 (Student t with 5 df) for standardised
mean differences: Rhodes et al. 2015, Table 3 and appendix, doi:10.1016/j.jclinepi.2014.08.012. The
numbers were taken from public transcriptions of these tables, not from the printed pages: two transcriptions
agree on every entry kept except ``TURNER_GENERAL``, which is in one. Left out:
the cancer table, where they differ, and mental health with non-pharmacological comparisons in "other" areas,
where both have -3.85 but the pattern of row and column suggests a misprint of -2.85.
"""

from __future__ import annotations

TURNER_COMPARISONS = (
    "pharmacological vs placebo/control",
    "pharmacological vs pharmacological",
    "non-pharmacological vs placebo/control",
    "non-pharmacological vs pharmacological",
    "non-pharmacological vs non-pharmacological",
)

TURNER: dict[str, tuple[tuple[float, float], ...]] = {
    "all-cause mortality": ((-3.95, 1.34), (-4.18, 1.41), (-4.17, 1.55), (-2.92, 1.02), (-3.50, 1.26)),
    "obstetric": ((-3.52, 1.74), (-3.75, 1.79), (-3.74, 1.91), (-2.49, 1.50), (-3.08, 1.68)),
    "cause-specific mortality / major morbidity": (
        (-3.71, 1.74),
        (-3.95, 1.79),
        (-3.93, 1.91),
        (-2.68, 1.51),
        (-3.27, 1.68),
    ),
    "resource use / hospital stay": (
        (-2.34, 1.74),
        (-2.58, 1.79),
        (-2.56, 1.91),
        (-1.31, 1.50),
        (-1.90, 1.68),
    ),
    "surgical / device success": (
        (-2.14, 1.74),
        (-2.37, 1.79),
        (-2.36, 1.91),
        (-1.11, 1.50),
        (-1.69, 1.68),
    ),
    "withdrawals": ((-2.99, 1.74), (-3.23, 1.79), (-3.21, 1.91), (-1.96, 1.51), (-2.55, 1.68)),
    "structure-related": ((-2.71, 1.74), (-2.94, 1.79), (-2.93, 1.92), (-1.67, 1.51), (-2.26, 1.68)),
    "general physical health": (
        (-2.29, 1.53),
        (-2.53, 1.58),
        (-2.51, 1.72),
        (-1.26, 1.25),
        (-1.85, 1.46),
    ),
    "adverse events": ((-1.87, 1.52), (-2.10, 1.58), (-2.10, 1.71), (-0.84, 1.24), (-1.43, 1.45)),
    "infection / onset of disease": (
        (-2.49, 1.52),
        (-2.73, 1.58),
        (-2.71, 1.71),
        (-1.46, 1.24),
        (-2.05, 1.45),
    ),
    "signs / symptoms": ((-2.06, 1.51), (-2.29, 1.58), (-2.28, 1.71), (-1.03, 1.24), (-1.61, 1.45)),
    "pain": ((-1.83, 1.52), (-2.06, 1.58), (-2.05, 1.71), (-0.80, 1.25), (-1.38, 1.45)),
    "quality of life": ((-2.54, 1.54), (-2.78, 1.60), (-2.77, 1.73), (-1.51, 1.27), (-2.10, 1.47)),
    "mental health": ((-2.12, 1.53), (-2.35, 1.60), (-2.34, 1.72), (-1.09, 1.27), (-1.67, 1.47)),
    "biological markers": ((-1.77, 1.52), (-2.00, 1.58), (-1.99, 1.71), (-0.74, 1.24), (-1.33, 1.45)),
    "subjective (various)": ((-2.70, 1.52), (-2.93, 1.58), (-2.92, 1.71), (-1.67, 1.25), (-2.26, 1.45)),
}

TURNER_GENERAL = (-2.56, 1.74)

RHODES_COMPARISONS = (
    "pharmacological vs placebo/control",
    "pharmacological vs pharmacological",
    "non-pharmacological",
)

_Row = tuple[tuple[float, float] | None, ...]

RHODES: dict[str, dict[str, _Row]] = {
    "other": {
        "obstetric": ((-4.13, 2.34), (-4.40, 2.31), (-3.99, 2.11)),
        "resource use / hospital stay": ((-2.55, 2.73), (-2.83, 2.70), (-2.41, 2.57)),
        "structure-related": ((-2.43, 2.50), (-2.70, 2.46), (-2.29, 2.32)),
        "general physical health, adverse events, pain, quality of life": (
            (-3.16, 2.50),
            (-3.44, 2.44),
            (-3.02, 2.27),
        ),
        "signs / symptoms, infection": ((-3.00, 2.50), (-3.27, 2.47), (-2.86, 2.33)),
        "mental health": ((-2.99, 2.16), (-3.27, 2.14), None),
        "biological markers": ((-3.41, 2.83), (-3.68, 2.78), (-3.27, 2.66)),
        "subjective (various)": ((-2.76, 2.58), (-3.03, 2.59), (-2.62, 2.41)),
    },
    "respiratory": {
        "obstetric": ((-6.03, 2.36), (-6.31, 2.31), (-5.89, 2.21)),
        "resource use / hospital stay": ((-4.46, 2.74), (-4.73, 2.70), (-4.32, 2.57)),
        "structure-related": ((-4.33, 2.51), (-4.61, 2.46), (-4.19, 2.33)),
        "general physical health, adverse events, pain, quality of life": (
            (-5.07, 2.51),
            (-5.34, 2.45),
            (-4.93, 2.28),
        ),
        "signs / symptoms, infection": ((-4.90, 2.50), (-5.18, 2.47), (-4.76, 2.33)),
        "mental health": ((-4.90, 2.17), (-5.17, 2.14), (-4.76, 1.94)),
        "biological markers": ((-5.31, 2.83), (-5.59, 2.78), (-5.17, 2.66)),
        "subjective (various)": ((-4.66, 2.59), (-4.94, 2.59), (-4.52, 2.41)),
    },
}

RHODES_GENERAL = (-3.44, 2.59)
