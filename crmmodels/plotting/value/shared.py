"""Values, words and colours that the plots of customer lifetime value share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from crmmodels._typing import FloatArray, IntArray
from crmmodels.base import Inside, Values
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.orders.orders import Orders
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.arrays.blocks import told_of_blocks
from crmmodels.models.clv.identification import Identification, identified_by, read_notes
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.clv.record import COMPONENTS, CLVFit
from crmmodels.models.clv.valuation import Valuation, money_of, valuation_of
from crmmodels.plotting.drawing.arguments import fitted_record
from crmmodels.plotting.drawing.figure import COLOUR_MAP
from crmmodels.plotting.drawing.lettering import Lettering, Phrases
from crmmodels.progress import Progress

Standing: TypeAlias = Literal["identified", "gross", "missing"]
"""Whether data tell a component apart; gross is an initial purchase whose cost of acquisition is not known."""

_TAIL: Final = 0.01
"""Share of customers at either end that may lie outside of what is drawn, where the rest is spread much less."""
_FAR: Final = 0.5
"""Reach of a tail, over that of all others, from which on it is cut off."""
_LIGHTEST: Final = 0.35
_DARKEST: Final = 1.0
_MOST_NAMED: Final = 8
"""Tiers that a legend names; of more, the worst and the best."""
_PART_OF_BASE: Final = ("referrals", "acquisition_costs", "service_costs")

_SHARED: Final[Phrases] = {
    "en": {
        "clv": "CLV",
        "clv1": "CLV1 first purchase",
        "clv2": "CLV2 repeat purchases",
        "clv3": "CLV3 cross-selling",
        "clv4": "CLV4 cheaper service",
        "clv5": "CLV5 referrals",
        "clv6": "CLV6 higher price",
        "missing": "not identified",
        "gross": "before acquisition cost",
        "in_revenue": "{what} (revenue)",
        "in_margin": "{what} (margin)",
        "in_contribution": "{what} (contribution)",
        "in_money": "{what}",
        "outside": "Not drawn: {n} of {all} customers, whose values lie between {low} and {high}",
    },
    "zh": {
        "clv": "CLV",
        "clv1": "CLV1 首次购买",
        "clv2": "CLV2 重复购买",
        "clv3": "CLV3 交叉购买",
        "clv4": "CLV4 服务成本节约",
        "clv5": "CLV5 推荐客户",
        "clv6": "CLV6 价格溢价",
        "missing": "无法识别",
        "gross": "未扣除获客成本",
        "in_revenue": "{what}（收入）",
        "in_margin": "{what}（毛利）",
        "in_contribution": "{what}（边际贡献）",
        "in_money": "{what}",
        "outside": "未绘出：{all} 名客户中的 {n} 名，其价值介于 {low} 与 {high} 之间",
    },
}


def with_values(own: Phrases) -> Phrases:
    """Phrases of one plot beside those of all: the components, and what their money is."""
    return {language: {**_SHARED[language], **phrases} for language, phrases in own.items()}


@dataclass(frozen=True, slots=True, eq=False)
class CustomerValues:
    """What a plot needs of the customers, in the order of their names.

    Components ``realised`` and ``future`` have shape (6, n_customers), ``clv``, to the last bit that of the scores, and ``tier``, a position in the
    model's labels, (n_customers,). The ``basis`` of the money is "revenue", "margin", "contribution", or "money" where it is not known.
    """

    customers: Sequence[Any]
    realised: FloatArray
    future: FloatArray
    clv: FloatArray
    tier: IntArray
    accounts: Values
    valuation: Valuation
    standing: Mapping[str, Standing]
    basis: str

    @property
    def components(self) -> FloatArray:
        """Realised and future, shape (6, n_customers)."""
        whole: FloatArray = self.realised + self.future
        return whole


def fitted_clv(plot: str, model: CLVModel) -> CLVFit:
    """Return the fitted record, or refuse what is no fitted model of customer lifetime value."""
    return fitted_record(plot, model, CLVModel, "a fitted CLVModel")


def check_base(plot: str, data: object) -> None:
    """Raise ParameterError for data that are neither an order log nor a customer base."""
    if not isinstance(data, Orders | CustomerBase):
        must = "an order log (crm.Orders) or a customer base (crm.CustomerBase)"
        raise ParameterError.must_be(plot, "data", must, type(data).__name__)


def values_of(plot: str, model: CLVModel, data: Any) -> CustomerValues:
    """Read the customers once, in the order of ``model.score(data)``, and split the value of each."""
    fitted = fitted_clv(plot, model)
    inside = Inside(model)
    table, read = inside.read(data)
    accounts = read.columns
    process, unit = model.purchase_model.process, model.purchase_model.unit
    valuation = valuation_of(process, unit, model.discount_rate_annual, model.horizon_years, model.generations)
    with Progress(plot, "blocks of customers") as progress, told_of_blocks(progress):
        found = valuation.values(accounts, fitted.purchase.values, money_of(fitted, model.theta))
    fit, here = read_notes(fitted.identified), read_notes(_notes(model, data))
    # Of accounts that were fitted nothing is known but what the customers in hand tell.
    known = (here,) if fitted.benchmarks is None else (fit, here)
    standing = {
        name: _standing(name, known, accounts, found.realised[i] + found.future[i]) for i, name in enumerate(COMPONENTS)
    }
    basis = next((notes["basis"].basis for notes in (here, fit) if "basis" in notes), "money")
    return CustomerValues(
        customers=table.frame[table.key].to_list(),
        realised=found.realised,
        future=found.future,
        clv=found.clv,
        tier=inside.segment(read),
        accounts=accounts,
        valuation=valuation,
        standing=standing,
        basis=basis,
    )


def in_money(text: Lettering, what: str, basis: str) -> str:
    """A word with what its money is, such as "CLV (revenue)"."""
    return text.phrase(f"in_{basis}", what=what)


def decimals_for(values: FloatArray) -> int:
    """Decimals with which the largest of some amounts has four digits."""
    largest = float(np.abs(values).max(initial=0.0))
    return int(np.clip(3 - math.floor(math.log10(largest)), 0, 12)) if largest > 0 else 0


def amount(value: float, decimals: int, *, signed: bool = False) -> str:
    """An amount of money, with its sign where it is a step; what rounds to nothing has none."""
    rounded = round(value, decimals) + 0.0
    if rounded == 0:
        return "0"
    return f"{rounded:{'+' if signed else ''},.{decimals}f}"


def shown_range(values: FloatArray) -> tuple[float, float]:
    """Lower and upper bound between which most values, shape (n_customers,), lie: all, or without far tails of one in a hundred."""
    low, high = np.quantile(values, [_TAIL, 1.0 - _TAIL]).tolist()
    reach = _FAR * (high - low)
    first, last = float(values.min()), float(values.max())
    if high > low:
        first, last = max(first, low) if low - first > reach else first, min(last, high) if last - high > reach else last
    margin = 0.0 if last > first else max(0.5, 0.01 * abs(first))
    return first - margin, last + margin


def outside_note(text: Lettering, values: FloatArray, inside: Any) -> str:
    """Say how many customers are not drawn, since they are not ``inside``, and what they are worth; empty if all are."""
    left = values[~inside]
    if not len(left):
        return ""
    decimals = decimals_for(left)
    low, high = (amount(float(value), decimals) for value in (left.min(), left.max()))
    return text.phrase("outside", n=f"{len(left):,}", all=f"{len(values):,}", low=low, high=high)


def tier_colours(n_tiers: int) -> Sequence[Any]:
    """A colour per tier, worst first; the better, the darker."""
    from matplotlib import colormaps  # noqa: PLC0415  (optional package)

    return [tuple(colour) for colour in colormaps[COLOUR_MAP](np.linspace(_LIGHTEST, _DARKEST, n_tiers))]


def named_tiers(n_tiers: int) -> Sequence[int]:
    """Tiers that a legend names, worst first."""
    return range(n_tiers) if n_tiers <= _MOST_NAMED else (0, n_tiers - 1)


def _notes(model: CLVModel, data: Any) -> Mapping[str, str]:
    """What these data tell apart, as the model says it of those that it was fitted to; nothing of accounts."""
    if isinstance(data, Orders):
        return identified_by(data.known_roles, model.margin, model.price_reference)
    if isinstance(data, CustomerBase):
        roles = data.orders.known_roles | {name for name in _PART_OF_BASE if getattr(data, name)}
        return identified_by(roles, model.margin, model.price_reference)
    return {}


def _standing(name: str, known: Sequence[Mapping[str, Identification]], accounts: Values, value: FloatArray) -> Standing:
    said = {notes[name].status for notes in known if name in notes}
    if said:
        return "missing" if "not identified" in said else "gross" if "gross" in said else "identified"
    # Of accounts that were handed over, nothing but the columns tells.
    if name == "clv1":
        return "identified" if accounts["acquisition_cost"].any() else "gross"
    return "identified" if value.any() else "missing"
