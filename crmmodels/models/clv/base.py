"""How CLVModel values customers: from accounts and parameters to the six components."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np

from crmmodels._typing import FloatArray, IntArray, Language
from crmmodels.base import BaseModel, Values
from crmmodels.data.accounts.accounts import Accounts, accounts_of
from crmmodels.data.accounts.customer_base import CustomerBase
from crmmodels.data.accounts.reference_prices import Benchmarks
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Orders
from crmmodels.data.tables.frames import Table, open_table
from crmmodels.data.tables.hints import call_for_log
from crmmodels.data.tables.schema import Conflict
from crmmodels.engines.engine import engine_of
from crmmodels.exceptions import DataError
from crmmodels.kernels.orders.periods import DAYS_PER_UNIT
from crmmodels.models.clv.fit import identified_by
from crmmodels.models.clv.identification import notes_of_accounts
from crmmodels.models.clv.limits import Limits, limits_of
from crmmodels.models.clv.reading import as_base, linked, roles_of
from crmmodels.models.clv.record import CLVFit
from crmmodels.models.clv.uncertainty import draw, referral_value
from crmmodels.models.clv.valuation import MoneyParameters, Residual, Values6, own_values, residual_of, with_referrals
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.progress import Progress

_DAYS_PER_YEAR: Final = DAYS_PER_UNIT["Y"]


class CLVBase(BaseModel[Values, CLVFit]):
    """A model of customer lifetime value that reads accounts and values them."""

    purchase_model: PurchaseModel[Any]
    horizon_years: float
    discount_rate_annual: float
    margin: float | None
    theta: float
    generations: Literal[1, "all"]
    price_reference: Literal["new_customers", "own_first", "list", "column"] | float
    shrinkage: float
    kappa: float | None
    tiers: Literal["quartiles", "abc"] | Sequence[float]
    n_draws: int
    level: float
    labels: Language | Mapping[str, str]

    def accounts(self, data: Any) -> Any:
        """Make one account per customer of an order log: the money of the past, split as the components are.

        Parameters
        ----------
        data : Orders or CustomerBase
            The orders, and what else is known.

        Returns
        -------
        dataframe of the kind of the log
            One row per customer; `fit` and `score` read it, with the benchmarks of these data.

        Raises
        ------
        DataError
            If the data cannot be used.
        """
        base = as_base(data)
        fitted = self._record
        if fitted is not None and (missing := sorted(set(fitted.roles) - roles_of(base))):
            problem = (
                f"it lacks {', '.join(missing)}, which the model was fitted with; hand them over, or fit a model without them"
            )
            raise DataError("CLVModel", [problem], "customer base")
        made = self._accounts(base, None if fitted is None else fitted.benchmarks)
        return log_of(base.orders).native(made.frame)

    def _accounts(self, base: CustomerBase, benchmarks: Benchmarks | None) -> Accounts:
        return accounts_of(
            base,
            unit=self.purchase_model.unit,
            discount_rate=math.log1p(self.discount_rate_annual) / _DAYS_PER_YEAR,
            margin=self.margin,
            price_reference=self.price_reference,
            shrinkage=self.shrinkage,
            benchmarks=benchmarks,
        )

    def _open(self, data: Any, fitted: CLVFit | None = None) -> Table:  # noqa: ARG002  (`accounts` reads the record)
        if isinstance(data, Orders | CustomerBase):
            data = self.accounts(data)
            data = engine_of(data).indexed(data, self.key)
        return open_table(data, self.key, "CLVModel")

    def _read(self, table: Table) -> Values:
        return linked(super()._read(table), table)

    def _advice(self, table: Table) -> str:
        call = call_for_log(table.frame, table.key) or "crm.Orders(frame, customer=..., time=..., amount=...)"
        return (
            f"CLVModel reads orders, of which it makes these columns: pass the order log, {call}, or crm.CustomerBase(orders, ...) "
            "with referrals and costs beside it; of tables it reads only what CLVModel.accounts returned"
        )

    def _conflicts(self, values: Values) -> Iterable[Conflict]:
        return self.purchase_model._conflicts(values)  # noqa: SLF001  (the same columns)

    def _unit(self) -> Any:
        return self.purchase_model.unit

    def _horizon(self) -> float:
        """Horizon in the unit of the purchase model."""
        return self.horizon_years * _DAYS_PER_YEAR / DAYS_PER_UNIT[self._unit()]

    def _notes_on(self, data: Any, values: Values, fitted: CLVFit) -> Mapping[str, str]:
        """What is behind each component of these customers: as the fit says, or as they do where accounts were fitted, which say little."""
        if fitted.benchmarks is not None:
            return fitted.identified
        if isinstance(data, Orders | CustomerBase):
            return identified_by(roles_of(as_base(data)), self.margin, self.price_reference, {})
        return notes_of_accounts(values)

    def _money(self, fitted: CLVFit, theta: float | None = None) -> MoneyParameters:
        """What was learned of money; at another theta, with the value of a referred customer there."""
        return MoneyParameters(
            fitted.kappa,
            fitted.means,
            fitted.service_rates,
            fitted.referral_shape,
            fitted.referral_rate,
            fitted.referral_value if theta is None else referral_value(fitted, self.theta, theta),
            self.theta if theta is None else theta,
        )

    def _residual(self, values: Values, parameters: Any, *, needs_time: bool = True) -> Residual:
        history = (values["frequency"], values["age_at_last"], values["age"])
        rate = self.purchase_model._rate(self.discount_rate_annual)  # noqa: SLF001  (a part of this model)
        process = self.purchase_model._process  # noqa: SLF001
        return residual_of(process, history, rate, self._horizon(), parameters, needs_time=needs_time)

    def _values_with(self, values: Values, residual: Residual, money: MoneyParameters) -> Values6:
        realised, future = own_values(values, residual, money)
        referrer: IntArray = values["referrer"].astype(np.int64)
        return with_referrals(realised, future, values, referrer, residual, money=money, generations=self.generations)

    def _values_at(self, values: Values, purchase: Any, money: MoneyParameters) -> Values6:
        return self._values_with(values, self._residual(values, purchase), money)

    def _values(self, values: Values, fitted: CLVFit) -> Values6:
        with self._watched("values"):
            return self._values_at(values, fitted.purchase.parameters, self._money(fitted))

    def _purchase_at(self, parameters: FloatArray) -> Any:
        return self.purchase_model._family.parameters(*parameters.tolist())  # noqa: SLF001

    def _draws(self, values: Values, fitted: CLVFit, n_draws: int, rng: np.random.Generator | int | None) -> Iterable[Values6]:
        for drawn in draw(fitted, self._money(fitted), n_draws, np.random.default_rng(rng)):
            yield self._values_at(values, self._purchase_at(drawn.purchase), drawn.money)

    def _limits(self, values: Values, fitted: CLVFit) -> Limits:
        drawn = draw(fitted, self._money(fitted), self.n_draws, np.random.default_rng(0))
        costs = (values["total_service_base"], values["total_service_saving"], fitted.service_rates)
        needs_time = fitted.referral_rate > 0 or any(cost.any() for cost in costs)

        def residual(histories: Mapping[str, FloatArray], parameters: FloatArray) -> Residual:
            return self._residual(histories, self._purchase_at(parameters), needs_time=needs_time)

        with Progress("CLVModel.score", "draws") as progress:
            return limits_of(values, drawn, residual, generations=self.generations, level=self.level, on_draw=progress)
