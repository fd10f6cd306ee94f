"""What the parameters of CLVModel may be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from crmmodels.exceptions import ParameterError
from crmmodels.models.parametric.record import check_level
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.parameters import is_number, is_whole

if TYPE_CHECKING:
    from crmmodels.models.clv.base import CLVBase

_OWNER: Final = "CLVModel"
_REFERENCES: Final = frozenset(("new_customers", "own_first", "list", "column"))
_MOST_TIERS: Final = 100
_MOST_DRAWS: Final = 100_000


def check_parameters(model: CLVBase) -> None:
    """Raise ParameterError for parameters of a model of customer lifetime value that are out of range.

    Parameters
    ----------
    model : CLVBase
        The model.

    Raises
    ------
    ParameterError
        If a parameter is out of range; it is named.
    """
    purchase: Any = model.purchase_model
    if not isinstance(purchase, PurchaseModel) or purchase.process.is_discrete:
        must = "a purchase model of continuous time, such as ParetoNBDModel(horizon=52, unit='W')"
        raise ParameterError.must_be(_OWNER, "purchase_model", must, purchase)
    for name, is_usable, must in _numbers(model):
        if not is_usable:
            raise ParameterError.must_be(_OWNER, name, must, getattr(model, name))
    _check_choices(model)
    check_level(_OWNER, model.level)


def _numbers(model: CLVBase) -> Iterator[tuple[str, bool, str]]:
    """Parameters that are numbers, whether they are in range, and what they must be."""
    horizon, rate, margin, kappa = model.horizon_years, model.discount_rate_annual, model.margin, model.kappa
    yield "horizon_years", is_number(horizon) and 0 < horizon < math.inf, "a number above 0"
    yield (
        "discount_rate_annual",
        is_number(rate) and 0 <= rate < math.inf,
        "a number, 0 or more, such as 0.1 for 10 % a year",
    )
    yield "margin", margin is None or (is_number(margin) and 0 < margin <= 1), "None, or a share above 0, up to 1"
    yield "theta", is_number(model.theta) and 0 <= model.theta <= 1, "a probability from 0 to 1"
    yield "shrinkage", is_number(model.shrinkage) and 0 <= model.shrinkage < math.inf, "a number, 0 or more"
    yield "kappa", kappa is None or (is_number(kappa) and kappa >= 0), "None, or a number, 0 or more"
    yield "n_draws", is_whole(model.n_draws) and 1 <= model.n_draws <= _MOST_DRAWS, f"a whole number from 1 to {_MOST_DRAWS:,}"


def _check_choices(model: CLVBase) -> None:
    generations: Any = model.generations
    if not isinstance(generations, int | str) or isinstance(generations, bool) or generations not in {1, "all"}:
        raise ParameterError.must_be(_OWNER, "generations", "1 or 'all'", generations)
    reference: Any = model.price_reference
    named = isinstance(reference, str) and reference in _REFERENCES
    if not named and not (is_number(reference) and 0 <= reference < 1):
        must = "'new_customers', 'own_first', 'list', 'column', or a share of the list price from 0 to below 1"
        raise ParameterError.must_be(_OWNER, "price_reference", must, reference)
    tiers: Any = model.tiers
    if isinstance(tiers, str) and tiers in {"quartiles", "abc"}:
        return
    usable = isinstance(tiers, tuple) and 0 < len(tiers) < _MOST_TIERS and all(is_number(t) and math.isfinite(t) for t in tiers)
    if not usable or any(low >= high for low, high in pairwise(tiers)):
        raise ParameterError.must_be(_OWNER, "tiers", "'quartiles', 'abc', or ascending amounts of money", tiers)


def check_thetas(owner: str, thetas: Any) -> list[float]:
    """Return probabilities as a list.

    Parameters
    ----------
    owner : str
        Who asks, for the error.
    thetas : object
        What the user gave.

    Returns
    -------
    list of float
        At least one.

    Raises
    ------
    ParameterError
        If they are no probabilities from 0 to 1.
    """
    must = "probabilities from 0 to 1, at least one, such as (0, 0.5, 1)"
    if isinstance(thetas, str):
        raise ParameterError.must_be(owner, "thetas", must, thetas)
    try:
        given = [value.item() if hasattr(value, "item") else value for value in thetas]
    except TypeError:
        raise ParameterError.must_be(owner, "thetas", must, thetas) from None
    if not given or not all(is_number(value) and 0 <= value <= 1 for value in given):
        raise ParameterError.must_be(owner, "thetas", must, thetas)
    return [float(value) for value in given]
