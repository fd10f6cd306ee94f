"""Comparisons of purchase models, by hand and by brute force."""

from __future__ import annotations

import copy
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.stats import chi2

import crmmodels as crm
from crmmodels.models.purchase import comparison

ROLES = {"customer": "customer_id", "time": "date"}


def models() -> list[Any]:
    return [kind(horizon=39, unit="W") for kind in (crm.NBDModel, crm.BetaGeoModel, crm.ParetoNBDModel)]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    truth = crm.ParetoNBDModel.from_parameters({"r": 0.7, "alpha": 8.0, "s": 0.6, "beta": 12.0}, horizon=40, unit="W")
    drawn = truth.simulate(400, np.random.default_rng(1).uniform(25, 52, 400), rng=3, until="2025-12-31")
    return drawn[["customer_id", "date"]]


@pytest.fixture(scope="module")
def split(log) -> crm.Split:
    return crm.Orders(log, **ROLES).split(at="2025-08-31", until="2025-12-31")


@pytest.fixture(scope="module")
def customers(split) -> pd.DataFrame:
    return split.customers(unit="W")


@pytest.fixture(scope="module")
def compared(split) -> crm.Comparison:
    return crm.compare(models(), split)


@pytest.fixture(scope="module")
def fitted(customers) -> dict[str, Any]:
    return {type(model).__name__: model.fit(customers) for model in models()}


def test_criteria_by_hand(compared, fitted, customers):
    for name, model in fitted.items():
        row, top = compared.table.loc[name], model.fitted.log_likelihood
        k = {"NBDModel": 2, "BetaGeoModel": 4, "ParetoNBDModel": 4}[name]
        assert row["n_parameters"] == k
        assert row["log_likelihood"] == top
        assert row["aic"] == pytest.approx(2 * k - 2 * top, rel=1e-14)
        assert row["bic"] == pytest.approx(k * np.log(len(customers)) - 2 * top, rel=1e-14)
        if name != "NBDModel":
            ratio = 2 * (top - fitted["NBDModel"].fitted.log_likelihood)
            assert ratio > 5
            assert row["likelihood_ratio"] == pytest.approx(ratio, rel=1e-12)
            assert row["p_value"] == pytest.approx(chi2.sf(ratio, 2), rel=1e-9)
    assert np.isnan(compared.table.loc["NBDModel", "likelihood_ratio"])
    assert compared.table.index.tolist() == [*fitted, "days since last order"]


def test_a_ratio_is_given_beside_the_nested_model_only(customers):
    table = crm.compare(models()[1:], customers).table
    assert "likelihood_ratio" not in table
    assert "p_value" not in table


def test_errors_in_the_holdout_by_hand(compared, fitted, customers):
    duration = customers["duration_holdout"].unique().item()
    assert duration == pytest.approx(122 / 7)
    actual = customers["order_days_holdout"].to_numpy()
    for name, model in fitted.items():
        expected = model.expected_purchases(customers, duration)["expected_purchases"].to_numpy()
        row = compared.table.loc[name]
        assert row["actual"] == actual.sum()
        assert row["expected"] == pytest.approx(expected.sum(), rel=1e-12)
        assert row["total_error"] == pytest.approx(expected.sum() / actual.sum() - 1, rel=1e-9)
        assert row["mean_absolute_error"] == pytest.approx(np.mean([abs(e - a) for e, a in zip(expected, actual, strict=True)]))


def test_the_log_score_by_brute_force(compared, fitted, customers):
    """Asked for by number of later orders, one after the other."""
    duration = customers["duration_holdout"].iloc[0]
    for name, model in fitted.items():
        logs = [
            np.log(model.purchase_distribution(same, duration, n)[f"probability_{n}"].to_numpy())
            for n, same in customers.groupby("order_days_holdout")
        ]
        assert len(logs) > 5
        assert compared.table.loc[name, "log_score"] == pytest.approx(np.concatenate(logs).mean(), rel=1e-12)


def test_blocks_of_the_log_score_do_not_show(customers, monkeypatch):
    whole = crm.compare(models()[:2], customers).table["log_score"]
    monkeypatch.setattr(comparison, "_CHANCES_AT_ONCE", 7)
    np.testing.assert_allclose(crm.compare(models()[:2], customers).table["log_score"], whole, rtol=1e-12)


def test_the_auc_against_a_double_loop(compared, fitted, customers):
    duration = customers["duration_holdout"].iloc[0]
    active = customers["order_days_holdout"].to_numpy() > 0
    scores = {
        name: model.expected_purchases(customers, duration)["expected_purchases"].to_numpy() for name, model in fitted.items()
    }
    scores["days since last order"] = -(customers["age"] - customers["age_at_last"]).to_numpy()
    for name, score in scores.items():
        wins = [(a > b) + 0.5 * (a == b) for a in score[active] for b in score[~active]]
        assert compared.table.loc[name, "auc"] == pytest.approx(np.mean(wins), rel=1e-12)
        assert 0.6 < np.mean(wins) < 1.0


def test_by_frequency_against_a_group_by(split, fitted, customers):
    duration, most = customers["duration_holdout"].iloc[0], 4
    found = crm.compare(models(), split, most_orders=most).by_frequency
    assert found.index.tolist() == ["0", "1", "2", "3", "4+"]
    assert found.columns.tolist() == ["n_customers", "actual", *fitted]
    table = customers.assign(
        group=customers["frequency"].clip(upper=most),
        **{name: model.expected_purchases(customers, duration)["expected_purchases"] for name, model in fitted.items()},
    )
    groups = table.groupby("group")
    assert found["n_customers"].tolist() == groups.size().tolist()
    np.testing.assert_allclose(found["actual"], groups["order_days_holdout"].mean(), rtol=1e-12)
    for name in fitted:
        np.testing.assert_allclose(found[name], groups[name].mean(), rtol=1e-12)


def test_the_tracking_error_against_the_weeks_of_the_holdout(compared, fitted, split, log):
    """Weeks since the first order of the calibration that lie in the holdout, of the customers of the calibration."""
    days = log.assign(day=log["date"].dt.normalize()).drop_duplicates(["customer_id", "day"])
    first = days.groupby("customer_id")["day"].min()
    births = first[first <= "2025-08-31"]
    start = births.min()
    repeats = days[days["customer_id"].isin(births.index) & (days["day"] > days["customer_id"].map(first))]["day"]
    begin = (pd.Timestamp("2025-08-31") - start).days + 1
    weeks = [
        week
        for week in range(1, 80)
        if 7 * week > begin and start + pd.Timedelta(days=7 * week - 1) <= pd.Timestamp("2025-12-31")
    ]
    assert len(weeks) >= 16
    for name, model in fitted.items():
        expected, actual = [], []
        for week in weeks:
            low, high = (start + pd.Timedelta(days=7 * k - 1) for k in (week - 1, week))
            ages = [[max((end - birth).days, 0) / 7 for birth in births] for end in (low, high)]
            low_total, high_total = (model.expected_purchases_new(np.array(age)).sum() for age in ages)
            expected.append(high_total - low_total)
            actual.append(((repeats > low) & (repeats <= high)).sum())
        error = np.abs(np.array(expected) - actual).mean() / np.mean(actual)
        assert compared.table.loc[name, "tracking_error"] == pytest.approx(error, rel=1e-9)


def test_a_table_without_a_holdout_is_compared_by_its_likelihood_alone(customers):
    found = crm.compare(models(), customers[["customer_id", "frequency", "age_at_last", "age"]])
    assert found.by_frequency is None
    assert found.table.columns.tolist() == ["n_parameters", "log_likelihood", "aic", "bic", "likelihood_ratio", "p_value"]
    assert found.table["n_parameters"].tolist() == [2, 4, 4]


def test_a_table_with_a_holdout_is_compared_as_its_split_but_for_tracking(compared, customers):
    found = crm.compare(models(), customers)
    pd.testing.assert_frame_equal(found.table, compared.table.drop(columns="tracking_error"), rtol=1e-12)
    pd.testing.assert_frame_equal(found.by_frequency, compared.by_frequency, rtol=1e-12)


def test_every_kind_of_table_gives_the_same(customers):
    table = customers[["customer_id", "frequency", "age_at_last", "age", "order_days_holdout", "duration_holdout"]]
    expected = crm.compare(models(), table)
    columns = {name: table[name].to_list() for name in table}
    arrow = pa.table(columns)
    for other in (pl.DataFrame(columns), pl.LazyFrame(columns), arrow, duckdb.connect().from_arrow(arrow)):
        found = crm.compare(models(), other)
        pd.testing.assert_frame_equal(found.table, expected.table, rtol=1e-12)
        pd.testing.assert_frame_equal(found.by_frequency, expected.by_frequency, rtol=1e-12)


def test_a_split_of_another_library_gives_the_same(compared, log):
    frame = pl.from_arrow(pa.Table.from_pandas(log, preserve_index=False))
    found = crm.compare(models(), crm.Orders(frame, **ROLES).split(at="2025-08-31", until="2025-12-31"))
    pd.testing.assert_frame_equal(found.table, compared.table, rtol=1e-9)
    pd.testing.assert_frame_equal(found.by_frequency, compared.by_frequency, rtol=1e-9)


def test_the_models_given_stay_as_they_are(customers):
    one, two = models()[:2]
    one.fit(customers.head(150))
    before, unfitted = one.to_dict(), copy.deepcopy(two)
    crm.compare([one, two], customers)
    assert one.to_dict() == before
    assert not two.is_fitted
    assert two == unfitted


def test_priors_and_weights_of_the_models_are_used(customers):
    table = customers.assign(n=2)
    prior = {"r": crm.LogNormalPrior(0.2, 0.05)}
    model = crm.BetaGeoModel(horizon=39, unit="W", prior=prior, weight="n")
    found = crm.compare([model], table[["customer_id", "frequency", "age_at_last", "age", "n"]]).table
    assert found.loc["BetaGeoModel", "log_likelihood"] == model.fit(table).fitted.log_likelihood
    plain = crm.compare(models()[1:2], table[["customer_id", "frequency", "age_at_last", "age"]]).table
    assert found.loc["BetaGeoModel", "log_likelihood"] < 2 * plain.loc["BetaGeoModel", "log_likelihood"]


def test_a_holdout_without_orders_or_without_silence_has_no_auc(customers):
    none = crm.compare(models()[1:2], customers.assign(order_days_holdout=0)).table
    assert np.isnan(none.loc["BetaGeoModel", "auc"])
    assert np.isnan(none.loc["BetaGeoModel", "total_error"])
    assert np.isfinite(none.loc["BetaGeoModel", "log_score"])
    all_active = crm.compare(models()[1:2], customers.assign(order_days_holdout=1)).table
    assert np.isnan(all_active.loc["BetaGeoModel", "auc"])
    assert np.isfinite(all_active.loc["BetaGeoModel", "total_error"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"duration_holdout": np.nan}, "column 'duration_holdout' misses 400 values"),
        (
            {"duration_holdout": 0.0},
            "column 'duration_holdout' must hold one number above 0 for all customers; it holds 1, such as 0",
        ),
        ({"order_days_holdout": 1.5}, "column 'order_days_holdout' has .* should be whole numbers"),
        ({"order_days_holdout": -1}, "column 'order_days_holdout' has .* below 0"),
    ],
)
def test_a_holdout_that_is_none_is_refused(customers, changed, message):
    with pytest.raises(crm.DataError, match=message):
        crm.compare(models()[:1], customers.assign(**changed))


def test_holdouts_of_different_length_are_refused(customers):
    mixed = customers.assign(duration_holdout=np.where(np.arange(len(customers)) < 3, 10.0, 12.0))
    with pytest.raises(crm.DataError, match="must hold one number above 0 for all customers; it holds 2, such as 10"):
        crm.compare(models()[:1], mixed)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "a list of purchase models"),
        ("BetaGeoModel", "a list of purchase models"),
        ([crm.RFMModel()], "a list of purchase models"),
        ([crm.BetaGeoModel], "a list of purchase models"),
        ([crm.BetaGeoModel(horizon=1), crm.NBDModel(horizon=1, unit="W")], "models of one unit"),
        ([crm.BetaGeoModel(horizon=1), crm.BetaGeoModel(horizon=2)], "models of different classes"),
        ([crm.BetaGeoBetaBinomModel(horizon=1)], "models of continuous time"),
    ],
)
def test_models_that_cannot_be_compared(given, message, customers):
    with pytest.raises(crm.ParameterError, match=rf"compare\(models=\.\.\.\) must be {message}"):
        crm.compare(given, customers)
    for most in (0, -1, 2.5, None):
        with pytest.raises(crm.ParameterError, match=r"compare\(most_orders=\.\.\.\) must be a whole number, 1 or more"):
            crm.compare(models(), customers, most_orders=most)


def test_what_a_comparison_shows(compared):
    shown = repr(compared).splitlines()
    assert shown[0].split()[:4] == ["n_parameters", "log_likelihood", "aic", "bic"]
    assert [line.split()[0] for line in shown[2:]] == ["NBDModel", "BetaGeoModel", "ParetoNBDModel", "days"]
    assert compared._repr_html_().count("<tr") == 1 + 1 + 4
