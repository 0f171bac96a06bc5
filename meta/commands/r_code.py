"""``--code r``: the lines of R's metafor that give the same number, with the data in them.

Names of functions and arguments are those of metafor's documentation (Viechtbauer 2010,
https://doi.org/10.18637/jss.v036.i03); tests hold what R prints for these lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.commands.table_reading import Loaded
from meta.errors import InputError

if TYPE_CHECKING:
    from meta.effects.effect_size_table import EffectSizes

_TABLE = {"events1": "ai", "nonevents1": "bi", "n1": "n1i", "events2": "ci", "nonevents2": "di", "n2": "n2i"}
_RATES = {"events1": "x1i", "time1": "t1i", "events2": "x2i", "time2": "t2i"}
_MEANS = {"mean1": "m1i", "sd1": "sd1i", "n1": "n1i", "mean2": "m2i", "sd2": "sd2i", "n2": "n2i"}
NAMES: dict[str, dict[str, str]] = {
    "2x2": _TABLE,
    "two rates": _RATES,
    "two means": _MEANS,
    "two means, standardised": _MEANS,
    "proportion": {"events": "xi", "n": "ni"},
    "rate": {"events": "xi", "time": "ti"},
    "correlation": {"r": "ri", "n": "ni"},
}
"""By design: what escalc calls its arguments. Measures that it lacks, or computes otherwise (ROM has no bias
correction there), and rows that were not computed by the formula go to R as yi and vi."""
TESTS = {"z": "z", "t": "t", "hksj": "knha", "adhoc": "adhoc"}
CONTROL = {
    ("REML", "ML", "EB"): "control = list(threshold = 1e-10, maxiter = 10000)",
    ("PM", "PMM", "GENQ", "DLIT"): "control = list(tol = 1e-12, threshold = 1e-12, maxiter = 10000)",
}
"""By estimator: metafor ends its searches at changes of 1e-5 in tau2, which is much for risk differences."""
LIBRARY = "library(metafor)"
_SYNTACTIC = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_PLAIN = re.compile(r"\s*~(?:\s|[A-Za-z_][A-Za-z0-9_.]*|`[^`]*`|C\((?:[A-Za-z_][\w.]*|`[^`]*`)\)|[-+*:01])*")
"""Formulas that mean the same in R, once C() is factor()."""


def pooled(loaded: Loaded, method: str, test: str, level: float, by: str | None = None) -> str:
    """The lines for a pool, or for one pool per group."""
    es = loaded.effects.subset(loaded.effects.exact)
    lines = _effects(loaded, es, {} if by is None else {by: es.columns[by]})
    options = ", ".join(_options(method, test, level))
    if by is not None:
        one = f"rma(yi, vi, data = part, {options})"
        lines += [f"groups <- lapply(split(dat, dat${name_of(by)}), function(part) {one})", "groups"]
    lines += [f"fit <- rma(yi, vi, data = dat, {options})", "fit", _read(loaded)]
    return "\n".join(filter(None, lines))


def counted(loaded: Loaded, method: str, level: float, by: str | None = None) -> str:
    """The lines for counts that are pooled as they are."""
    from meta.effects.registry import measure as look_up

    names = NAMES[look_up(loaded.measure).design]
    known = {names[name]: np.asarray(loaded.table[column], float) for name, column in loaded.columns.items()}
    more = {} if by is None else {by: np.asarray(loaded.table[by])}
    lines = [LIBRARY, _data_frame({"study": loaded.effects.study, **known, **more})]
    function = {"MH": "rma.mh", "Peto": "rma.peto", "GLMM": "rma.glmm"}[method]
    given = [f"{name} = {name}" for name in known]
    if method != "Peto":
        given.insert(0, f'measure = "{loaded.measure}"')
    if method == "GLMM" and loaded.measure in ("OR", "IRR"):  # of one group there is one model
        given.append('model = "UM.FS"')
    given.append(f"level = {100 * level:.10g}")
    if by is not None:
        one = f"{function}({', '.join(given)}, data = part)"
        lines += [f"groups <- lapply(split(dat, dat${name_of(by)}), function(part) {one})", "groups"]
    lines += [f"fit <- {function}({', '.join(given)}, data = dat)", "fit", _read(loaded)]
    return "\n".join(filter(None, lines))


def regressed(loaded: Loaded, fit: Any, method: str, test: str, level: float) -> str:
    """The lines for a meta-regression: its formula where R reads it alike, otherwise its design matrix."""
    formula, more = _moderators(fit.design)
    lines = _effects(loaded, fit.effects, more)
    options = ", ".join(_options(method, test, level))
    return "\n".join([*lines, f"fit <- rma(yi, vi, mods = {formula}, data = dat, {options})", "fit"])


def in_levels(loaded: Loaded, fit: Any, outer: str, rho: float | None, robust: str | None) -> str:
    """The lines for a model of studies and of effects within them."""
    if robust is not None and robust not in ("CR0", "CR1", "CR2"):
        raise InputError(f"--code r knows the robust errors CR0, CR1 and CR2, not {robust!r}")
    design = getattr(fit, "design", None)
    formula, more = ("", {}) if design is None or design.X.shape[1] < 2 else _moderators(design)
    es = fit.effects
    if outer != "study":
        more = {**more, outer: es.columns[outer]}
    lines = [*_effects(loaded, es, more), "dat$effect <- seq_len(nrow(dat))"]
    label, known = name_of(outer), "vi"
    if rho is not None:
        lines.append(f"V <- vcalc(vi, cluster = {label}, obs = effect, rho = {rho!r}, data = dat)")
        known = "V"
    mods = [f"mods = {formula}"] if formula else []
    given = ["yi", known, *mods, f"random = ~ 1 | {label}/effect", "data = dat", f'method = "{fit.method}"']
    given += [f'test = "{fit.test}"', f"level = {100 * fit.level:.10g}"]
    lines += [f"fit <- rma.mv({', '.join(given)})", "fit"]
    if robust is not None:
        lines.insert(1, "library(clubSandwich)")
        lines.append(f'coef_test(fit, vcov = "{robust}", cluster = dat${label})')
    return "\n".join(lines)


def networked(fit: Any) -> str:
    """The lines for a network: a regression of the trials' contrasts on its treatments.

    Contrasts of a trial share half of tau2: Salanti et al. (2008), https://doi.org/10.1177/0962280207080643.
    """
    from meta.models.network.network_result import Network

    if not isinstance(fit, Network):
        raise InputError("--code r is for networks of treatments; leave out --components, or r for Python")
    if fit.method not in ("REML", "ML", "EE", "fixed"):
        raise InputError(f"metafor's rma.mv fits REML, ML and EE, not {fit.method}; choose one by --method")
    _refuse_test(fit.test, ("z", "t"))
    found = fit.data.contrasts
    trials = np.array(fit.data.trials, dtype=object)[found.trial]
    place = np.arange(len(found.y)) - np.asarray(found.starts)[found.trial] + 1
    names = [name for name in fit.treatments if name != fit.reference]
    columns = {
        name: (found.treatment == number).astype(int) - (found.base == number).astype(int)
        for number, name in enumerate(fit.treatments)
        if name in names
    }
    lines = [LIBRARY, _data_frame({"study": trials, "contrast": place, "yi": found.y})]
    shown = ",\n".join(f"  {name_of(name)} = {vector(values)}" for name, values in columns.items())
    lines += [f"X <- cbind(\n{shown}\n)", _blocks(found.cov)]
    given = ["yi", "V", "mods = X", "intercept = FALSE"]
    if fit.method != "EE":
        given += ["random = ~ contrast | study", "rho = 1/2"]
    method = fit.method
    if method == "fixed":
        given.append(f"tau2 = {fit.tau2!r}")
        method = "REML"  # nothing is left to estimate by it
    return "\n".join([*lines, _multivariate(given, method, fit.test, fit.level), "fit"])


def curved(fit: Any) -> str:
    """The lines for a dose-response curve: a regression without intercept on differences of doses.

    Crippa et al. (2019), https://doi.org/10.1177/0962280218773122.
    """
    if fit.stage != "one":
        raise InputError("--code r writes curves of one stage; leave out --stage two, or r for Python")
    if fit.basis.estimated:
        raise InputError(f"metafor fits no curve that bends at an estimated dose, as {fit.shape} does; leave "
                         "out r for Python")  # fmt: skip
    _refuse_test(fit.test, ("z",))  # metafor's t has effects less terms, not trials less terms
    trials = fit.trials
    terms = {f"x{i + 1}": column for i, column in enumerate((trials.Z * trials.scale).T)}
    span = fit.dose - fit.origin
    more = {"span": span} if fit.heterogeneity == "proportional" else {}
    about = ", ".join(f"{name}: {term}" for name, term in zip(terms, fit.names, strict=True))
    lines = [LIBRARY, f"# {about}; each less its value in the reference arm of the study"]
    lines += [_data_frame({"study": fit.es.study, "yi": fit.es.yi, **terms, **more}), _blocks(trials.S)]
    given = ["yi", "V", f"mods = ~ 0 + {' + '.join(terms)}"]
    if fit.heterogeneity != "none":
        inner = " + ".join(more or terms)
        given += [f"random = ~ 0 + {inner} | study", 'struct = "GEN"']
    return "\n".join([*lines, _multivariate(given, fit.method, fit.test, fit.level), "fit"])


def _refuse_test(test: str, known: tuple[str, ...]) -> None:
    if test not in known:
        choices = " or ".join(f"--test {name}" for name in known)
        raise InputError(f"metafor's rma.mv has no test like {test} here; --code r needs {choices}")


def _multivariate(given: list[str], method: str, test: str, level: float) -> str:
    options = [f'method = "{method}"', f'test = "{test}"', f"level = {100 * level:.10g}"]
    return f"fit <- rma.mv({', '.join([*given, 'data = dat', *options])})"


def _blocks(covariances: Any) -> str:
    """The sampling covariances, one block per study."""
    blocks = [
        vector(S.ravel())[2:-1] if len(S) == 1 else f"matrix({vector(S.ravel())}, {len(S)})"
        for S in map(np.asarray, covariances)
    ]
    shown = ",\n".join(f"  {block}" for block in blocks)
    return f"V <- bldiag(list(\n{shown}\n))"


def forest(loaded: Loaded) -> str:
    """The line of the forest plot."""
    back = _back(loaded.measure)
    more = f", atransf = {back}" if back else ""
    return f"forest(fit, slab = dat$study, header = TRUE{more})"


def _options(method: str, test: str, level: float) -> list[str]:
    if test not in TESTS:
        raise InputError(f"metafor's rma has no test like --test {test}; --code r needs z, t, hksj or adhoc")
    try:
        how = f"tau2 = {float(method)!r}"
    except ValueError:
        how = f'method = "{method}"'
    control = {name: text for names, text in CONTROL.items() for name in names}.get(method)
    return [how, f'test = "{TESTS[test]}"', f"level = {100 * level:.10g}", *([control] if control else [])]


def _read(loaded: Loaded) -> str:
    """The line that shows the estimate on the scale for reading."""
    back = _back(loaded.measure)
    return f"predict(fit, transf = {back})" if back else ""


def _back(measure: str) -> str:
    from meta.effects.registry import measure as look_up

    return {"log": "exp", "logit": "transf.ilogit", "tanh": "transf.ztor"}.get(look_up(measure).scale, "")


def _effects(loaded: Loaded, es: EffectSizes, more: Mapping[str, Any]) -> list[str]:
    """The data in R: by escalc where it has the formula and all rows were computed by it."""
    from meta.effects.registry import measure as look_up

    entry = look_up(loaded.measure)
    names = NAMES.get(entry.design, {}) if entry.metafor else {}
    if not set(loaded.columns) <= set(names) or not _all_by_formula(loaded, es):
        return [LIBRARY, _data_frame({"study": es.study, "yi": es.yi, "vi": es.vi, **more})]
    known = {names[name]: es.inputs[name] for name in loaded.columns}
    given = [f'measure = "{loaded.measure}"', *(f"{name} = {name}" for name in known), "data = dat"]
    options = {name: loaded.call[name] for name in ("vtype", "add", "to", "drop00") if name in loaded.call}
    given += [f"{name} = {_value(value)}" for name, value in options.items()]
    return [LIBRARY, _data_frame({"study": es.study, **known, **more}), f"dat <- escalc({', '.join(given)})"]


def _all_by_formula(loaded: Loaded, es: EffectSizes) -> bool:
    how = np.atleast_1d(np.asarray(es.provenance.get("yi", ""), dtype=object))
    by_formula = all(str(text).startswith(f"{es.measure} of ") for text in how)
    complete = all(name in es.inputs and np.isfinite(es.inputs[name]).all() for name in loaded.columns)
    return by_formula and complete


def _moderators(design: Any) -> tuple[str, dict[str, Any]]:
    """A formula in R and the columns it needs."""
    if design.formula and design.data and _PLAIN.fullmatch(design.formula):
        data = {str(name): np.asarray(values) for name, values in design.data.items()}
        return re.sub(r"\bC\(", "factor(", design.formula.strip()), data
    columns = {f"x{i + 1}": design.X[:, i] for i in range(design.X.shape[1])}
    return f"~ 0 + {' + '.join(columns)}", columns


def _data_frame(columns: Mapping[str, Any]) -> str:
    cells = [
        f"  {name_of(name)} = {vector(values) if name == 'study' else factor(values)},"
        for name, values in columns.items()
    ]
    return "\n".join(["dat <- data.frame(", *cells, "  check.names = FALSE", ")"])


def name_of(name: str) -> str:
    """A name as R reads it.

    >>> name_of("year"), name_of("J/N")
    ('year', '`J/N`')
    """
    return name if _SYNTACTIC.fullmatch(name) else "`" + name.replace("`", "\\`") + "`"


def vector(values: Any) -> str:
    """A column as a vector of R.

    >>> vector(np.array([1.0, np.nan])), vector(np.array(["b", "a"]))
    ('c(1, NA)', 'c("b", "a")')
    """
    return f"c({', '.join(_value(value) for value in np.asarray(values).tolist())})"


def factor(values: Any) -> str:
    """A column for a model: numbers as they are, words as a factor with the levels in Python's order.

    >>> factor(np.array(["b", "B"], dtype=object))
    'factor(c("b", "B"), levels = c("B", "b"))'
    """
    array = np.asarray(values)
    if array.dtype.kind in "iufb":
        return vector(array)
    levels = sorted({str(value) for value in array.tolist() if value is not None and value == value})
    return f"factor({vector(array)}, levels = {vector(levels)})"


def _value(value: Any) -> str:
    if value is None or value != value:
        return "NA"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
