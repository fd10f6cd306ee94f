"""sBG: how long customers under contract stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, IntArray, Language
from crmmodels.base import Values
from crmmodels.data.tables.frames import OrderTables
from crmmodels.data.tables.schema import Column, Conflict
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.purchase.shifted_beta_geo import ShiftedBetaGeoParameters
from crmmodels.models.labels import read_labels
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior
from crmmodels.models.parametric.record import ParametricFit
from crmmodels.models.shifted_beta_geo_verbs import MOST_PERIODS, ShiftedBetaGeoVerbs, drawn_contracts
from crmmodels.parameters import is_number

_LABELS: Final = ("lost", "likely to leave", "uncertain", "loyal")
_CHINESE: Final = {"lost": "已流失", "likely to leave": "可能离开", "uncertain": "不确定", "loyal": "忠诚"}


@dataclass(frozen=True, kw_only=True)
class ShiftedBetaGeoModel(ShiftedBetaGeoVerbs):
    r"""The shifted-beta-geometric model: how long customers stay who can leave once a period and are seen to leave.

    Use it for subscriptions, policies and memberships. Retention grows with tenure, since those inclined to leave go
    first, which a constant churn rate misses. Where customers leave without notice, use `BetaGeoModel` or `BetaGeoBetaBinomModel`.

    Parameters
    ----------
    horizon : int
        Renewals ahead that `score` and `segment` look.
    cut_points : sequence of two floats, default (0.25, 0.5)
        Probabilities to leave within the horizon that part loyal from uncertain, and uncertain from likely to leave.
    prior : mapping of str to LogNormalPrior or GammaPrior, optional
        Priors of ``alpha`` or ``beta`` or both; the estimates are then those of largest posterior density of their logarithms.
    weight : str, optional
        Column with the number of customers that a row stands for. Default: each row is one customer.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the segment labels, or own wording for some of them; `segment_labels` lists them.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    Customers leave at each chance to renew with a probability :math:`\theta \sim B(\alpha, \beta)` among customers. `fit` reads ``tenure``,
    the chances to renew that a customer has met, and ``churned``: 1 where it left at the last of them, 0 where it took that, too. The formulas are
    in `crmmodels.kernels.purchase.shifted_beta_geo`.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2007). How to Project Customer Retention. Journal of Interactive Marketing 21(1),
    76-90. doi:10.1002/dir.20074

    Fader, P. S. & Hardie, B. G. S. (2010). Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity.
    Marketing Science 29(1), 85-93. doi:10.1287/mksc.1080.0482

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.ShiftedBetaGeoModel.example(n_customers=500, seed=1)
    >>> model = crm.ShiftedBetaGeoModel(horizon=3).fit(customers)
    >>> model.score(customers).head(2).round(3)
       retention_rate  expected_renewals  probability_churn
    0            0.00              0.000              1.000
    1            0.91              2.527              0.221
    """

    horizon: int
    cut_points: Sequence[float] = (0.25, 0.5)
    prior: Mapping[str, LogNormalPrior | GammaPrior] | None = None
    weight: str | None = None
    labels: Language | Mapping[str, str] = "en"

    record_types: ClassVar[tuple[type, ...]] = (ParametricFit, ShiftedBetaGeoParameters, LogNormalPrior, GammaPrior)
    _is_probability: ClassVar[bool] = True

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key."""
        return (
            Column(name="tenure", minimum=0, maximum=MOST_PERIODS, whole=True),
            Column(name="churned", minimum=0, maximum=1, whole=True),
            *self._weight_columns(),
        )

    def score_columns(self) -> Sequence[str]:
        """Chance to renew next, renewals to expect within the horizon, and chance to leave within it."""
        return ("retention_rate", "expected_renewals", "probability_churn")

    def segment_labels(self) -> Sequence[str]:
        """Segment labels, worst first."""
        return read_labels("ShiftedBetaGeoModel", self.labels, _LABELS, _CHINESE)

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        """Draw a table of customers from a known model.

        Parameters
        ----------
        n_customers : int
            Number of rows.
        seed : int
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            ``customer_id, tenure, churned``.
        """
        rng = np.random.default_rng(seed)
        periods = rng.integers(1, 8, n_customers, endpoint=True)
        drawn = drawn_contracts(periods, ShiftedBetaGeoParameters(0.7, 1.8), rng)
        return drawn.assign(customer_id=[f"c{i:05d}" for i in range(n_customers)])

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._periods("ShiftedBetaGeoModel", self.horizon)
        cuts = self.cut_points
        usable = isinstance(cuts, tuple) and len(cuts) == 2 and all(is_number(c) and 0 < c < 1 for c in cuts)
        if not usable or sorted(set(cuts)) != list(cuts):
            raise ParameterError.must_be(
                "ShiftedBetaGeoModel", "cut_points", "two ascending probabilities between 0 and 1", cuts
            )

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        yield Conflict(
            (values["tenure"] == 0) & (values["churned"] > 0),
            "who churned with tenure 0; who left at the first chance to renew has tenure 1",
        )

    def _table_of(self, orders: OrderTables) -> Any:
        raise DataError(
            "ShiftedBetaGeoModel",
            [
                f"{orders!r} does not say who ended a contract and when; hand over one row per customer with 'tenure' and 'churned'"
            ],
            "order log",
        )

    def _score(self, values: Values, fitted: ParametricFit[ShiftedBetaGeoParameters]) -> Mapping[str, AnyArray]:
        return self._foretold(values, self.horizon, fitted.parameters)

    def _segment(self, values: Values, fitted: ParametricFit[ShiftedBetaGeoParameters]) -> IntArray:
        churn = self._foretold(values, self.horizon, fitted.parameters)["probability_churn"]
        codes: IntArray = 3 - np.searchsorted(np.array(self.cut_points), churn, side="left")
        return np.where(values["churned"] > 0, 0, codes)

    def _measures(
        self, values: Values, codes: IntArray, fitted: ParametricFit[ShiftedBetaGeoParameters]
    ) -> Mapping[str, AnyArray]:
        scores, n = self._score(values, fitted), len(_LABELS)
        return {
            "mean_tenure": group_means(codes, values["tenure"], n),
            "mean_retention_rate": group_means(codes, scores["retention_rate"], n),
            "expected_renewals": np.bincount(codes, scores["expected_renewals"], n),
        }
