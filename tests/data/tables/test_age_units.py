"""A table whose ages are in another unit than they are read in is refused; a right one never is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.data.tables.age_units import UNIT_DAYS, UNIT_NAMES

LOG = pd.DataFrame(
    {
        "id": ["a"] * 3 + ["b"] * 2 + ["c"] * 4 + ["d", "e"] + ["f"] * 2,
        "date": pd.to_datetime(
            [
                "2024-01-03",
                "2024-02-10",
                "2025-03-01",
                "2024-05-05",
                "2024-05-30",
                "2024-07-01",
                "2024-07-20",
                "2024-12-24",
                "2025-01-31",
                "2024-03-15",
                "2025-04-20",
                "2023-11-11",
                "2025-06-01",
            ]
        ),
        "spend": np.arange(13.0) + 5.0,
    }
)
ORDERS = crm.Orders(LOG, customer="id", time="date", amount="spend", until="2025-06-30")
UNITS = ("D", "W", "M", "Y")
DATES = ["first_order", "last_order", "as_of"]
KEPT = {
    "all": [],
    "only days_since_last": DATES,
    "only as_of and first_order": ["days_since_last", "last_order"],
    "only first and last order": ["days_since_last", "as_of"],
}


def model(unit: str, kind: Any = crm.NBDModel) -> Any:
    parameters = {
        "horizon": 1,
        "unit": unit,
        "prior": {"r": crm.LogNormalPrior(1.0, 0.5), "alpha": crm.LogNormalPrior(10.0, 0.5)},
    }
    return kind(**parameters)


def refused(found: Any, data: Any) -> str:
    with pytest.raises(crm.DataError) as caught:
        found(data)
    return str(caught.value)


@pytest.mark.filterwarnings("ignore::crmmodels.CrmModelsWarning")
@pytest.mark.parametrize("dropped", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("of_model", UNITS)
@pytest.mark.parametrize("of_table", UNITS)
def test_another_unit_is_refused_and_the_own_one_read(of_table: Any, of_model: str, dropped: list[str]) -> None:
    table = ORDERS.customers(unit=of_table).drop(columns=dropped)
    if of_table == of_model:
        assert model(of_model).fit(table).is_fitted
        return
    message = refused(model(of_model).fit, table)
    assert f"the ages of this table are in {UNIT_NAMES[of_table]}, since" in message
    assert (
        f'the model\'s unit is {of_model!r} ({UNIT_NAMES[of_model]}): make it with orders.customers(unit="{of_model}")'
        in message
    )


def test_the_message_shows_the_row_and_the_line_to_type() -> None:
    assert refused(model("W").fit, ORDERS.customers()) == (
        "NBDModel cannot read this table:\n"
        "- the ages of this table are in days, since age - age_at_last is 472 where days_since_last is 472 days (row 3); the model's unit is 'W' "
        '(weeks): make it with orders.customers(unit="W"), or pass the Orders, which are asked for the unit of the model'
    )


@pytest.mark.filterwarnings("ignore::crmmodels.CrmModelsWarning")
def test_the_line_to_type_works() -> None:
    expected = crm.NBDModel(horizon=1, unit="W", prior=model("W").prior).fit(ORDERS).fitted
    found = model("W").fit(ORDERS.customers(unit="W")).fitted
    np.testing.assert_allclose(found.values, expected.values)


VERBS: dict[str, Any] = {
    "score": lambda m, t: m.score(t),
    "segment": lambda m, t: m.segment(t),
    "summary": lambda m, t: m.summary(t),
    "probability_alive": lambda m, t: m.probability_alive(t),
    "expected_purchases": lambda m, t: m.expected_purchases(t),
    "probability_no_purchase": lambda m, t: m.probability_no_purchase(t),
    "purchase_distribution": lambda m, t: m.purchase_distribution(t),
    "discounted_purchases": lambda m, t: m.discounted_purchases(t, discount_rate_annual=0.1, horizon=5),
    "discounted_lifetime": lambda m, t: m.discounted_lifetime(t, discount_rate_annual=0.1, horizon=5),
    "sample_posterior": lambda m, t: m.sample_posterior(t, 10, rng=1),
    "compare": lambda m, t: crm.compare([m], t),
    "compare with a holdout": lambda m, t: crm.compare([m], t.assign(order_days_holdout=0, duration_holdout=4.0)),
}


@pytest.mark.filterwarnings("ignore::crmmodels.CrmModelsWarning")
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_another_unit(verb: str) -> None:
    fitted = model("W").fit(ORDERS.customers(unit="W"))
    message = refused(lambda table: VERBS[verb](fitted, table), ORDERS.customers())
    assert "are in days" in message
    assert "the model's unit is 'W'" in message


@pytest.mark.filterwarnings("ignore::crmmodels.CrmModelsWarning")
def test_plots_refuse_another_unit() -> None:
    plotting = pytest.importorskip("crmmodels.plotting")
    fitted = model("W").fit(ORDERS.customers(unit="W"))
    assert "are in days" in refused(lambda t: plotting.plot_frequency(fitted, t), ORDERS.customers())
    table = ORDERS.split(at="2025-01-31").customers()
    assert "are in days" in refused(lambda t: plotting.plot_calibration(fitted, t), table)


@pytest.mark.filterwarnings("ignore::crmmodels.CrmModelsWarning")
def test_the_customers_of_a_split_tell_their_unit() -> None:
    split = ORDERS.split(at="2025-01-31")
    fitted = model("M").fit(split.customers(unit="M"))
    assert "are in weeks" in refused(fitted.score, split.customers(unit="W"))


@pytest.mark.parametrize("unit", ["D", "W"])
def test_accounts_of_customer_value_tell_their_unit(unit: Any) -> None:
    monthly = crm.CLVModel(purchase_model=crm.NBDModel(horizon=1, unit="M"), n_draws=2)
    other = crm.CLVModel(purchase_model=crm.NBDModel(horizon=1, unit=unit), n_draws=2)
    assert "are in months" in refused(other.fit, monthly.accounts(ORDERS))


def test_opportunities_are_no_days() -> None:
    """BG/BB counts whole periods: its own table is read whatever the dates beside it, a table in days is not."""
    periods = crm.BetaGeoBetaBinomModel(horizon=1, unit="M")
    own = periods._table_of(ORDERS)
    dated = own.merge(ORDERS.customers()[["customer_id", "days_since_last", *DATES]], on="customer_id")
    assert len(periods._read(periods._open(dated))["age"]) == 6
    message = refused(periods.score if periods.is_fitted else periods.fit, ORDERS.customers())
    assert "are in days" in message
    assert "pass the Orders, of which the periods are counted" in message


@pytest.mark.parametrize("kind", ["polars", "polars lazy", "pyarrow", "duckdb", "csv", "objects", "nullable"])
@pytest.mark.parametrize("dropped", [["days_since_last"], DATES], ids=["dates", "days"])
def test_every_engine_tells(kind: str, dropped: list[str]) -> None:
    table: Any = ORDERS.customers().drop(columns=dropped)
    dates = [name for name in DATES if name in table]
    if kind.startswith("polars"):
        table = pytest.importorskip("polars").from_pandas(table)
        table = table.lazy() if kind == "polars lazy" else table
    elif kind in {"pyarrow", "duckdb"}:
        table = pytest.importorskip("pyarrow").Table.from_pandas(table)
        table = pytest.importorskip("duckdb").connect().from_arrow(table) if kind == "duckdb" else table
    elif kind == "csv":
        table = table.assign(**{name: table[name].astype(str) for name in dates})
    elif kind == "objects":
        table = table.assign(**{name: pd.Series(table[name].dt.date.tolist(), dtype=object) for name in dates})
    else:
        table = table.convert_dtypes()
    assert "are in days" in refused(model("W").fit, table)


def test_some_rows_in_another_unit_are_counted() -> None:
    weeks, days = ORDERS.customers(unit="W"), ORDERS.customers()
    mixed = pd.concat([weeks.iloc[:5], days.iloc[5:]], ignore_index=True)
    assert "the ages of 1 of its 6 rows are in days" in refused(
        model("W").fit, mixed.drop(columns=DATES).assign(days_since_last=[*days["days_since_last"][:5], 29])
    )


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "change", ["rounded", "cut", "cut to whole", "later", "another meaning", "missing", "single precision", "young"]
)
@pytest.mark.filterwarnings("ignore::crmmodels.CrmModelsWarning")
def test_a_right_table_is_never_refused(unit: Any, change: str) -> None:
    table = ORDERS.customers(unit=unit)
    ages = ["age_at_last", "age"]
    changed = {
        "rounded": lambda: table.round(dict.fromkeys(ages, 2)),
        "cut": lambda: table.assign(**{name: np.floor(table[name] * 100) / 100 for name in ages}),
        "cut to whole": lambda: table.assign(**{name: np.ceil(table[name]) for name in ages}),
        "later": lambda: table.assign(age=table["age"] + 10),
        "another meaning": lambda: table.assign(days_since_last=[3, 900, 41, 5, 77, 12]),
        "missing": lambda: table.assign(days_since_last=np.nan, as_of=pd.NaT),
        "single precision": lambda: table.astype(dict.fromkeys(ages, np.float32)),
        "young": lambda: table.assign(age_at_last=0.0, age=0.5, frequency=0),
    }[change]()
    found = model(unit)
    assert len(found._read(found._open(changed))["age"]) == 6


histories = st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 1500)), min_size=1, max_size=12)


@settings(max_examples=80, deadline=None)
@given(
    histories, st.sampled_from(UNITS), st.sampled_from(UNITS), st.sampled_from(["exact", "rounded", "cut"]), st.integers(0, 4)
)
def test_the_law_of_units(rows: list[tuple[int, int]], of_table: str, of_model: str, how: str, decimals: int) -> None:
    """Own units are read however they were rounded; another unit is refused where some customer's time tells it."""
    last = np.array([t for t, _ in rows], np.float64)
    since = np.array([days for _, days in rows], np.float64)
    ages = {"age_at_last": last / UNIT_DAYS[of_table], "age": (last + since) / UNIT_DAYS[of_table]}
    if how != "exact":
        scale = 10.0**decimals
        turn = np.round if how == "rounded" else np.ceil
        ages = {name: turn(age * scale) / scale for name, age in ages.items()}
    table = pd.DataFrame(
        {"customer_id": range(len(rows)), "frequency": (ages["age_at_last"] > 0).astype(int), **ages, "days_since_last": since}
    )
    if not (ages["age"] > 0).all():
        return
    found = model(of_model)
    read = lambda: found._read(found._open(table))  # noqa: E731
    if of_table == of_model:
        assert len(read()["age"]) == len(rows)
    elif how == "exact" and since.max() / max(UNIT_DAYS[of_table], UNIT_DAYS[of_model]) >= 12:
        assert f"are in {UNIT_NAMES[of_table]}" in refused(lambda _: read(), None)
