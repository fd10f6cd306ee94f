"""How large or small a number of a customer may be: one rule for all models, refused by column, row and value."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmmodels as crm

MODELS: Final[Mapping[str, Any]] = {
    "RFM": crm.RFMModel,
    "ABC": crm.ABCModel,
    "gamma-gamma": crm.GammaGammaModel,
    "Pareto/NBD": lambda: crm.ParetoNBDModel(horizon=30),
    "BG/NBD": lambda: crm.BetaGeoModel(horizon=30),
    "MBG/NBD": lambda: crm.ModifiedBetaGeoModel(horizon=30),
    "NBD": lambda: crm.NBDModel(horizon=30),
    "BG/BB": lambda: crm.BetaGeoBetaBinomModel(horizon=3),
    "sBG": lambda: crm.ShiftedBetaGeoModel(horizon=3),
    "CLV": crm.CLVModel,
    "lifecycle": crm.LifecycleModel,
}
TIMES: Final = ("age_at_last", "age", "days_since_last")
COUNTS: Final = ("frequency", "n_orders", "tenure")


def limit_of(kind: str, column: str) -> float:
    """The largest value that the documentation names."""
    if column == "tenure":
        return 1e5
    if kind == "BG/BB":
        return 1e4
    if column == "squares":
        return 1e45
    return 1e6 if column == "frequency" else 1e12 if column in (*TIMES, "period") else 1e9 if column == "n_orders" else 1e18


def example(kind: str, n: int = 60, seed: int = 1) -> pd.DataFrame:
    return MODELS[kind]().example(n_customers=n, seed=seed)


CASES: Final = [
    (kind, column.name)
    for kind, model in MODELS.items()
    for column in model().columns()
    if column.name not in ("churned", "period")
]


@pytest.mark.parametrize(("kind", "column"), CASES)
@pytest.mark.parametrize("value", [1e300, 1e308])
def test_absurd_numbers_are_refused_by_column_and_row_in_fit_and_score(kind, column, value):
    table = example(kind)
    table[column] = table[column].astype(np.float64)
    model = MODELS[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        model.fit(table)
        table.loc[7, column] = value
        told = f"column {column!r} has 1 value above {limit_of(kind, column):g} (such as {value:g}) in row 7; drop or correct them first"
        for verb in (model.score, MODELS[kind]().fit):
            with pytest.raises(crm.DataError) as caught:
                verb(table)
            assert told in str(caught.value)


@pytest.mark.parametrize("kind", ["RFM", "ABC", "gamma-gamma"])
def test_money_far_below_zero_is_refused_too(kind):
    table = example(kind)
    column = "mean_repeat_spend" if kind == "gamma-gamma" else "spend"
    table.loc[3, column] = -1e300
    with pytest.raises(crm.DataError, match=rf"column '{column}' has 1 value below -1e\+18 \(such as -1e\+300\) in row 3"):
        MODELS[kind]().fit(table)


def test_weights_have_the_limit_of_counts():
    table = crm.BetaGeoModel.example(60, 1).assign(n=1.0)
    table.loc[2, "n"] = 1e300
    with pytest.raises(crm.DataError, match=r"column 'n' has 1 value above 1e\+09 \(such as 1e\+300\) in row 2"):
        crm.BetaGeoModel(horizon=3, weight="n").fit(table)


def test_money_that_no_logarithm_can_tell_from_nothing():
    table = example("gamma-gamma")
    row = int(np.flatnonzero(table["frequency"] > 0)[0])
    table.loc[row, "mean_repeat_spend"] = 5e-324
    with pytest.raises(crm.DataError, match=f"1 customer in row {row} with repeat orders but mean_repeat_spend below 1e-18"):
        crm.GammaGammaModel().fit(table)


# Opportunities


@pytest.mark.parametrize("age", [1e5, 1e7])
def test_opportunities_have_a_limit(age):
    table = example("BG/BB", 200)
    table.loc[5, ["frequency", "age_at_last", "age"]] = [3, 10, age]
    started = time.process_time()
    with pytest.raises(crm.DataError) as caught:
        crm.BetaGeoBetaBinomModel(horizon=5).fit(table)
    assert f"- column 'age' has 1 value above 10000 (such as {age:g}) in row 5; drop or correct them first" in str(caught.value)
    assert time.process_time() - started < 5.0


def test_the_largest_number_of_opportunities_is_fitted():
    table = example("BG/BB", 200)
    table.loc[5, ["frequency", "age_at_last", "age"]] = [3, 10, 10_000]
    model = crm.BetaGeoBetaBinomModel(horizon=10_000).fit(table)
    assert np.isfinite(model.score(table).to_numpy()).all()


def test_horizons_have_the_limit_of_ages():
    for kind, limit, unit in (
        (crm.BetaGeoBetaBinomModel, "10,000", "opportunities"),
        (crm.NBDModel, "1,000,000,000,000", "days"),
    ):
        with pytest.raises(crm.ParameterError, match=rf"horizon=...\) must be at most {limit} {unit}; got"):
            kind(horizon=10**13)
        model = kind(horizon=3).fit(kind.example(100, 1))
        for call in (
            lambda model=model: model.expected_purchases_new([1, 10**13]),
            lambda model=model: model.simulate(2, 10**13, rng=1),
            lambda model=model, kind=kind: model.probability_alive(kind.example(9, 1), ahead=10**13),
        ):
            with pytest.raises(crm.ParameterError, match=f"must be at most {limit} {unit}"):
                call()


# Anything between: errors of the library, or numbers.

POOLS: Final[Mapping[str, list[float]]] = {
    "counts": [0, 1, 2, 5, 100, 1e4, 1e6, 1e9, 1e300],
    "times": [0, 1e-300, 5e-324, 1e-12, 1e-6, 0.1, 1, 30, 1e3, 1e6, 1e9, 1e12, 1e308],
    "money": [0, 1e-300, 5e-324, 1e-18, 1e-6, 0.01, 1, 20, 1e6, 1e12, 1e18, 1e300, -1e300, -5, -1e18],
}


def pool_of(column: str) -> list[float]:
    if column == "churned":
        return [0, 1]
    return POOLS["counts" if column in COUNTS else "times" if column in TIMES else "money"]


@st.composite
def extreme_tables(draw: Any, kind: str) -> pd.DataFrame:
    """Ordinary customers, some of whose numbers are extreme, made consistent more often than not."""
    table = example(kind, draw(st.sampled_from([3, 12, 60])), draw(st.integers(0, 99)))
    columns = [column.name for column in MODELS[kind]().columns() if column.name != "period"]
    table[columns] = table[columns].astype(np.float64)
    for column in columns:
        for _ in range(draw(st.integers(0, 2))):
            table.loc[draw(st.integers(0, len(table) - 1)), column] = draw(st.sampled_from(pool_of(column)))
    if not {"age", "age_at_last"} <= set(columns) or draw(st.integers(0, 9)) == 0:
        return table
    if kind == "BG/BB":
        # Many opportunities take long; their limit has a test of its own.
        table["age"] = np.floor(np.where(table["age"] <= 1e4, np.minimum(table["age"], 500), table["age"]))
        table["age_at_last"] = np.floor(table["age_at_last"])
        table["frequency"] = np.minimum(table["frequency"], table["age_at_last"])
    table["age_at_last"] = np.minimum(table["age_at_last"], table["age"])
    table.loc[(table["frequency"] == 0) | (table["age_at_last"] == 0), ["frequency", "age_at_last"]] = 0
    return table


@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind != "lifecycle"])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_extremes_give_numbers_or_errors_of_the_library(kind, data):
    table = data.draw(extreme_tables(kind))
    model = MODELS[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        try:
            model.fit(table)
            answers = [model.score(table)]
            model.segment(table)
            model.summary(table)
            if isinstance(model, crm.PurchaseModel):
                answers += [model.expected_purchases(table), model.purchase_distribution(table, n_max=3)]
                answers += [model.discounted_purchases(table, 0.1), model.probability_alive(table, ahead=3)]
        except crm.CrmModelsError:
            return
    for answer in answers:
        numbers = answer.select_dtypes("number").to_numpy(np.float64)
        assert np.isfinite(numbers).all()
