"""Tables that a fitted network gives on request: league, rankings, inconsistency, contributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_seed
from meta.errors import InputError
from meta.models.network.additive_components import NetworkComponents, fit_components
from meta.models.network.contributions import adjusted_funnel, contribution_table
from meta.models.network.inconsistency import inconsistency
from meta.models.network.rankings_and_league import better_table, league, rank_table, ranking

if TYPE_CHECKING:
    import pandas as pd


class NetworkTables:
    """For a result with the attributes of `meta.models.network.network_result.Network`."""

    __slots__ = ()

    reference: str
    _number: Any
    _level: Any

    @property
    def _net(self) -> Any:
        """The fit itself, for functions that take one."""
        return self

    def league(self, *, values: str = "text", digits: int | None = None) -> pd.DataFrame:
        """League table: network estimates below the diagonal, direct ones above; row against column in both.

        Parameters
        ----------
        values : {"text", "estimate", "se", "p_value"}
            Estimates with intervals on the display scale as text, or numbers on the model scale.
        digits : int, optional
            Decimals of the text.

        Returns
        -------
        DataFrame
            Treatments by treatments, the best first where ``better=`` was given.
        """
        return league(self._net, values, digits)

    def ranking(
        self,
        *,
        margin: float = 0.0,
        level: float | None = None,
        draws: int = 20_000,
        seed: int | np.random.Generator | None = 1,
    ) -> pd.DataFrame:
        """Treatments ranked, each rank with its interval.

        Parameters
        ----------
        margin : float
            A difference that matters, on the model scale: ``p_better`` is the mean probability of being
            better than another treatment by more than this.
        level : float, optional
            Of the intervals of ranks; the fit's own without.
        draws, seed
            Of the simulated ranks; P-scores and ``p_better`` need none.

        Returns
        -------
        DataFrame
            ``treatment p_score p_better mean_rank rank_low rank_high p_best``, the best first.

        Notes
        -----
        P-scores: Rücker & Schwarzer (2015), doi:10.1186/s12874-015-0060-8, by the normal distribution of the
        fitted contrasts whatever the test. They rank; they do not say that a difference is large or certain.
        """
        check_seed(seed)
        return ranking(self._net, margin, self._level(level), draws, seed)

    def rank_probabilities(
        self, *, draws: int = 20_000, seed: int | np.random.Generator | None = 1
    ) -> pd.DataFrame:
        """Probability of each rank (rankogram), one row per treatment."""
        return rank_table(self._net, draws, check_seed(seed))

    def p_better(self, margin: float = 0.0) -> pd.DataFrame:
        """Probability that the row's treatment is better than the column's by more than ``margin``."""
        return better_table(self._net, margin)

    def inconsistency(self, kind: str = "design") -> pd.DataFrame:
        """Inconsistency in one of four ways.

        Parameters
        ----------
        kind : {"design", "side", "heat", "detach"}
            ``design``: Q in total, within designs (heterogeneity) and between them (inconsistency), under
            equal effects and under random effects within designs (Jackson et al. 2014, doi:10.1002/sim.6188).
            ``side``: direct against indirect evidence of each comparison, at the network's tau2, by
            back-calculation (Dias et al. 2010, doi:10.1002/sim.3767). ``heat``: the net heat matrix (Krahn et
            al. 2013, doi:10.1186/1471-2288-13-35). ``detach``: Q between designs that is left when one design
            gets effects of its own.

        Returns
        -------
        DataFrame

        Raises
        ------
        NotEstimableError
            For all but ``design``, if the network has no closed loop of different designs.
        """
        return inconsistency(self._net, kind)

    def contributions(
        self, treat1: str | None = None, treat2: str | None = None, *, by: str = "comparison"
    ) -> pd.DataFrame:
        """What each direct comparison, or each trial, contributes to each estimate, in percent.

        Parameters
        ----------
        treat1, treat2 : str, optional
            One estimate alone (``treat2``: the reference without); all pairs without.
        by : {"comparison", "trial"}
            What the columns are.

        Returns
        -------
        DataFrame
            Rows add up to 100.

        Notes
        -----
        A random walk along the flow of evidence: Davies et al. (2022), doi:10.1002/sim.9346.
        """
        if treat1 is None and treat2 is not None:
            raise InputError(f"treat2={treat2!r} has no effect without treat1; name both treatments")
        pair = None
        if treat1 is not None:
            pair = self._number(treat1), self._number(self.reference if treat2 is None else treat2)
            if pair[0] == pair[1]:
                raise InputError(f"treat1 and treat2 are both {treat1!r}; name two treatments")
        return contribution_table(self._net, by, pair)

    def components(self, *, sep: str = " + ", inactive: str | None = None) -> NetworkComponents:
        """The additive model: each treatment is the sum of its components.

        Parameters
        ----------
        sep : str
            The text between components in the names of treatments.
        inactive : str, optional
            The treatment without an effect of its own, such as placebo; the fit's reference without.

        Returns
        -------
        NetworkComponents
            With ``q_diff``, the test of additivity against the network with free treatments.

        Notes
        -----
        Rücker, Petropoulou & Schwarzer (2020), doi:10.1002/bimj.201800167.
        """
        from meta.errors import Notes

        net = self._net
        method = net.tau2 if net.method == "fixed" else net.method
        test = "z" if net.test == "z" else "t"
        none = net.reference if inactive is None else inactive
        return fit_components(net.data, sep, none, method, test, net.level, Notes())

    def comparison_funnel(self, order: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of a comparison-adjusted funnel plot: trials' effects less the network's.

        Parameters
        ----------
        order : sequence of str, optional
            All treatments, such as from the newest to the oldest: comparisons point from earlier to later
            ones. Without: in alphabetical order, the reference last.

        Notes
        -----
        Chaimani & Salanti (2012), doi:10.1002/jrsm.57.
        """
        return adjusted_funnel(self._net, order)
