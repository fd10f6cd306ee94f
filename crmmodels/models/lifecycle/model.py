"""Lifecycle: exploration, build-up, stable and decline as stages that nobody sees."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, get_args, overload

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._domains import require
from crmmodels._typing import AnyArray, IntArray, Language, Period
from crmmodels.base import BaseModel, FrameT, Inside
from crmmodels.data.panel import Panel, PanelTable, panel_columns, panel_table, until, without_first_orders
from crmmodels.data.simulate.lifecycle import simulate_lifecycle
from crmmodels.data.tables.dates import as_date
from crmmodels.data.tables.frames import OrderTables, Table, in_kind_of, open_table, ordered_labels
from crmmodels.data.tables.schema import Column
from crmmodels.exceptions import CrmModelsWarning, ParameterError, UnconvergedWarning, UnitWarning
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.hmm.filtering import filtered_stages
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.parameters import HMMParameters
from crmmodels.kernels.hmm.stage_values import stage_values
from crmmodels.kernels.hmm.structure import StageStructure, dwell_of, lifecycle_structure
from crmmodels.kernels.hmm.transitions import dwell_times, stationary_distributions
from crmmodels.kernels.orders.periods import period_of_day
from crmmodels.models.labels import read_labels
from crmmodels.models.lifecycle.inactivity import CLOCK_RECORDS, no_purchase, purchase_values, unfitted_clock
from crmmodels.models.lifecycle.record import (
    STAGES,
    LifecycleFit,
    check_counts,
    check_parameters,
    histories_in,
    learn,
    stage_paths,
)
from crmmodels.models.lifecycle.stage_selection import Candidate, choice_table, true_stages
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.parameters import check_choice, check_switch, check_whole, is_number, is_whole
from crmmodels.wording import count_of, plain

_LONGEST_HORIZON: Final = 1200
_MOST_NODES: Final = 101
_WORST_FIRST: Final = ("decline", "exploration", "build-up", "stable")
_CHINESE: Final = {"exploration": "考察期", "build-up": "形成期", "stable": "稳定期", "decline": "退化期"}
_CODES: Final = np.array([_WORST_FIRST.index(stage) for stage in STAGES], np.int64)
_DECLINE: Final = STAGES.index("decline")
_PROBABILITIES: Final = tuple(f"probability_{stage.replace('-', '_')}" for stage in STAGES)
_NUMBERS: Final = (
    "expected_rate",
    "periods_in_stage",
    "probability_no_order",
    "expected_gap",
    "probability_no_order_in_gap",
)
_NO_PURCHASE: Final = "probability_no_purchase"


@dataclass(frozen=True, kw_only=True)
class LifecycleModel(BaseModel[Panel, LifecycleFit]):
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

    record_types: ClassVar[tuple[type, ...]] = (LifecycleFit, HMMParameters, *CLOCK_RECORDS)
    within: ClassVar[str | None] = "period"

    def columns(self) -> Sequence[Column]:
        """Columns that the model reads, beside the key: ``period`` may hold dates, and ``exposure`` may come on top."""
        return panel_columns()

    def score_columns(self) -> Sequence[str]:
        """Probability of each stage, orders per period, periods in the stage, and how likely silence is.

        ``probability_no_order`` is that of the hidden Markov model within ``horizon``, and ``probability_no_order_in_gap`` that within
        ``expected_gap``, the customer's own clock. With a purchase model there is ``probability_no_purchase``, too: its answer within
        ``horizon``. `segment` compares the last column with ``decline_if_inactive``.

        Returns
        -------
        sequence of str
            Their names.
        """
        return (*_PROBABILITIES, *_NUMBERS, *(() if self.purchase_model is None else (_NO_PURCHASE,)))

    def segment_labels(self) -> Sequence[str]:
        """Stages, worst first."""
        return read_labels("LifecycleModel", self.labels, _WORST_FIRST, _CHINESE)

    def stage_labels(self) -> Sequence[str]:
        """Stages, in the order of the lifecycle.

        Returns
        -------
        sequence of str
            In the wording of the parameter ``labels``.
        """
        labels = self.segment_labels()
        return tuple(labels[code] for code in _CODES.tolist())

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

    @overload
    def stages(self, data: OrderTables) -> Any: ...
    @overload
    def stages(self, data: FrameT) -> FrameT: ...
    def stages(self, data: Any) -> Any:
        """Return each customer's stage with the probabilities behind it.

        Parameters
        ----------
        data : dataframe or Orders
            The panel, or an order log.

        Returns
        -------
        dataframe
            One row per customer: ``stage``, as `segment` has it, and the columns of `score`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        """
        fitted = self._fitted_for("stages")
        table = self._open(data)
        with self._watched("stages"):
            scores = self._score(table.panel, fitted)
        codes = self._codes(scores)
        if table.index is not None:
            labelled = table.answer_labels(codes, self.segment_labels(), "stage")
            return pd.concat([labelled, table.answer(scores)], axis=1)
        backend = table.frame.implementation
        stage = ordered_labels(codes, self.segment_labels(), "stage", backend)
        columns = [nw.new_series(name, column, backend=backend) for name, column in scores.items()]
        return in_kind_of(table.origin, table.frame.with_columns(stage, *columns), (("stage", self.segment_labels()),))

    def history(self, data: Any) -> Any:
        """Return the path of stages of each customer, period by period, each given the orders up to it.

        Parameters
        ----------
        data : dataframe or Orders
            The panel, or an order log.

        Returns
        -------
        dataframe
            The rows of the panel by customer and period: key, ``period``, ``stage`` (the most probable one) and its probabilities.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        """
        fitted = self._fitted_for("history")
        table = self._open(data)
        with self._watched("history"):
            found = stage_paths(table.panel, fitted.parameters)
        kept = nw.maybe_reset_index(table.rows.select(self.key, "period")[table.panel.row.tolist()])
        backend = kept.implementation
        stage = ordered_labels(found.argmax(axis=1), self.stage_labels(), "stage", backend)
        columns = [nw.new_series(name, found[:, i], backend=backend) for i, name in enumerate(_PROBABILITIES)]
        return in_kind_of(table.origin, kept.with_columns(stage, *columns), (("stage", self.stage_labels()),))

    def flow(self, data: Any, before: Any, after: Any) -> pd.DataFrame:
        """Count the customers who moved from stage to stage between two periods, each judged by what was known then.

        Parameters
        ----------
        data : dataframe or Orders
            The panel, or an order log.
        before, after : int, str or date
            Two periods: numbers where the panel has numbers, otherwise days in them.

        Returns
        -------
        pandas.DataFrame
            ``before, after, n_customers, share``: one row per pair of stages, as `segment` has them. Customers who came in between have
            ``None`` before.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the table cannot be used.
        ParameterError
            If the periods are not in the panel, or not one after the other.
        """
        fitted = self._fitted_for("flow")
        panel = self._open(data).panel
        first, last = (self._period_number(panel, name, given) for name, given in (("before", before), ("after", after)))
        if first >= last:
            raise ParameterError.must_be("flow", "before", f"a period before {after!r}", before)
        now, there = until(panel, last)
        code_after = self._segment(now, fitted)
        code_before = np.full(len(panel.length), len(_WORST_FIRST), np.int64)
        then, were_there = until(panel, first)
        code_before[were_there] = self._segment(then, fitted)
        n = len(_WORST_FIRST)
        counts = np.bincount(code_before[there] * n + code_after, minlength=(n + 1) * n)
        labels: tuple[str | None, ...] = (*self.segment_labels(), None)
        pairs = [(labels[i], labels[j]) for i in range(n + 1) for j in range(n)]
        frame = pd.DataFrame(pairs, columns=pd.Index(["before", "after"]))
        return frame.assign(n_customers=counts, share=counts / counts.sum())

    def transition_matrix(self) -> pd.DataFrame:
        """Return the probability of each stage (columns) a period after each stage (rows).

        Returns
        -------
        pandas.DataFrame
            In the order of the lifecycle; rows add up to 1.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        moves = self._fitted_for("transition_matrix").parameters.moves
        labels = list(self.stage_labels())
        return pd.DataFrame(moves.copy(), index=pd.Index(labels, name="stage"), columns=pd.Index(labels, name="next"))

    def dwell_times(self) -> pd.Series[float]:
        """Return the expected number of consecutive periods in each stage.

        Returns
        -------
        pandas.Series
            1 / (1 - the probability of staying); infinite for a stage that is never left.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        return self._by_stage(dwell_times(self._fitted_for("dwell_times").parameters.moves), "dwell_time")

    def stationary_distribution(self) -> pd.Series[float]:
        """Return the shares of stages in the long run, of customers who have been there forever.

        Returns
        -------
        pandas.Series
            Adds up to 1. Without recovery all end in decline.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        moves = self._fitted_for("stationary_distribution").parameters.moves
        return self._by_stage(stationary_distributions(moves)[0], "share")

    def stage_values(self, reward: Sequence[float], discount_rate: float, n_periods: int | None = None) -> pd.Series[float]:
        """Return what a customer in each stage is worth.

        Parameters
        ----------
        reward : sequence of four floats
            Money of a period in each stage, in the order of the lifecycle: margin less what is spent on the customer.
        discount_rate : float
            Per period, above 0; above -1 with ``n_periods``.
        n_periods : int, optional
            Periods ahead that count, beside the present one. Default: all.

        Returns
        -------
        pandas.Series
            Money of today, by stage.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ParameterError
            If an argument is out of range.

        References
        ----------
        Pfeifer, P. E. & Carraway, R. L. (2000). Modeling Customer Relationships as Markov Chains. Journal of Interactive Marketing
        14(2), 43-55.
        """
        moves = self._fitted_for("stage_values").parameters.moves
        given = [plain(value) for value in reward] if isinstance(reward, Iterable) and not isinstance(reward, str) else []
        if len(given) != len(STAGES) or not all(is_number(value) and math.isfinite(value) for value in given):
            raise ParameterError.must_be("stage_values", "reward", f"{len(STAGES)} amounts of money, of {list(STAGES)}", reward)
        if n_periods is not None and (not is_whole(n_periods) or n_periods < 0):
            raise ParameterError.must_be("stage_values", "n_periods", "a whole number, 0 or more, or None", n_periods)
        lowest = 0.0 if n_periods is None else -1.0
        if not is_number(discount_rate) or not lowest < discount_rate < math.inf:
            raise ParameterError.must_be(
                "stage_values", "discount_rate", f"a number above {lowest:g}, per period", discount_rate
            )
        return self._by_stage(stage_values(moves, np.array(given, np.float64), discount_rate, n_periods), "value")

    def choice(self, data: Any, n_stages: Sequence[int] = (2, 3, 4, 5), truth: Any = None) -> pd.DataFrame:
        """Compare numbers of stages, with differences between customers and without.

        Parameters
        ----------
        data : dataframe or Orders
            The panel, or an order log; every model is fitted to it, and this one stays as it is.
        n_stages : sequence of int, default (2, 3, 4, 5)
            Numbers of stages, from 2 to 10; decline is the last.
        truth : pandas.Series, optional
            True stage of each customer in the last period, on the key, where it is known: 0 to 3, or names of stages.

        Returns
        -------
        pandas.DataFrame
            One row per model: ``n_stages, heterogeneity, n_parameters, log_likelihood, bic`` (the lowest is best), and with a truth ``accuracy``
            (of four stages), ``majority`` (the share of the most frequent stage) and ``decline_recall``.

        Raises
        ------
        DataError
            If the table cannot be used.
        ParameterError
            If an argument is out of range.
        """
        wanted = [plain(number) for number in n_stages] if isinstance(n_stages, Iterable) else []
        if not wanted or not all(is_whole(number) and 2 <= number <= 10 for number in wanted):
            raise ParameterError.must_be("choice", "n_stages", "whole numbers from 2 to 10", n_stages)
        table = self._open(data)
        known = None if truth is None else true_stages(truth, table.frame[self.key].to_list())
        structures = [self._structure(int(str(number))) for number in wanted]
        nodes = (max(self.n_grid, 2), 1)
        candidates = [Candidate(structure, n_grid) for structure in structures for n_grid in nodes]
        return choice_table(table.panel, candidates, known, n_starts=self.n_starts, seed=self.seed, owner="LifecycleModel")

    def _check_parameters(self) -> None:
        name = "LifecycleModel"
        object.__setattr__(self, "purchase_model", unfitted_clock(name, self.purchase_model))
        check_choice(name, "period", self.period, get_args(Period))
        check_switch(name, "recovery", self.recovery)
        check_whole(name, "n_starts", self.n_starts, 1)
        check_whole(name, "seed", self.seed, 0)
        dwell: Any = self.expected_dwell
        inactive = self.decline_if_inactive
        checks: tuple[tuple[str, bool, str], ...] = (
            ("n_grid", is_whole(self.n_grid) and 1 <= self.n_grid <= _MOST_NODES, f"a whole number from 1 to {_MOST_NODES}"),
            ("decline_ratio", is_number(self.decline_ratio) and 0 < self.decline_ratio <= 1, "a number above 0, up to 1"),
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
            unit = fitted.purchase.unit
            require(unit == self.period, f"fitted.unit is {unit!r}, and the model counts in {self.period!r}")
            Inside(self.purchase_model).check_record(replace(fitted.purchase, unit=self.purchase_model.unit))
            counted = fitted.purchase.n_customers
            must = f"fitted.purchase.n_customers is {counted:g}, and fitted.n_customers {fitted.n_customers}"
            require(counted == fitted.n_customers, must)

    def _structure(self, n_stages: int = 4) -> StageStructure:
        return lifecycle_structure(
            n_stages,
            recovery=self.recovery,
            decline_ratio=self.decline_ratio,
            expected_dwell=dwell_of(n_stages, self.expected_dwell),
            prior_weight=self.prior_weight,
        )

    def _open(self, data: Any, fitted: LifecycleFit | None = None) -> PanelTable:  # noqa: ARG002  (a panel is read alike)
        is_log = isinstance(data, OrderTables)
        table = open_table(data.panel(period=self.period) if is_log else data, self.key, "LifecycleModel")
        found = panel_table(table, self.period, "LifecycleModel")
        if not is_log:
            return found
        return PanelTable(found.frame, found.key, found.origin, found.index, found.rows, without_first_orders(found.panel))

    def _read(self, table: Table) -> Panel:
        if not isinstance(table, PanelTable):  # pragma: no cover  (`_open` makes no other)
            raise TypeError
        return table.panel

    def _fit(self, values: Panel) -> LifecycleFit:
        found = learn(values, self._structure(), self.n_grid, n_starts=self.n_starts, seed=self.seed, owner="LifecycleModel")
        if self.purchase_model is None:
            return found
        histories = histories_in(values)
        counts = {name: column[histories.history] for name, column in purchase_values(histories).items()}
        purchase = Inside(self.purchase_model).fit(counts)
        return replace(found, purchase=replace(purchase, unit=self.period))

    def _concerns(self, values: Panel, fitted: LifecycleFit) -> Iterable[CrmModelsWarning]:
        if not fitted.converged:
            yield UnconvergedWarning(
                f"LifecycleModel: EM still gained after {count_of(fitted.n_iterations, 'step')}, so the estimates are not the best there are; "
                "more customers, longer histories or a larger prior_weight help"
            )
        if self.purchase_model is not None and fitted.purchase is not None:
            counts = purchase_values(histories_in(values))
            for concern in Inside(self.purchase_model).concerns(counts, fitted.purchase):
                # Its unit is not read: time is counted in periods.
                if not isinstance(concern, UnitWarning):
                    yield concern

    def _answers(self, histories: Histories, fitted: LifecycleFit) -> Mapping[str, AnyArray]:
        """Columns of `score`, one row per history."""
        found = filtered_stages(histories, self._structure().start, fitted.parameters, self.horizon, fitted.mean_rate)
        columns = (found.expected_rate, found.periods_in_stage, found.no_order, found.expected_gap, found.no_order_in_gap)
        answers: dict[str, AnyArray] = dict(zip(_PROBABILITIES, found.probability.T, strict=True))
        answers.update(zip(_NUMBERS, columns, strict=True))
        if self.purchase_model is not None and fitted.purchase is not None:
            process = self.purchase_model.process
            answers[_NO_PURCHASE] = no_purchase(process, fitted.purchase.parameters, histories, self.horizon)
        return answers

    def _codes(self, answers: Mapping[str, AnyArray]) -> IntArray:
        """Segments that follow from the columns of `score`."""
        stage = np.stack([answers[name] for name in _PROBABILITIES]).argmax(axis=0)
        if self.decline_if_inactive is not None:
            silence = answers[self.score_columns()[-1]]
            stage = np.where(silence >= self.decline_if_inactive, _DECLINE, stage)
        codes: IntArray = _CODES[stage]
        return codes

    def _score(self, values: Panel, fitted: LifecycleFit) -> Mapping[str, AnyArray]:
        histories = histories_in(values)
        answers = self._answers(histories, fitted)
        return {name: column[histories.history] for name, column in answers.items()}

    def _segment(self, values: Panel, fitted: LifecycleFit) -> IntArray:
        histories = histories_in(values)
        return self._codes(self._answers(histories, fitted))[histories.history]

    def _measures(self, values: Panel, codes: IntArray, fitted: LifecycleFit) -> Mapping[str, AnyArray]:
        scores, n = self._score(values, fitted), len(_WORST_FIRST)
        names = (*_PROBABILITIES, "expected_rate", "probability_no_order")
        return {f"mean_{name}": group_means(codes, scores[name], n) for name in names}

    def _by_stage(self, values: AnyArray, name: str) -> pd.Series[float]:
        return pd.Series(values, index=pd.Index(list(self.stage_labels()), name="stage"), name=name)

    def _period_number(self, panel: Panel, name: str, given: Any) -> int:
        value: Any = plain(given)
        if panel.is_dated:
            day = np.datetime64(as_date(value, "flow", name), "D").astype(np.int64)
            number = int(period_of_day(np.array([day]), self.period)[0])
        else:
            number = value if is_whole(value) else int(panel.period.min()) - 1
        if not panel.period.min() <= number <= panel.period.max():
            raise ParameterError.must_be("flow", name, "a period of the panel", given)
        return number
