"""Lifecycle: exploration, build-up, stable and decline as stages that nobody sees."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from crmmodels._domains import require
from crmmodels._typing import Language, Period
from crmmodels.data.simulate.lifecycle import simulate_lifecycle
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.hmm.parameters import HMMParameters
from crmmodels.kernels.orders.periods import period_of_day
from crmmodels.models.lifecycle.inactivity import unfitted_clock
from crmmodels.models.lifecycle.record import STAGES, LifecycleFit, check_counts, check_parameters
from crmmodels.models.lifecycle.verbs import LifecycleVerbs
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.parameters import is_number, is_whole

_LONGEST_HORIZON: Final = 1200
_MOST_NODES: Final = 101


@dataclass(frozen=True, kw_only=True)
class LifecycleModel(LifecycleVerbs):
    r"""Lifecycle stages from counts of orders: exploration, build-up, stable and decline, with their probabilities.

    Use it to see where customers stand in their relationship and where they are going, when all that is seen is how many orders each
    placed in each period. A stage is a level and a direction, not a segment of heavy or light buyers: how much a customer orders in
    every stage is a multiplier of its own. Stages are never certain, so read the probabilities (`score`, `stages`) beside the label.

    Parameters
    ----------
    period : {"D", "W", "M", "Q", "Y"}, default "M"
        Calendar period of an order log and of dates in a panel.
    n_grid : int, default 11
        Nodes on which customers' multipliers are integrated out; 1 for customers without differences, which makes of stages heavy and
        light buyers.
    decline_ratio : float, default 0.5
        Largest rate of decline over that of stable.
    recovery : bool, default True
        Whether decline can turn into build-up again.
    expected_dwell : sequence of four floats, default (6, 6, 24, 12)
        Periods that a customer is believed to stay in exploration, build-up, stable and decline, above 1.
    prior_weight : float, default 50
        Moves from each stage that this belief counts for, 0 or more.
    horizon : int, default 3
        Periods ahead for ``probability_no_order``.
    decline_if_inactive : float or None, default 0.5
        `segment` says decline, too, where the probability of silence is as large as this: of no order within the customer's expected gap
        between orders (``probability_no_order_in_gap``), or, with a purchase model, within the horizon (``probability_no_purchase``). None for
        the most probable stage alone.
    purchase_model : PurchaseModel, optional
        Clock of `segment` instead of the expected gap: one of continuous time, such as `ParetoNBDModel`, fitted anew by `fit`. Its horizon and
        unit are not read: time is counted in periods.
    n_starts : int, default 6
        Starts of EM, of which the best is kept.
    seed : int, default 0
        Seed of the starts.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the stages, or own wording for some of them; `segment_labels` lists them.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    Customer i is in stage :math:`z_{it}` in period t, which the next one follows with probability :math:`P`, and places
    :math:`y_{it} \sim \text{Poisson}(h_i \lambda_{z} e_{it})` orders, where :math:`h_i \sim \Gamma(\nu, 1/\nu)` and e is the share of the
    period that was observed. All start in exploration; exploration moves to build-up or decline, build-up to stable or decline, stable to
    decline, and decline to build-up. Rates rise from exploration to stable, by 5 % at least from each to the next.

    Probabilities are filtered: they are given what was seen up to then. Smoothed ones and the most probable path (Viterbi)
    know the future, and look better than anything that can be known in time. A hidden Markov model alone may recall decline
    poorly, as silence and a slow month look alike: in one simulation it found .05 to .21 of those in decline. In that of
    `simulate_lifecycle`, where decline lasts 20 months and is much slower than stable, it finds about .75 to .9, but more than a
    third of those whom it finds are in another stage. Therefore the label counts customers, too, who are silent by a clock: their
    own expected gap between orders, or the purchase model. It trades accuracy for fewer lapses that are overlooked, and the
    trade is small where the model finds most of them anyway. A purchase model's probability is for the same ``horizon`` for all, so that
    with a short one those who always order rarely are called declining, too.

    For a purchase model the first period of a history begins at age 0, all its orders count (of a log, all after the first), and of y
    orders in a period the last is taken to be after :math:`y / (y + 1)` of it.

    Of an order log, the first order of each customer is left out, as it makes the customer and tells nothing of the rate. A panel is
    taken as it is: it starts each customer in exploration in its first row, and all histories end in the same period. The order of
    its rows has no meaning. A column ``exposure`` holds the share of the period that was observed.

    ``expected_dwell`` and ``prior_weight`` are round numbers for monthly orders of consumers, not estimates; give your own where
    histories are short or few. With 1,500 customers and 24 months the data outweigh them.

    References
    ----------
    Dwyer, F. R., Schurr, P. H. & Oh, S. (1987). Developing Buyer-Seller Relationships. Journal of Marketing 51(2), 11-27.
    doi:10.1177/002224298705100202

    Netzer, O., Lattin, J. M. & Srinivasan, V. (2008). A Hidden Markov Model of Customer Relationship Dynamics. Marketing Science
    27(2), 185-204. doi:10.1287/mksc.1070.0294

    Examples
    --------
    >>> import crmmodels as crm
    >>> panel = crm.LifecycleModel.example(n_customers=300, seed=1)
    >>> model = crm.LifecycleModel().fit(panel)
    >>> list(model.score(panel).columns[:4])
    ['probability_exploration', 'probability_build_up', 'probability_stable', 'probability_decline']
    """

    period: Period = "M"
    n_grid: int = 11
    decline_ratio: float = 0.5
    recovery: bool = True
    expected_dwell: Sequence[float] = (6.0, 6.0, 24.0, 12.0)
    prior_weight: float = 50.0
    horizon: int = 3
    decline_if_inactive: float | None = 0.5
    purchase_model: PurchaseModel[Any] | None = None
    n_starts: int = 6
    seed: int = 0
    labels: Language | Mapping[str, str] = "en"

    @classmethod
    def example(cls, n_customers: int, seed: int) -> pd.DataFrame:
        """Draw a panel of customers from a known lifecycle.

        Parameters
        ----------
        n_customers : int
            Number of customers; each has a row per month from when it came.
        seed : int
            Seed of the draw.

        Returns
        -------
        pandas.DataFrame
            ``customer_id, period`` (from 0), ``n_orders``.
        """
        panel = simulate_lifecycle(n_customers, seed, n_periods=12, acquisition_periods=4).panel
        month = period_of_day(panel["period"].to_numpy().astype("datetime64[D]").astype(np.int64), "M")
        names = np.array([f"c{i:05d}" for i in range(n_customers)], dtype=object)
        return pd.DataFrame(
            {
                "customer_id": names[panel["customer_id"].to_numpy()].tolist(),
                "period": month - month.max() + 11,
                "n_orders": panel["n_orders"].to_numpy(),
            }
        )

    def _check_parameters(self) -> None:
        name = "LifecycleModel"
        object.__setattr__(self, "purchase_model", unfitted_clock(name, self.purchase_model))
        if self.period not in get_args(Period):
            raise ParameterError.unknown_choice(name, "period", get_args(Period), self.period)
        dwell: Any = self.expected_dwell
        inactive = self.decline_if_inactive
        checks: tuple[tuple[str, bool, str], ...] = (
            ("n_grid", is_whole(self.n_grid) and 1 <= self.n_grid <= _MOST_NODES, f"a whole number from 1 to {_MOST_NODES}"),
            ("decline_ratio", is_number(self.decline_ratio) and 0 < self.decline_ratio <= 1, "a number above 0, up to 1"),
            ("recovery", isinstance(self.recovery, bool), "True or False"),
            (
                "expected_dwell",
                isinstance(dwell, tuple)
                and len(dwell) == len(STAGES)
                and all(is_number(d) and 1 < d < math.inf for d in dwell),
                f"{len(STAGES)} numbers of periods above 1, of {list(STAGES)}",
            ),
            ("prior_weight", is_number(self.prior_weight) and 0 <= self.prior_weight < math.inf, "a number, 0 or more"),
            (
                "horizon",
                is_whole(self.horizon) and 1 <= self.horizon <= _LONGEST_HORIZON,
                f"a whole number of periods from 1 to {_LONGEST_HORIZON}",
            ),
            (
                "decline_if_inactive",
                inactive is None or (is_number(inactive) and 0 < inactive <= 1),
                "None, or a probability above 0",
            ),
            ("n_starts", is_whole(self.n_starts) and self.n_starts >= 1, "a whole number, 1 or more"),
            ("seed", is_whole(self.seed) and self.seed >= 0, "a whole number, 0 or more"),
        )
        for parameter, usable, must in checks:
            if not usable:
                raise ParameterError.must_be(name, parameter, must, getattr(self, parameter))
        self.segment_labels()

    def _check_record(self, fitted: LifecycleFit) -> None:
        found, n = fitted.parameters, len(STAGES)
        if not isinstance(found, HMMParameters) or found.rate.shape != (n,) or found.moves.shape != (n, n):
            msg = f"it must hold the rates of {n} stages and the moves between them"
            raise TypeError(msg)
        structure = self._structure()
        check_parameters(found, structure.allowed, self.decline_ratio)
        require(found.n_grid == self.n_grid, f"fitted.parameters.n_grid is {found.n_grid}, and n_grid is {self.n_grid}")
        check_counts(fitted)
        is_so = (self.purchase_model is None) == (fitted.purchase is None)
        require(is_so, "fitted.purchase must be there where there is a purchase_model, and only there")
        if self.purchase_model is not None and fitted.purchase is not None:
            self.purchase_model._check_estimates(fitted.purchase, self.period)  # noqa: SLF001  (a part of this model)
            counted = fitted.purchase.n_customers
            must = f"fitted.purchase.n_customers is {counted:g}, and fitted.n_customers {fitted.n_customers}"
            require(counted == fitted.n_customers, must)
