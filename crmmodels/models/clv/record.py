"""What CLVModel learned, and the names of its components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmmodels._domains import (
    CountFromOne,
    Matrix,
    NonNegative,
    NonNegativeOrInfinite,
    Vector,
    check_symmetric,
    require,
)
from crmmodels._typing import FloatArray
from crmmodels.data.accounts.reference_prices import Benchmarks, PriceReference, check_benchmarks
from crmmodels.display import Shown
from crmmodels.models.parametric.record import ParametricFit

_N_TIERS: Final = {"quartiles": 4, "abc": 3}
_MOST: Final = 1e30
"""Money, rates and widths beyond this are of no currency."""
_ROUNDING: Final = 1e-6

COMPONENTS: Final = ("clv1", "clv2", "clv3", "clv4", "clv5", "clv6")
MEANINGS: Final[Mapping[str, str]] = {
    "clv1": "initial purchase, less the cost of acquisition",
    "clv2": "repeat purchases in the categories of the first",
    "clv3": "purchases in other categories",
    "clv4": "cost to serve below that of a new customer",
    "clv5": "customers brought in",
    "clv6": "price above that of a new customer",
}


@dataclass(frozen=True, slots=True, eq=False)
class ReferralOutlook:
    r"""Mean value of a referred customer to who brought it, as parameters change.

    Attributes
    ----------
    past : ndarray of float64, shape (n_thetas,)
        Its realised part less the reward, at values of theta spread evenly from 0 to 1.
    future : ndarray of float64, shape (n_thetas,)
        Its part to come, at the same.
    elasticity : ndarray of float64, shape (n_parameters,)
        Change of the logarithm of the expected orders of referred customers with that of each parameter of the purchase model.
    slope : float
        Change of the money to come of a referred customer with the mean of all money per order.
    covariance : ndarray of float64, shape (2, 2)
        Covariance of the logarithms of ``referral_shape`` and ``referral_rate``.
    """

    past: Vector
    future: Vector
    elasticity: Vector
    slope: float
    covariance: Matrix

    def value(self, theta: float, logs: FloatArray | None = None, means: FloatArray | None = None) -> float:
        r"""Mean value of a referred customer to who brought it, less the reward.

        Parameters
        ----------
        theta : float
            Probability that it would not have come otherwise.
        logs : ndarray of float64, shape (n_parameters,), optional
            Distance of the logarithms of the purchase parameters from the fitted ones.
        means : ndarray of float64, shape (4,), optional
            Distance of the means of money per order from the fitted ones.

        Returns
        -------
        float
            In the currency of the data.

        Notes
        -----
        .. math:: v(\theta, a, m) = v_0(\theta) + e^{\epsilon' a} [v_1(\theta) + \theta\, \lambda \sum_k m_k],

        to first order in the distances a and m, with the values :math:`v_0, v_1` of the past and the future at the fitted parameters, the
        elasticity ε and the slope λ. It is exact in θ with one generation, and to about a thousandth with all.
        """
        grid = np.linspace(0.0, 1.0, len(self.past))
        grown = 1.0 if logs is None else float(np.exp(self.elasticity @ logs))
        changed = 0.0 if means is None else theta * self.slope * float(means.sum())
        return float(np.interp(theta, grid, self.past) + grown * (np.interp(theta, grid, self.future) + changed))


@dataclass(frozen=True, slots=True, eq=False)
class CLVFit:
    """What a customer lifetime value model learned.

    Attributes
    ----------
    purchase : ParametricFit
        Parameters of the purchase model.
    n_customers : int
        Customers of the reference population.
    kappa : float
        Orders' worth of prior with which money per order is drawn towards the mean of all; infinite where customers do not differ.
    means : ndarray of float64, shape (4,)
        Money per repeat order over customers: base in the first categories, base in others, saving and premium.
    means_covariance : ndarray of float64, shape (4, 4)
        Covariance of these estimates.
    service_rates : ndarray of float64, shape (2,)
        Money per unit of time from costs without an order: to clv2 and to clv4.
    referral_shape, referral_rate : float
        Gamma distribution of referrals per unit of time among customers; both 0 where no referrals are known.
    referral_value : float
        Mean value of a referred customer to who referred it, less the reward.
    tier_bounds : ndarray of float64, shape (n_tiers - 1,)
        Values that part the tiers, ascending.
    identified : mapping of str to str
        For each component what is behind it, or why it could not be told apart.
    roles : tuple of str
        Roles of the log and parts of the customer base that were learned from; empty where accounts were handed over.
    benchmarks : Benchmarks or None
        What a new customer pays and costs; None where accounts were handed over.
    kappa_error : float
        Standard error of the logarithm of kappa; 0 where it was given, or cannot be told.
    referrals : ReferralOutlook or None
        How the value of a referred customer follows from other parameters; None where no referrals are known.
    """

    purchase: ParametricFit[Any]
    n_customers: CountFromOne
    kappa: NonNegativeOrInfinite
    means: Vector
    means_covariance: Matrix
    service_rates: Vector
    referral_shape: NonNegative
    referral_rate: NonNegative
    referral_value: float
    tier_bounds: Vector
    identified: Mapping[str, str]
    roles: tuple[str, ...]
    benchmarks: Benchmarks | None
    kappa_error: NonNegative = 0.0
    referrals: ReferralOutlook | None = None

    def view(self) -> Mapping[str, object]:
        """What a model shows of this record.

        Returns
        -------
        mapping of str to object
            The numbers by name.
        """
        names = ("base_same", "base_new", "saving", "premium")
        errors = self.purchase.standard_errors
        purchase = (
            f"{name} {value:,.4g} ± {errors[name]:,.2g}"
            for name, value in zip(self.purchase.names, self.purchase.values.tolist(), strict=True)
        )
        money = (f"{name} {value:,.4g}" for name, value in zip(names, self.means.tolist(), strict=True))
        return {
            "purchase model": Shown(", ".join(purchase)),
            "money per repeat order": Shown(", ".join(money)),
            "kappa": self.kappa,
            "n_customers": self.n_customers,
            "tier_bounds": self.tier_bounds,
            **{f"identified: {name}": note for name, note in self.identified.items()},
        }


def check_record(
    fitted: CLVFit,
    *,
    kappa: float | None,
    tiers: str | Sequence[float],
    theta: float,
    generations: object,
    price_reference: PriceReference,
) -> None:
    """Raise ValueError for numbers that cannot have been learned with these parameters of a model."""
    _check_money(fitted)
    _check_kappa(fitted, kappa)
    _check_bounds(fitted.tier_bounds, tiers)
    _check_referrals(fitted, theta, generations)
    if fitted.benchmarks is None:
        require(fitted.roles == (), f"fitted.roles must be empty where there are no fitted.benchmarks; got {fitted.roles}")
        return
    check_benchmarks(fitted.benchmarks, price_reference)


def _check_money(fitted: CLVFit) -> None:
    """Refuse money per order that cannot have been learned."""
    for name, array, shape in (
        ("means", fitted.means, (4,)),
        ("means_covariance", fitted.means_covariance, (4, 4)),
        ("service_rates", fitted.service_rates, (2,)),
    ):
        require(array.shape == shape, f"fitted.{name} must be of shape {shape}; it is of shape {array.shape}")
        require(bool((np.abs(array) <= _MOST).all()), f"fitted.{name} must be within {_MOST:g}; got {array.tolist()!r:.80}")
    check_symmetric(fitted.means_covariance, "fitted.means_covariance")
    absent = sorted({"basis", *COMPONENTS} - set(fitted.identified))
    require(not absent, f"fitted.identified must hold a note for each component; it lacks {absent}")


def _check_kappa(fitted: CLVFit, given: float | None) -> None:
    """Refuse a weight of the prior that is not the one given, or whose error cannot be."""
    kappa, error = fitted.kappa, fitted.kappa_error
    require(given is None or kappa == given, f"fitted.kappa is {kappa!r}, and kappa={given!r}")
    require(kappa <= _MOST or np.isinf(kappa), f"fitted.kappa must be infinite or within {_MOST:g}; got {kappa!r}")
    is_so = error == 0.0 or (given is None and 0.0 < kappa < np.inf and error <= _MOST)
    require(is_so, f"fitted.kappa_error must be 0 where kappa was given, is 0 or infinite; got {error!r}")


def _check_bounds(bounds: FloatArray, tiers: str | Sequence[float]) -> None:
    """Refuse values that do not part the tiers."""
    n = _N_TIERS[tiers] - 1 if isinstance(tiers, str) else len(tiers)
    require(bounds.shape == (n,), f"fitted.tier_bounds must be {n} numbers; it is of shape {bounds.shape}")
    require(bool((np.diff(bounds) >= 0).all()), f"fitted.tier_bounds must ascend; got {bounds.tolist()}")
    is_so = isinstance(tiers, str) or np.array_equal(bounds, np.array(tiers, np.float64))
    require(is_so, f"fitted.tier_bounds must be the tiers {tiers}; got {bounds.tolist()}")
    require(tiers != "abc" or bool((bounds >= 0).all()), f"fitted.tier_bounds must be 0 or more; got {bounds.tolist()}")


def _check_referrals(fitted: CLVFit, theta: float, generations: object) -> None:
    """Refuse referrals of which one number says that there are some, and another that there are none."""
    outlook, shape, rate = fitted.referrals, fitted.referral_shape, fitted.referral_rate
    if outlook is None:
        is_so = shape == rate == fitted.referral_value == 0.0
        require(is_so, "fitted.referral_shape, referral_rate and referral_value must be 0 where fitted.referrals is None")
        return
    for name, value in (("referral_shape", shape), ("referral_rate", rate)):
        require(1.0 / _MOST <= value <= _MOST, f"fitted.{name} must be above 0 where there are fitted.referrals; got {value!r}")
    n_thetas, n = 2 if generations == 1 else len(outlook.past), len(fitted.purchase.names)
    for name, array, shape_of in (
        ("past", outlook.past, (max(n_thetas, 2),)),
        ("future", outlook.future, (max(n_thetas, 2),)),
        ("elasticity", outlook.elasticity, (n,)),
        ("covariance", outlook.covariance, (2, 2)),
    ):
        where = f"fitted.referrals.{name}"
        require(array.shape == shape_of, f"{where} must be of shape {shape_of}; it is of shape {array.shape}")
        require(bool((np.abs(array) <= _MOST).all()), f"{where} must be within {_MOST:g}; got {array.tolist()!r:.80}")
    require(abs(outlook.slope) <= _MOST, f"fitted.referrals.slope must be within {_MOST:g}; got {outlook.slope!r}")
    check_symmetric(outlook.covariance, "fitted.referrals.covariance")
    value, found = fitted.referral_value, outlook.value(theta)
    size = max(float(np.abs(outlook.past).max()), float(np.abs(outlook.future).max()))
    room = _ROUNDING if generations == 1 else 0.05
    require(abs(value - found) <= room * size, f"fitted.referral_value is {value!r}, and by fitted.referrals {found!r}")
