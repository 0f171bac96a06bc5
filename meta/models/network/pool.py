"""`pool_network`: network meta-analysis from arms or contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meta.arguments import check_arguments, check_level, refuse_unused
from meta.effects.intake import raw_columns
from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.formatting import shown
from meta.kernels.network.common_tau2 import ESTIMATORS
from meta.keywords import keywords
from meta.models.network.additive_components import NetworkComponents, fit_components
from meta.models.network.arms import read_arms
from meta.models.network.contrast_tables import read_contrasts
from meta.models.network.data import NetworkData
from meta.models.network.network_fitting import TESTS, fit_data
from meta.models.network.network_result import Network
from meta.tables.containers import as_columns, is_table

BETTER = ("low", "high")


@keywords
def pool_network(
    data: Any = None,
    *,
    study: Any = None,
    treatment: Any = None,
    reference: str | None = None,
    measure: str | None = None,
    method: str | float = "REML",
    test: str | None = None,
    better: str | None = None,
    level: float = 0.95,
    mean: Any = None,
    sd: Any = None,
    se: Any = None,
    n: Any = None,
    events: Any = None,
    nonevents: Any = None,
    time: Any = None,
    treat1: Any = None,
    treat2: Any = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    se_base: Any = None,
    n1: Any = None,
    n2: Any = None,
    assume_shared: float | None = None,
    merge: Mapping[str, Sequence[str]] | None = None,
    bias_correction: bool | None = None,
    components: str | None = None,
    inactive: str | None = None,
) -> Network | NetworkComponents:
    """Pool trials of several treatments, each of which compares some of them.

    Parameters
    ----------
    data : table, EffectSizes or fit
        One row per arm, or one row per contrast (``treat1`` minus ``treat2``); a table of any kind.
    study : str or array
        Trial of each row; a column named ``study`` without.
    treatment : str or array, optional
        Treatment of each arm; a column named ``treatment`` without. For one row per arm.
    reference : str, optional
        Treatment that tables and figures compare with. It changes no number of the model. Without: the
        treatment in the most trials, the first in the alphabet among equals.
    measure : str, optional
        MD, SMD, ROM, OR, RR, RD, IRR, IRD or AS from arms; of contrasts any measure, "GEN" without.
    method : {"REML", "DL", "ML", "PM", "EE"} or float
        Estimator of tau2, which is common to all comparisons; or a number for a fixed tau2.
    test : {"KR", "t", "z", "hksj", "adhoc"}, optional
        Kenward-Roger; t or normal with model-based errors; Hartung-Knapp without and with a floor of 1.
        Without: KR under REML, t otherwise.
    better : {"low", "high"}, optional
        Whether low or high effects are good; needed for rankings.
    level : float
        Confidence level.
    mean, sd, se, n, events, nonevents, time : str or array, optional
        What each arm reported: columns by name or arrays; those of these names without.
    treat1, treat2 : str or array, optional
        The two treatments of each contrast; columns of these names without.
    yi, vi, sei : str or array, optional
        Contrasts, and their variances or standard errors.
    se_base : str or array, optional
        Standard error of the arm that all contrasts of a trial share (log odds of the control group, say),
        needed where a trial of a arms gives a - 1 contrasts.
    n1, n2 : str or array, optional
        Arm sizes of contrasts, instead of ``se_base`` for MD and SMD.
    assume_shared : float, optional
        The share of the smaller variance that contrasts of a trial have in common, where nothing is known
        about it: an assumption that should be varied.
    merge : mapping of str to list of str, optional
        Treatments to be one node: ``{"control": ["placebo", "no treatment"]}``.
    bias_correction : bool, optional
        For ROM from arms: the second-order correction of the ratio of means (True).

    components : str, optional
        The text between the components of treatments, ``" + "``: fits the additive model, in which a
        treatment is the sum of its components and which joins pieces of a network that share some.
    inactive : str, optional
        With ``components``: the treatment without an effect of its own, such as placebo.

    Returns
    -------
    Network
        Or `NetworkComponents` with ``components``.

    Raises
    ------
    InputError
        If the network is disconnected (its pieces are listed), the contrasts of a trial contradict each
        other, a trial has a treatment twice, or the covariance of a trial's contrasts is unknown.

    Notes
    -----
    ``y_i ~ N(X_i d, S_i + tau2 H)`` with ones on the diagonal of H and 1/2 off it: Lu & Ades (2006),
    doi:10.1198/016214505000001302; Salanti et al. (2008), doi:10.1177/0962280207080643; the same estimates by
    graph theory: Rücker (2012), doi:10.1002/jrsm.1058. All of S_i enters, also into the likelihood.

    Examples
    --------
    >>> import meta
    >>> trials = {"study": [1, 2, 3], "treat1": ["a", "b", "a"], "treat2": ["c", "c", "b"]}
    >>> trials |= {"yi": [1.0, 0.5, 0.4], "sei": [0.2, 0.2, 0.2]}
    >>> fit = meta.pool_network(trials, reference="c", method="EE", test="z")
    >>> round(fit.contrast("a", "c").estimate, 4)
    0.9667
    """
    given = locals()
    check_arguments(pool_network, given)
    check_level(level)
    _check_options(method, test)
    check_better(better)
    notes = Notes()
    found = read_network(given, notes)
    if components is not None:
        refuse_unused("with components", {"reference": reference, "better": better})
        return fit_components(found, components, inactive, method, test, level, notes)
    refuse_unused("without components", {"inactive": inactive})
    refuse_pieces(found)
    return fit_data(found, reference_of(found, reference), method, test, better, level, notes)


OF_ARMS = ("mean", "sd", "se", "n", "events", "nonevents", "time")
OF_CONTRASTS = ("yi", "vi", "sei", "se_base", "n1", "n2", "assume_shared", "treat1", "treat2")


def read_network(given: Mapping[str, Any], notes: Notes) -> NetworkData:
    """The network behind the arguments of `pool_network` or `bayes_network`, by name."""
    data, study, merge = given["data"], given["study"], given["merge"]
    data = as_columns(data) if data is not None and is_table(data) else data  # read once
    treatment, corrected = given["treatment"], given["bias_correction"]
    arms = {name: given[name] for name in OF_ARMS}
    contrasts = {name: given[name] for name in OF_CONTRASTS}
    if _by_arm(data, treatment, arms, contrasts):
        refuse_unused("with one row per arm", contrasts)
        named = {name: value for name, value in arms.items() if value is not None}
        return read_arms(data, given["measure"], study, treatment, named, merge, corrected, notes)
    refuse_unused("with contrasts", arms | {"treatment": treatment, "bias_correction": corrected})
    columns = {name: given[name] for name in ("yi", "vi", "sei", "study", "measure")}
    shared = {name: given[name] for name in ("se_base", "n1", "n2", "assume_shared")}
    return read_contrasts(data, columns, (given["treat1"], given["treat2"]), shared, merge, notes)


def check_better(better: str | None) -> None:
    """Refuse a direction that is neither low nor high."""
    if better is not None and better not in BETTER:
        raise unknown_option("better", better, BETTER)


def _check_options(method: str | float, test: str | None) -> None:
    if isinstance(method, str):
        if method not in ESTIMATORS:
            raise unknown_option("method", method, tuple(ESTIMATORS))
    elif not 0 <= method < 1e50:
        raise InputError(f"a fixed tau2 must be a number >= 0, got {shown(method)}")
    if test is not None and test not in TESTS:
        raise unknown_option("test", test, TESTS)
    if test == "KR" and (not isinstance(method, str) or method == "EE"):
        raise InputError(
            "test='KR' accounts for the estimation of tau2, which is given here; use test='z' or 't'"
        )


def _by_arm(data: Any, treatment: Any, arms: Mapping[str, Any], contrasts: Mapping[str, Any]) -> bool:
    """Whether rows are arms; what was named decides, then the columns of the table."""
    of_arms = treatment is not None or any(value is not None for value in arms.values())
    of_contrasts = any(contrasts[name] is not None for name in ("treat1", "treat2", "yi", "vi", "sei"))
    if of_arms != of_contrasts:
        return of_arms
    if of_arms:
        raise InputError(
            "give either arms (treatment= with mean, sd, n, events or time) or contrasts (treat1=, treat2=, "
            "yi=, sei=), not both"
        )
    table = raw_columns(data)
    if "treat1" in table and "treat2" in table:
        return False
    if "treatment" in table:
        return True
    raise InputError(
        "say what a row is: an arm, treatment=, or a contrast, treat1= and treat2=; columns of these names "
        "are found by themselves"
    )


def refuse_pieces(data: NetworkData) -> None:
    """Refuse a network of several pieces, which are listed."""
    if len(data.treatments) < 2 or not data.trials:
        raise NotEstimableError("a network needs trials that compare at least two treatments")
    if len(data.pieces) > 1:
        told = "; ".join(f"{i}) {', '.join(part)}" for i, part in enumerate(data.pieces, start=1))
        raise InputError(
            f"the network is disconnected: no chain of trials joins its {len(data.pieces)} pieces, {told}. "
            "Pool one piece, or, if their treatments share components, join them with "
            "components=' + ' (the text between components)"
        )


def reference_of(data: NetworkData, reference: str | None) -> str:
    """The reference that was named, or the treatment in the most trials."""
    if reference is None:
        trials = data.direct.diagonal()
        return data.treatments[int(trials.argmax())]
    if reference not in data.treatments:
        raise unknown_option("reference", reference, data.treatments)
    return reference
