"""What the simulated retailer refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import crmmodels as crm
from crmmodels.data.simulate import Channel, ParetoNBDParameters, Retailer, RetailerParameters, simulate_retailer


def simulated(n_customers: int, **changes: Any) -> Retailer:
    return simulate_retailer(n_customers, 3, parameters=replace(RetailerParameters(), **changes))


@pytest.mark.parametrize("n_customers", [0, -1, 2.5, "10", True, None])
def test_numbers_of_customers_are_checked(n_customers: Any) -> None:
    with pytest.raises(crm.ParameterError, match=r"n_customers=.*whole number, 1 or more"):
        simulate_retailer(n_customers, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"price_period": "H"}, "price_period"),
        ({"start": "yesterday"}, "start"),
        ({"parameters": {"n_days": 3}}, "parameters"),
        ({"start": "9999-01-01"}, "n_days"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(crm.ParameterError, match=message):
        simulate_retailer(10, 1, **arguments)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_days", 0),
        ("n_days", 36_526),
        ("n_categories", 1.5),
        ("skus_per_category", 0),
        ("acquisition_span", 0.0),
        ("inflation_annual", -1.0),
        ("list_price", 0.0),
        ("list_price_spread", -0.1),
        ("unit_cost_share", 1.1),
        ("introductory_discount", 1.0),
        ("introductory_discount", 0.9),
        ("introductory_spread", 0.2),
        ("discount_decay_order", -0.1),
        ("discount_decay_year", float("nan")),
        ("discount_noise", 1.5),
        ("extra_lines", -1.0),
        ("extra_units", float("inf")),
        ("extra_units_spread", -1.0),
        ("category_adoption", 2.0),
        ("service_learning", "0.1"),
        ("service_noise", -0.2),
        ("contact_rate", -1.0),
        ("contact_cost", None),
        ("acquisition_cost", -1.0),
        ("referee_acquisition_cost", -1.0),
        ("acquisition_noise", 11.0),
        ("referral_rate", 5.0),
        ("referral_reward", -3.0),
        ("referral_theta", 1.01),
        ("return_share", True),
        ("return_delay_days", 0.0),
        ("purchases", (1.0, 2.0, 3.0, 4.0)),
        ("channels", ()),
        ("channels", (Channel(name="a", service_cost=1.0),) * 2),
        ("channels", (Channel(name="", service_cost=1.0),)),
    ],
)
def test_parameters_are_checked(name: str, value: Any) -> None:
    with pytest.raises(crm.ParameterError, match=rf"RetailerParameters\({name}=\.\.\.\) must be"):
        simulated(10, **{name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"purchases": ParetoNBDParameters(0.0, 1.0, 1.0, 1.0)}, r"ParetoNBDParameters\(r="),
        ({"purchases": ParetoNBDParameters(1.0, 1e-3, 1.0, 1.0)}, r"ParetoNBDParameters\(alpha="),
        ({"channels": (Channel(name="web", service_cost=-1.0),)}, "'web'.*service_cost"),
        ({"channels": (Channel(name="web", service_cost=1.0, share=0.0),)}, "'web'.*share"),
        ({"channels": (Channel(name="web", service_cost=1.0, opens=1.0),)}, "'web'.*opens"),
    ],
)
def test_records_within_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(crm.ParameterError, match=message):
        simulated(10, **changes)
