"""What CLVModel learned, and the names of its components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from crmmodels._domains import CountFromOne, Matrix, NonNegative, NonNegativeOrInfinite, Vector
from crmmodels.data.accounts.reference_prices import Benchmarks
from crmmodels.display import Shown
from crmmodels.models.clv.referrals import ReferralOutlook
from crmmodels.models.parametric.record import ParametricFit

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
