"""Questions that CLVModel answers of customers and of the whole base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmmodels.base import Values
from crmmodels.exceptions import ParameterError
from crmmodels.models.clv.base import CLVBase
from crmmodels.models.clv.identification import notes_table, with_notes
from crmmodels.models.clv.parameters import check_thetas
from crmmodels.models.clv.record import COMPONENTS
from crmmodels.models.clv.tiers import tier_table
from crmmodels.models.clv.uncertainty import CLVDraws
from crmmodels.models.clv.valuation import Values6
from crmmodels.parameters import is_whole
from crmmodels.progress import Progress


class CLVVerbs(CLVBase):
    """A model of customer lifetime value that answers what value is made of, how sure it is, and what hangs on theta."""

    def components(self, data: Any) -> Any:
        """Return the six components of every customer, realised and to come.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.

        Returns
        -------
        dataframe
            ``clv1_realised, …, clv6_realised, clv1_future, …, clv6_future, transfer`` in the currency and the kind of the data.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        """
        fitted = self._fitted_for("components")
        table = self._open(data)
        values = self._read(table)
        found = self._values(values, fitted)
        columns = {
            f"{name}_{when}": part[i]
            for when, part in (("realised", found.realised), ("future", found.future))
            for i, name in enumerate(COMPONENTS)
        }
        return with_notes(table.answer({**columns, "transfer": found.transfer}), self._notes_on(data, values, fitted))

    def notes(self) -> pd.DataFrame:
        """What is behind each component, and which the data of the fit cannot tell apart.

        The same notes are in ``fitted.identified``, in the repr, and in ``attrs["identified"]`` of what `score`, `components`, `summary`,
        `customer_equity` and `theta_sensitivity` return in pandas; of a model that was fitted to accounts these are those of the customers
        in hand.

        Returns
        -------
        pandas.DataFrame
            One row for "basis", which says whether money is contribution, margin or revenue, and one per component: ``column,
            is_identified, note``. A component that is not identified is 0 in `score`, and its money is where the note says.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        return notes_table(self._fitted_for("notes").identified)

    def segment_table(self) -> pd.DataFrame:
        """Tiers with the values that bound them: every value is in one of them, and in no other.

        Returns
        -------
        pandas.DataFrame
            One row per tier, best first: ``segment``, and ``at_least`` and ``below``, between which CLV lies. A tier that nobody can be
            in, as tied values make it, has equal bounds.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        return tier_table(self.segment_labels(), self._fitted_for("segment_table").tier_bounds)

    def summary(self, data: Any) -> Any:
        """Describe the tiers: one row each, best first.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers to describe.

        Returns
        -------
        dataframe
            ``segment, n_customers, share_of_customers, clv, mean_clv, mean_clv1, …, mean_clv6``, in the kind of ``data``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        """
        fitted = self._fitted_for("summary")
        return with_notes(super().summary(data), fitted.identified)

    def sample(self, data: Any, n_draws: int | None = None, rng: np.random.Generator | int | None = 0) -> CLVDraws:
        """Draw the six components of every customer from the uncertainty of the parameters.

        All draws are held in memory: six numbers per customer and draw. For limits of CLV alone `score` needs far less.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.
        n_draws : int, optional
            Draws. Default: those of the model.
        rng : numpy.random.Generator or int, default 0
            Source of chance, or its seed.

        Returns
        -------
        CLVDraws
            Components add up in every draw; quantiles of components need not.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        ParameterError
            If ``n_draws`` is not a whole number above 0.

        Notes
        -----
        Drawn are the parameters of the purchase model, the means of money per order, kappa where it was estimated, theta as if it had been
        learned from ten referrals, the rate of referrals, and what follows from them for the value of a referred customer. Benchmarks and the
        rates of costs without an order are held fixed, so that realised components other than CLV5 do not vary. What single customers do by
        chance is no part of it either: limits are those of expectations.
        """
        fitted = self._fitted_for("sample")
        given = self.n_draws if n_draws is None else n_draws
        if not is_whole(given) or given < 1:
            raise ParameterError.must_be("sample", "n_draws", "a whole number, 1 or more", n_draws)
        table = self._open(data)
        values = self._read(table)
        keys = table.frame[table.key].to_list()
        with Progress("CLVModel.sample", "draws", given) as progress:
            draws = progress.over(self._draws(values, fitted, given, rng))
            return CLVDraws(keys, np.stack([part.realised + part.future for part in draws]))

    def customer_equity(self, data: Any) -> pd.Series[float]:
        """Add up what the customer base is worth, each customer counted once.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.

        Returns
        -------
        pandas.Series
            ``own``, ``rewards`` (paid for referrals, below 0), ``customer_equity``, their sum and the sum of retained values;
            ``future_referrals``, the value of customers still to be brought in, beside it; ``sum_of_clv``, which counts referred
            customers twice; the six components; realised and future.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        """
        fitted = self._fitted_for("customer_equity")
        values = self._read(self._open(data))
        found = self._values(values, fitted)
        own, rewards = float(found.own.sum()), _rewards(values)
        parts = (found.realised + found.future).sum(axis=1)
        numbers = {
            "own": own,
            "rewards": rewards,
            "customer_equity": own + rewards,
            "future_referrals": float(found.to_be_referred.sum()),
            "sum_of_clv": float(found.clv.sum()),
            **dict(zip(COMPONENTS, parts.tolist(), strict=True)),
            "realised": float(found.realised.sum()),
            "future": float(found.future.sum()),
        }
        return with_notes(pd.Series(numbers, name="value"), self._notes_on(data, values, fitted))

    def theta_sensitivity(self, data: Any, thetas: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0)) -> pd.DataFrame:
        r"""What the totals would be at other values of theta, which the data do not tell.

        Parameters
        ----------
        data : Orders, CustomerBase or dataframe
            The customers.
        thetas : sequence of float, default (0, 0.25, 0.5, 0.75, 1)
            Probabilities that a referred customer would not have come otherwise.

        Returns
        -------
        pandas.DataFrame
            One row per theta: ``theta, clv5, own, customer_equity, sum_of_clv, retained``, each added up over customers.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If the data cannot be used.
        ParameterError
            If ``thetas`` are no probabilities.

        Notes
        -----
        Theta moves value from referred customers to who referred them, so that CLV5 changes, and own value and customer equity, which is the
        sum of retained values, do not. With one generation, the transfer :math:`T = \theta G + (1 - \theta) r` of `referral_values` and
        with it the sum of CLV5 is a straight line in theta. Tiers and everything else that was learned stay as they are.
        """
        fitted = self._fitted_for("theta_sensitivity")
        values = self._read(self._open(data))
        residual = self._residual(values, fitted.purchase.parameters)
        rows = []
        for theta in check_thetas("theta_sensitivity", thetas):
            found = self._values_with(values, residual, self._money(fitted, theta))
            rows.append(_totals(theta, found, values))
        return with_notes(pd.DataFrame(rows), self._notes_on(data, values, fitted))


def _totals(theta: float, found: Values6, values: Values) -> dict[str, float]:
    own = float(found.own.sum())
    return {
        "theta": theta,
        "clv5": float((found.realised[4] + found.future[4]).sum()),
        "own": own,
        "customer_equity": own + _rewards(values),
        "sum_of_clv": float(found.clv.sum()),
        "retained": float(found.retained.sum()),
    }


def _rewards(values: Values) -> float:
    """What was paid for referrals, discounted, below 0."""
    return -float(values["reward"][values["referrer"] >= 0].sum())
