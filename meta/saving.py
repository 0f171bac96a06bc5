"""Every result as a JSON file and back: ``result.save("fit.json")`` and ``meta.load("fit.json")``.

The file is strict JSON. It holds every number at full precision, the options, and the versions of what
computed them. Loading builds only the classes listed here; it never runs what a file says.

A new result class needs its name in :data:`PLACES` (and :class:`Saved` among its bases, for the method).
"""

from __future__ import annotations

import importlib
import json
import math
import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meta.errors import DataWarning, InputError, Notes

if TYPE_CHECKING:
    from meta.encoding import Decoder

FORMAT = "meta-verdict"
NUMBER = 1
PACKAGES = ("numpy", "scipy", "pandas")

PLACES: dict[str, tuple[str, ...]] = {
    "effects.model": ("EffectSizes",),
    "pooling.parts": ("Diagnostics", "BackTransformed", "Interval"),
    "pooling.options": ("PoolOptions",),
    "pooling.result": ("Pooled",),
    "pooling.many": ("PooledMany",),
    "pooling.subgroups": ("Between", "Subgroups"),
    "pooling.design": ("Design",),
    "pooling.regression_result": ("Regression",),
    "pooling.coefficients": ("WaldTest", "LikelihoodRatio"),
    "pooling.permutation": ("PermutationTest",),
    "pooling.multilevel_result": ("Multilevel",),
    "pooling.location_scale": ("LocationScale",),
    "pooling.robust": ("Robust",),
    "pooling.counts": ("PooledCounts",),
    "pooling.count_tables": ("Counts",),
    "pooling.bounded": ("BoundedPool",),
    "kernels.mixed": ("Stacked",),
    "kernels.cluster_robust": ("Sandwich",),
    "kernels.mantel_haenszel": ("ChiSquared",),
    "kernels.heterogeneity": ("Tau2Interval",),
    "kernels.bounded": ("Rows",),
    "kernels.nnhm": ("Conditional",),
    "kernels.panels": ("Axis", "Panels", "PanelDensity"),
    "kernels.panels2d": ("Tensor",),
    "kernels.mixtures": ("NormalMixture",),
    "bayes.model": ("Model",),
    "bayes.exact": ("AnalyticCore",),
    "bayes.grid": ("GridCore",),
    "bayes.pymc_fit": ("DrawsCore",),
    "bayes.compat": ("Diagnostics",),
    "bayes.distributions": ("PointMass", "Draws"),
    "bayes.posterior": ("Posterior", "TauSummary"),
    "bayes.regression": ("PosteriorRegression",),
    "bayes.sampled": ("SampledPosterior",),
    "bayes.batch": ("BatchPosterior",),
    "bayes.ensemble": ("EnsembleModel", "ModelAverage"),
    "bayes.effect_priors": (
        *("Flat", "Fixed", "Normal", "StudentT", "Cauchy", "Uniform", "NormalMixturePrior"),
    ),
    "bayes.tau_priors": (
        *("HalfNormal", "HalfStudentT", "HalfCauchy", "HalfLogistic", "Exponential", "Lomax"),
        *("UniformShrinkage", "LogNormal", "LogStudentT", "InverseGamma"),
    ),
    "bayes.data_priors": ("DuMouchel", "Shrinkage", "Jeffreys", "_JeffreysOf"),
    "bias.small_study": ("RegressionTest",),
    "bias.rank_correlation": ("RankTest",),
    "bias.trimming": ("TrimAndFill",),
    "bias.step_selection": ("SelectionModel",),
    "bias.beta_weights": ("BetaSelection",),
    "bias.precision_effect": ("Line", "PetPeese", "WeightedMean"),
    "bias.failsafe": ("FailsafeN",),
    "bias.excess": ("ExcessSignificance",),
    "bias.affirmative": ("Corrected", "SignificanceFunnel"),
    "bias.copas_shi": ("Copas",),
    "bias.limits": ("LimitMetaAnalysis",),
    "bias.significant_results": ("PCurve",),
    "bias.conditional": ("ConditionalModel",),
    "claims.verdict": ("Probabilities", "Compatibility", "Verdict"),
    "claims.multiverse": ("Multiverse",),
    "claims.plan": ("Plan",),
    "claims.certainty": ("Certainty",),
    "claims.grade": ("Finding",),
    "claims.proportion": ("Scenario", "NormalisationFinding"),
    "evidence.claims": ("Claim", "Analysis"),
}
NOT_SAVED = {"left_out": "write what was drawn with result.inference_data.to_netcdf(path)"}
_OPTIONS = (
    *("measure", "method", "test", "level", "model", "rho", "formula", "engine", "direction", "kind", "link"),
)


class Saved:
    """The method ``save``, for results that are dataclasses."""

    __slots__ = ()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write this result to a JSON file that :func:`meta.load` reads.

        Parameters
        ----------
        path : str or Path
            Where; a file that is there is replaced.

        Returns
        -------
        Path
            The file.
        """
        return save(self, path)


def save(result: Any, path: str | os.PathLike[str]) -> Path:
    """Write a result to a JSON file; see :meth:`Saved.save`."""
    target, notes = Path(path), Notes()
    text = dumps(result, notes)
    target.write_text(text, encoding="utf-8")
    return target


def dumps(result: Any, notes: Notes | None = None) -> str:
    """Return the text of the file: one line each for format, class, options, versions and the result.

    >>> import meta
    >>> text = dumps(meta.pool(yi=[0.1, 0.3, 0.2], vi=[0.02, 0.05, 0.04], method="DL", test="z"))
    >>> '"format": "meta-verdict/1"' in text, '"method": "DL"' in text
    (True, True)
    """
    from meta.encoding import Encoder

    encode = Encoder(name_of)
    content = {
        "format": f"{FORMAT}/{NUMBER}",
        "class": name_of(type(result)),
        "options": options_of(result),
        "versions": versions(),
        "result": encode(result),
    }
    if encode.left_out:
        content["left_out"] = encode.left_out
        for what in encode.left_out:
            (notes or Notes()).warn(f"not in the file: {what}", DataWarning, stacklevel=4)
    lines = [
        f"{json.dumps(key)}: {json.dumps(item, ensure_ascii=False, allow_nan=False)}"
        for key, item in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def load(path: str | os.PathLike[str]) -> Any:
    """Read a result that was written with ``result.save(path)``.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    object
        Of the class that was saved, with the same numbers.

    Raises
    ------
    InputError
        If there is no such file, or it is not one that this version can read; the sentence says why.

    Examples
    --------
    >>> import meta, tempfile, os
    >>> fit = meta.pool(yi=[0.1, 0.3, 0.2], vi=[0.02, 0.05, 0.04])
    >>> path = fit.save(os.path.join(tempfile.mkdtemp(), "fit.json"))
    >>> meta.load(path).estimate == fit.estimate
    True
    """
    target = Path(path)
    if not target.is_file():
        raise InputError(f"there is no file {str(path)!r}; save a result first with result.save(path)")
    try:
        return loads(target.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{str(path)!r} is not text, so it is not a saved result") from None
    except InputError as problem:
        raise InputError(f"{str(path)!r} cannot be loaded: {problem}") from None


def loads(text: str) -> Any:
    """Read a result from the text of a file; see :func:`load`."""
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise InputError(f"it is not JSON ({problem})") from None
    if not isinstance(content, dict) or not str(content.get("format", "")).startswith(f"{FORMAT}/"):
        raise InputError(f"it does not say that its format is {FORMAT}/{NUMBER}")
    number = str(content["format"]).partition("/")[2]
    if number != str(NUMBER):
        raise InputError(
            f"its format is {content['format']}, and this version reads {FORMAT}/{NUMBER}; "
            "install the version that wrote it"
        )
    try:
        return _decoder()(content["result"])
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as problem:
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise InputError(f"its content is damaged: {reason}") from None


def _decoder() -> Decoder:
    from meta.encoding import Decoder

    return Decoder(class_of)


@cache
def _registered() -> dict[str, str]:
    return {f"{place}.{name}": f"meta.{place}" for place, names in PLACES.items() for name in names}


def name_of(owner: type) -> str:
    """Name under which a class is stored.

    >>> from meta.effects.model import EffectSizes
    >>> name_of(EffectSizes)
    'effects.model.EffectSizes'
    """
    name = f"{owner.__module__.removeprefix('meta.')}.{owner.__qualname__}"
    if name not in _registered():
        raise InputError(f"a {owner.__name__} cannot be saved; only results can")
    return name


def class_of(name: str) -> type:
    """Class that is stored under a name; only registered ones."""
    if name not in _registered():
        raise InputError(f"it holds a {name!r}, which this version of meta-verdict does not know")
    return getattr(importlib.import_module(_registered()[name]), name.rpartition(".")[2])


def versions() -> dict[str, str]:
    """Versions of what computes results.

    >>> sorted(versions())
    ['meta-verdict', 'numpy', 'pandas', 'python', 'scipy']
    """
    import meta

    own = {"meta-verdict": meta.__version__, "python": platform.python_version()}
    return own | {name: metadata.version(name) for name in PACKAGES}


def options_of(result: Any) -> dict[str, Any]:
    """How a result was made, as far as its options are words and numbers."""
    chosen: dict[str, Any] = {}
    for owner in (getattr(result, "options", None), result):
        for name in _OPTIONS:
            value = getattr(owner, name, None)
            if isinstance(value, float) and math.isfinite(value):
                chosen.setdefault(name, float(value))
            elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
                chosen.setdefault(name, value)
    formula = getattr(getattr(result, "design", None), "formula", "")
    if formula:
        chosen["formula"] = formula
    for name in ("effect_prior", "tau_prior"):
        if hasattr(result, name):
            chosen[name] = str(getattr(result, name))
    return chosen
