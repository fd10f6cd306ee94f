"""What a lifecycle model reads, and the numbers it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import numpy as np

from crmmodels._typing import AnyArray, IntArray, Language, Period
from crmmodels.base import BaseModel, Values
from crmmodels.data.orders.orders import Orders
from crmmodels.data.panel import Panel, PanelTable, panel_columns, panel_table, without_first_orders
from crmmodels.data.tables.frames import Table, open_table
from crmmodels.data.tables.schema import Column
from crmmodels.exceptions import CrmModelsWarning, UnconvergedWarning, UnitWarning
from crmmodels.kernels.arrays.grouping import group_means
from crmmodels.kernels.hmm.filtering import filtered_stages
from crmmodels.kernels.hmm.histories import Histories
from crmmodels.kernels.hmm.parameters import HMMParameters
from crmmodels.kernels.hmm.structure import StageStructure, dwell_of, lifecycle_structure
from crmmodels.models.labels import read_labels
from crmmodels.models.lifecycle.inactivity import CLOCK_RECORDS, learn_clock, no_purchase, purchase_values
from crmmodels.models.lifecycle.record import STAGES, LifecycleFit, histories_in, learn
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.wording import count_of

_NO_PURCHASE: Final = "probability_no_purchase"
WORST_FIRST: Final = ("decline", "exploration", "build-up", "stable")
_CHINESE: Final = {"exploration": "考察期", "build-up": "形成期", "stable": "稳定期", "decline": "退化期"}
_CODES: Final = np.array([WORST_FIRST.index(stage) for stage in STAGES], np.int64)
_DECLINE: Final = STAGES.index("decline")
PROBABILITIES: Final = tuple(f"probability_{stage.replace('-', '_')}" for stage in STAGES)
_NUMBERS: Final = (
    "expected_rate",
    "periods_in_stage",
    "probability_no_order",
    "expected_gap",
    "probability_no_order_in_gap",
)


class LifecycleReader(BaseModel[Values, LifecycleFit]):
    """A model of lifecycle stages: what it reads, learns and answers, without its parameters."""

    period: Period
    n_grid: int
    decline_ratio: float
    recovery: bool
    expected_dwell: Sequence[float]
    prior_weight: float
    horizon: int
    decline_if_inactive: float | None
    purchase_model: PurchaseModel[Any] | None
    n_starts: int
    seed: int
    labels: Language | Mapping[str, str]

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
        return (*PROBABILITIES, *_NUMBERS, *(() if self.purchase_model is None else (_NO_PURCHASE,)))

    def segment_labels(self) -> Sequence[str]:
        """Stages, worst first."""
        return read_labels("LifecycleModel", self.labels, WORST_FIRST, _CHINESE)

    def stage_labels(self) -> Sequence[str]:
        """Stages, in the order of the lifecycle.

        Returns
        -------
        sequence of str
            In the wording of the parameter ``labels``.
        """
        labels = self.segment_labels()
        return tuple(labels[code] for code in _CODES.tolist())

    def _structure(self, n_stages: int = 4) -> StageStructure:
        return lifecycle_structure(
            n_stages,
            recovery=self.recovery,
            decline_ratio=self.decline_ratio,
            expected_dwell=dwell_of(n_stages, self.expected_dwell),
            prior_weight=self.prior_weight,
        )

    def _open(self, data: Any, fitted: LifecycleFit | None = None) -> PanelTable:  # noqa: ARG002  (a panel is read alike)
        is_log = isinstance(data, Orders)
        table = open_table(data.panel(period=self.period) if is_log else data, self.key, "LifecycleModel")
        found = panel_table(table, self.period, "LifecycleModel")
        if not is_log:
            return found
        return PanelTable(found.frame, found.key, found.origin, found.index, found.rows, without_first_orders(found.panel))

    def _read(self, table: Table) -> Values:
        """Hand on the panel in columns, from which `_panel` makes it again."""
        if not isinstance(table, PanelTable):  # pragma: no cover  (`_open` makes no other)
            raise TypeError
        panel = table.panel
        columns: dict[str, Any] = {
            "row": panel.row,
            "period": panel.period,
            "n_orders": panel.count,
            "exposure": panel.exposure,
            "length": panel.length,
        }
        return columns

    def _fit(self, values: Values) -> LifecycleFit:
        panel = _panel(values)
        found = learn(panel, self._structure(), self.n_grid, n_starts=self.n_starts, seed=self.seed, owner="LifecycleModel")
        if self.purchase_model is None:
            return found
        return replace(found, purchase=learn_clock(self.purchase_model, histories_in(panel), self.period))

    def _concerns(self, values: Values, fitted: LifecycleFit) -> Iterable[CrmModelsWarning]:
        if not fitted.converged:
            yield UnconvergedWarning(
                f"LifecycleModel: EM still gained after {count_of(fitted.n_iterations, 'step')}, so the estimates are not the best there are; "
                "more customers, longer histories or a larger prior_weight help"
            )
        if self.purchase_model is not None and fitted.purchase is not None:
            counts = purchase_values(histories_in(_panel(values)))
            for concern in self.purchase_model._concerns(counts, fitted.purchase):  # noqa: SLF001  (a part of this model)
                # Its unit is not read: time is counted in periods.
                if not isinstance(concern, UnitWarning):
                    yield concern

    def _answers(self, histories: Histories, fitted: LifecycleFit) -> Mapping[str, AnyArray]:
        """Columns of `score`, one row per history."""
        found = filtered_stages(histories, self._structure().start, fitted.parameters, self.horizon, fitted.mean_rate)
        columns = (found.expected_rate, found.periods_in_stage, found.no_order, found.expected_gap, found.no_order_in_gap)
        answers: dict[str, AnyArray] = dict(zip(PROBABILITIES, found.probability.T, strict=True))
        answers.update(zip(_NUMBERS, columns, strict=True))
        if self.purchase_model is not None and fitted.purchase is not None:
            answers[_NO_PURCHASE] = no_purchase(self.purchase_model, fitted.purchase, histories, self.horizon)
        return answers

    def _codes(self, answers: Mapping[str, AnyArray]) -> IntArray:
        """Segments that follow from the columns of `score`."""
        stage = np.stack([answers[name] for name in PROBABILITIES]).argmax(axis=0)
        if self.decline_if_inactive is not None:
            silence = answers[self.score_columns()[-1]]
            stage = np.where(silence >= self.decline_if_inactive, _DECLINE, stage)
        codes: IntArray = _CODES[stage]
        return codes

    def _score(self, values: Values, fitted: LifecycleFit) -> Mapping[str, AnyArray]:
        histories = histories_in(_panel(values))
        answers = self._answers(histories, fitted)
        return {name: column[histories.history] for name, column in answers.items()}

    def _segment(self, values: Values, fitted: LifecycleFit) -> IntArray:
        return self._segment_of(_panel(values), fitted)

    def _segment_of(self, panel: Panel, fitted: LifecycleFit) -> IntArray:
        histories = histories_in(panel)
        return self._codes(self._answers(histories, fitted))[histories.history]

    def _measures(self, values: Values, codes: IntArray, fitted: LifecycleFit) -> Mapping[str, AnyArray]:
        scores, n = self._score(values, fitted), len(WORST_FIRST)
        names = (*PROBABILITIES, "expected_rate", "probability_no_order")
        return {f"mean_{name}": group_means(codes, scores[name], n) for name in names}


def _panel(values: Values) -> Panel:
    columns: Mapping[str, Any] = values
    return Panel(columns["row"], columns["period"], columns["n_orders"], columns["exposure"], columns["length"], is_dated=False)
