"""What is asked of a fitted lifecycle, beside scores and segments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from crmmodels._typing import AnyArray, IntArray
from crmmodels.data.panel import Panel, until
from crmmodels.data.tables.dates import as_date
from crmmodels.data.tables.frames import in_kind_of, ordered_labels
from crmmodels.exceptions import DataError, ParameterError
from crmmodels.kernels.hmm.filtering import filtered_paths
from crmmodels.kernels.hmm.histories import cells_of
from crmmodels.kernels.hmm.stage_values import stage_values
from crmmodels.kernels.hmm.transitions import dwell_times, stationary_distributions
from crmmodels.kernels.orders.periods import period_of_day
from crmmodels.models.lifecycle.reading import PROBABILITIES, WORST_FIRST, LifecycleReader
from crmmodels.models.lifecycle.record import STAGES, histories_in
from crmmodels.models.lifecycle.stage_selection import Candidate, choice_table
from crmmodels.parameters import is_number, is_whole
from crmmodels.wording import count_of, plain


class LifecycleVerbs(LifecycleReader):
    """Paths of stages, moves between them, what they are worth, and how many there are."""

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
        values = self._read(table)
        with self._watched("stages"):
            scores = self._score(values, fitted)
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
        panel = table.panel
        histories = histories_in(panel)
        with self._watched("history"):
            paths = filtered_paths(histories, self._structure().start, fitted.parameters)
        found = paths[cells_of(histories.start[histories.history], panel.length)]
        kept = nw.maybe_reset_index(table.rows.select(self.key, "period")[panel.row.tolist()])
        backend = kept.implementation
        stage = ordered_labels(found.argmax(axis=1), self.stage_labels(), "stage", backend)
        columns = [nw.new_series(name, found[:, i], backend=backend) for i, name in enumerate(PROBABILITIES)]
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
        code_after = self._segment_of(now, fitted)
        code_before = np.full(len(panel.length), len(WORST_FIRST), np.int64)
        then, were_there = until(panel, first)
        code_before[were_there] = self._segment_of(then, fitted)
        n = len(WORST_FIRST)
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
        known = None if truth is None else _true_stages(truth, table.frame[self.key].to_list())
        structures = [self._structure(int(str(number))) for number in wanted]
        nodes = (max(self.n_grid, 2), 1)
        candidates = [Candidate(structure, n_grid) for structure in structures for n_grid in nodes]
        return choice_table(table.panel, candidates, known, n_starts=self.n_starts, seed=self.seed, owner="LifecycleModel")

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


def _true_stages(truth: Any, customers: Sequence[Any]) -> IntArray:
    """Number of each customer's true stage."""
    must = "a pandas Series on the customers, of 0 to 3 or names of stages"
    if not isinstance(truth, pd.Series) or not truth.index.is_unique:
        raise ParameterError.must_be("choice", "truth", must, truth)
    numbers: dict[Any, int] = {
        **{stage: number for number, stage in enumerate(STAGES)},
        **{number: number for number in range(len(STAGES))},
    }
    stage = [numbers.get(plain(value), -1) for value in truth.reindex(pd.Index(customers)).tolist()]
    if min(stage) < 0:
        n = sum(number < 0 for number in stage)
        raise DataError(
            "LifecycleModel", [f"{count_of(n, 'customer')} of the panel without a stage among {list(STAGES)}"], "truth"
        )
    return np.array(stage, np.int64)
