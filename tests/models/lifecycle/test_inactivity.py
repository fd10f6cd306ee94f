"""LifecycleModel with a purchase model as its clock."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.data.simulate.lifecycle import simulate_lifecycle

CLOCK = crm.BetaGeoModel(horizon=99, unit="D")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """Histories of 7 to 14 months of customers who order rarely, and may stop for good."""
    rng = np.random.default_rng(4)
    rows = []
    for i in range(400):
        length, left = int(rng.integers(7, 15)), rng.geometric(0.08)
        rate = rng.gamma(1.2, 0.7) * (np.arange(length) < left)
        rows.append(pd.DataFrame({"customer_id": f"c{i}", "period": np.arange(14 - length, 14), "n_orders": rng.poisson(rate)}))
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def model(panel: pd.DataFrame) -> crm.LifecycleModel:
    return crm.LifecycleModel(n_starts=1, n_grid=5, horizon=2, purchase_model=CLOCK).fit(panel)


def customers_of(panel: pd.DataFrame) -> pd.DataFrame:
    """Frequency, age at last and age in periods, customer by customer."""
    rows = []
    for customer, history in panel.groupby("customer_id", sort=False):
        counts = history["n_orders"].tolist()
        ordered = [t for t, y in enumerate(counts) if y]
        last = ordered[-1] + counts[ordered[-1]] / (counts[ordered[-1]] + 1) if ordered else 0.0
        rows.append({"customer_id": customer, "frequency": sum(counts), "age_at_last": last, "age": len(counts)})
    return pd.DataFrame(rows)


def test_the_overlay_is_the_purchase_model_on_the_table_by_hand(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    customers = customers_of(panel)
    alone = crm.BetaGeoModel(horizon=2, unit="M").fit(customers)
    assert model.fitted.purchase is not None
    np.testing.assert_allclose(model.fitted.purchase.values, alone.fitted.values, rtol=1e-9)
    assert model.fitted.purchase.unit == "M"
    scores = model.score(panel)
    silence = alone.score(customers)["probability_no_purchase"].to_numpy()
    np.testing.assert_allclose(scores["probability_no_purchase"], silence, rtol=1e-9)
    most = scores.to_numpy()[:, :4].argmax(axis=1)
    expected = np.where(silence >= 0.5, "decline", np.array(["exploration", "build-up", "stable", "decline"])[most])
    assert model.segment(panel).astype(str).tolist() == expected.tolist()
    assert model.stages(panel)["stage"].astype(str).tolist() == expected.tolist()
    # Neither everybody nor nobody is called silent, and the other clock would have said something else.
    assert 0.1 < (silence >= 0.5).mean() < 0.9
    assert ((scores["probability_no_order_in_gap"] >= 0.5) != (silence >= 0.5)).any()


def test_the_other_columns_stay_as_they_are_without(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    without = crm.LifecycleModel(n_starts=1, n_grid=5, horizon=2).fit(panel)
    assert model.score_columns() == (*without.score_columns(), "probability_no_purchase")
    pd.testing.assert_frame_equal(model.score(panel).iloc[:, :-1], without.score(panel), check_exact=True)
    assert without.fitted.purchase is None


def test_flow_uses_the_same_clock(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    flow = model.flow(panel, 10, 13)
    counts = flow.groupby("after")["n_customers"].sum()
    found = model.segment(panel).astype(str).value_counts()
    assert counts[counts > 0].to_dict() == found.to_dict()


def test_a_log_counts_all_but_the_first_order_and_the_days_observed() -> None:
    drawn = simulate_lifecycle(120, 3, n_periods=9, acquisition_periods=3)
    orders = crm.Orders(drawn.orders, customer="customer_id", time="date", until="2024-09-20")
    model = crm.LifecycleModel(n_starts=1, n_grid=5, purchase_model=crm.NBDModel(horizon=1)).fit(orders)
    panel = orders.panel(period="M")
    assert panel["exposure"].min() < 1
    by_customer = panel.groupby("customer_id").agg(n=("n_orders", "sum"), age=("exposure", "sum"))
    table = pd.DataFrame({"frequency": by_customer["n"] - 1, "age_at_last": 0.0, "age": by_customer["age"]})
    # NBD does not read the time of the last order beyond its being there.
    table["age_at_last"] = np.where(table["frequency"] > 0, table["age"], 0.0)
    alone = crm.NBDModel(horizon=3).fit(table.rename_axis("customer_id").reset_index())
    silence = alone.score(table.rename_axis("customer_id").reset_index())["probability_no_purchase"]
    np.testing.assert_allclose(model.score(orders)["probability_no_purchase"].reindex(by_customer.index), silence, rtol=1e-9)


def test_unit_and_horizon_of_the_purchase_model_are_not_read(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    # Ages of 14 years would be warned of in another unit, and warnings are errors here.
    other = crm.LifecycleModel(n_starts=1, n_grid=5, horizon=2, purchase_model=crm.BetaGeoModel(horizon=1, unit="Y"))
    pd.testing.assert_frame_equal(other.fit(panel).score(panel), model.score(panel), check_exact=True)


def test_the_purchase_model_given_is_not_touched(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    assert not CLOCK.is_fitted
    fitted = crm.BetaGeoModel(horizon=2, unit="M").fit(customers_of(panel))
    kept = crm.LifecycleModel(purchase_model=fitted).purchase_model
    assert kept == fitted
    assert kept is not fitted
    assert not kept.is_fitted
    assert model.purchase_model is not CLOCK


def test_a_restored_model_answers_as_before(model: crm.LifecycleModel, panel: pd.DataFrame, tmp_path: Any) -> None:
    model.save(tmp_path / "lifecycle.json")
    for restored in (crm.load(tmp_path / "lifecycle.json"), copy.deepcopy(model)):
        assert restored == model
        pd.testing.assert_frame_equal(restored.stages(panel), model.stages(panel), check_exact=True)
        assert repr(restored) == repr(model)
    assert "purchase model" in repr(model)


def test_a_record_without_its_purchase_model_is_damaged(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    document = json.loads(json.dumps(model.to_dict()))
    document["fitted"]["fields"]["purchase"] = None
    with pytest.raises(crm.SavedFormatError, match="damaged"):
        crm.LifecycleModel.from_dict(document)
    document["parameters"]["purchase_model"] = None
    restored = crm.LifecycleModel.from_dict(document)
    assert "probability_no_purchase" not in restored.score(panel).columns


def test_a_record_of_another_purchase_model_is_damaged(model: crm.LifecycleModel) -> None:
    document = json.loads(json.dumps(model.to_dict()))
    other = crm.LifecycleModel(purchase_model=crm.NBDModel(horizon=2)).to_dict()
    document["parameters"]["purchase_model"] = other["parameters"]["purchase_model"]
    with pytest.raises(crm.SavedFormatError, match="damaged"):
        crm.LifecycleModel.from_dict(document)


@pytest.mark.parametrize(
    "given", [crm.BetaGeoBetaBinomModel(horizon=3), crm.NBDModel(horizon=3, weight="n"), crm.RFMModel(), "ParetoNBDModel", 3]
)
def test_what_is_no_clock_is_refused(given: Any) -> None:
    with pytest.raises(crm.ParameterError) as caught:
        crm.LifecycleModel(purchase_model=given)
    assert str(caught.value).startswith(
        "LifecycleModel(purchase_model=...) must be None, or a purchase model of continuous time and without weight, "
        "such as ParetoNBDModel(horizon=3); got "
    )
