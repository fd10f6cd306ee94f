"""What a saved record of a model of customer lifetime value may hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from crmmodels._domains import check_symmetric, require
from crmmodels._typing import FloatArray
from crmmodels.models.clv.record import COMPONENTS, CLVFit

_N_TIERS: Final = {"quartiles": 4, "abc": 3}
_MOST: Final = 1e30
"""Money, rates and widths beyond this are of no currency."""
_ROUNDING: Final = 1e-6


def check_money(fitted: CLVFit) -> None:
    """Refuse money per order that cannot have been learned.

    Parameters
    ----------
    fitted : CLVFit
        The record.

    Raises
    ------
    ValueError
        If a mean is missing, their covariance is none, or a component is not explained.
    """
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


def check_kappa(fitted: CLVFit, given: float | None) -> None:
    """Refuse a weight of the prior that is not the one given, or whose error cannot be.

    Parameters
    ----------
    fitted : CLVFit
        The record.
    given : float or None
        The parameter of the model.

    Raises
    ------
    ValueError
        If they do not go together.
    """
    kappa, error = fitted.kappa, fitted.kappa_error
    require(given is None or kappa == given, f"fitted.kappa is {kappa!r}, and kappa={given!r}")
    require(kappa <= _MOST or np.isinf(kappa), f"fitted.kappa must be infinite or within {_MOST:g}; got {kappa!r}")
    is_so = error == 0.0 or (given is None and 0.0 < kappa < np.inf and error <= _MOST)
    require(is_so, f"fitted.kappa_error must be 0 where kappa was given, is 0 or infinite; got {error!r}")


def check_bounds(bounds: FloatArray, tiers: str | Sequence[float]) -> None:
    """Refuse values that do not part the tiers.

    Parameters
    ----------
    bounds : ndarray of float64
        The values.
    tiers : {"quartiles", "abc"} or sequence of float
        The parameter of the model.

    Raises
    ------
    ValueError
        If they are too many, too few, descend, or are not those given.
    """
    n = _N_TIERS[tiers] - 1 if isinstance(tiers, str) else len(tiers)
    require(bounds.shape == (n,), f"fitted.tier_bounds must be {n} numbers; it is of shape {bounds.shape}")
    require(bool((np.diff(bounds) >= 0).all()), f"fitted.tier_bounds must ascend; got {bounds.tolist()}")
    is_so = isinstance(tiers, str) or np.array_equal(bounds, np.array(tiers, np.float64))
    require(is_so, f"fitted.tier_bounds must be the tiers {tiers}; got {bounds.tolist()}")
    require(tiers != "abc" or bool((bounds >= 0).all()), f"fitted.tier_bounds must be 0 or more; got {bounds.tolist()}")


def check_referrals(fitted: CLVFit, theta: float, generations: object) -> None:
    """Refuse referrals of which one number says that there are some, and another that there are none.

    Parameters
    ----------
    fitted : CLVFit
        The record.
    theta : float
        Probability that a referred customer would not have come otherwise.
    generations : {1, "all"}
        The parameter of the model.

    Raises
    ------
    ValueError
        If they do not go together.
    """
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
