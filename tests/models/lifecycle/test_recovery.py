"""Stages of the package's own simulator, where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels.data.simulate.lifecycle import simulate_lifecycle


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Accuracy of filtered stages in the last of 24 months, with and without differences between customers."""
    rows = []
    for seed in (1, 2):
        drawn = simulate_lifecycle(1500, seed, n_periods=24)
        last = drawn.stages[drawn.stages["period"] == drawn.stages["period"].max()].set_index("customer_id")["stage"]
        found = crm.LifecycleModel().choice(drawn.panel, n_stages=(4,), truth=last.astype(str))
        rows.append(found.assign(seed=seed))
    return pd.concat(rows).groupby("heterogeneity").mean()


def test_stages_are_found_where_the_majority_and_a_model_without_differences_fail(table: pd.DataFrame) -> None:
    majority, alike, own = table.loc[True, "majority"], table.loc[False, "accuracy"], table.loc[True, "accuracy"]
    assert majority == pytest.approx(0.52, abs=0.04)
    assert alike == pytest.approx(0.30, abs=0.07)
    assert own >= 0.65


def test_differences_between_customers_win_by_bic(table: pd.DataFrame) -> None:
    assert table.loc[True, "bic"] < table.loc[False, "bic"] - 500


@pytest.mark.slow
def test_parameters_come_back() -> None:
    drawn = simulate_lifecycle(5000, 5, n_periods=24)
    found = crm.LifecycleModel(n_grid=15, n_starts=1, prior_weight=1.0).fit(drawn.panel).fitted.parameters
    truth = drawn.parameters
    np.testing.assert_allclose(found.rate, truth.order_rates, rtol=0.2)
    np.testing.assert_allclose(found.moves, truth.transitions, atol=0.04)
    assert found.shape == pytest.approx(truth.multiplier_shape, rel=0.15)
