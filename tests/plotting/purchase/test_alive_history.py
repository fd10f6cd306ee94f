from __future__ import annotations

import datetime as dt

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels import plotting
from crmmodels.models.purchase.beta_geo import ModifiedBetaGeoModel
from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.plotting.purchase.alive_history import alive_path
from crmmodels.plotting.purchase.shared import ACTUAL, EXPECTED

LINES = pd.DataFrame(
    {
        "who": ["a", "b", "a", "a", "a", "a", "c", "b"],
        "day": ["2024-01-01", "2024-01-01", "2024-01-15", "2024-01-15", "2024-02-20", "2024-03-05", "2024-01-05", "2024-04-01"],
        "paid": [10.0, 5.0, 7.0, 1.0, -7.0, 20.0, -1.0, 9.0],
    }
)
"""Customer a: two lines on one day, then a return, then an order; customer c: a return alone."""
ROLES = {"customer": "who", "time": "day", "amount": "paid"}


def relation():
    frame = LINES
    return duckdb.connect().from_arrow(pa.Table.from_pandas(frame))


KINDS = {
    "pandas": lambda: LINES,
    "categories": lambda: LINES.astype({"who": "category"}),
    "dates": lambda: LINES.assign(day=pd.to_datetime(LINES["day"])),
    "polars": lambda: pl.from_pandas(LINES),
    "lazy": lambda: pl.from_pandas(LINES).lazy(),
    "enum": lambda: pl.from_pandas(LINES).with_columns(pl.col("who").cast(pl.Enum(["a", "b", "c"]))),
    "arrow": lambda: pa.Table.from_pandas(LINES),
    "duckdb": relation,
}


@pytest.fixture(scope="module")
def model():
    return ParetoNBDModel(horizon=39, unit="W").fit(ParetoNBDModel.example(n_customers=400, seed=3))


@pytest.fixture
def orders():
    return crm.Orders(LINES, **ROLES)


def path_of(ax):
    line = ax.lines[0]
    return np.asarray(line.get_xdata()).astype("datetime64[D]"), np.asarray(line.get_ydata())


def order_lines(ax):
    dates = [segment[0, 0] for segment in ax.collections[0].get_segments()]
    return [str(np.datetime64("1970-01-01") + int(day)) for day in dates]


@pytest.mark.parametrize("kind", [ParetoNBDModel, ModifiedBetaGeoModel, NBDModel])
@pytest.mark.parametrize("unit", ["D", "W", "M", "Y"])
def test_each_day_shows_what_the_model_says_on_that_day(kind, unit, drawn):
    orders = crm.Orders(LINES[LINES["who"] != "c"], **ROLES)
    data = kind.example(n_customers=400, seed=3)
    fitted = kind(horizon=39, unit="W").fit(data)
    document = fitted.to_dict()
    document["parameters"]["unit"] = document["fitted"]["fields"]["unit"] = unit
    model = kind.from_dict(document)
    ax = drawn(plotting.plot_alive_history(model, orders, "a"))
    days, alive = path_of(ax)
    last_of_day = np.append(days[1:] != days[:-1], True)
    assert (np.diff(days[last_of_day]).astype(int) == 1).all()
    for day, value in list(zip(days[last_of_day], alive[last_of_day], strict=True))[1:]:
        customers = orders.customers(as_of=day, unit=unit)
        assert value == pytest.approx(
            float(model.probability_alive(customers[customers["customer_id"] == "a"]).iloc[0, 0]), rel=1e-9
        )
    assert str(days[0]) == "2024-01-01"
    assert str(days[-1]) == "2024-04-02"


def test_an_order_raises_the_probability_at_its_day(model, orders):
    days, alive = path_of(plotting.plot_alive_history(model, orders, "a"))
    twice = np.flatnonzero(days[1:] == days[:-1])
    assert [str(day) for day in days[twice]] == ["2024-01-15", "2024-03-05"]
    assert (alive[twice + 1] > alive[twice]).all()
    before = pd.DataFrame({"customer_id": ["a"], "frequency": [1], "age_at_last": [2.0], "age": [64 / 7]})
    assert alive[twice[1]] == pytest.approx(float(model.probability_alive(before).iloc[0, 0]))


def test_orders_are_lines_once_a_day_and_returns_are_not(model, orders, drawn):
    ax = drawn(plotting.plot_alive_history(model, orders, "a"))
    assert order_lines(ax) == ["2024-01-01", "2024-01-15", "2024-03-05"]
    assert ax.lines[0].get_color() == EXPECTED
    np.testing.assert_allclose(ax.collections[0].get_color()[0], plt.matplotlib.colors.to_rgba(ACTUAL))
    assert ax.get_title() == "Customer a"


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_frame_gives_the_same(model, orders, kind):
    days, alive = path_of(plotting.plot_alive_history(model, orders, "a"))
    other_days, others = path_of(plotting.plot_alive_history(model, crm.Orders(KINDS[kind](), **ROLES), "a"))
    np.testing.assert_array_equal(days, other_days)
    np.testing.assert_array_equal(alive, others)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("customer", ["z", "c", 1, None, 2.5])
def test_an_unknown_customer_is_refused_by_name(model, kind, customer):
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_alive_history(model, crm.Orders(KINDS[kind](), **ROLES), customer)
    expected = f"a customer with an order up to 2024-04-02; got {customer!r}."
    assert str(refusal.value) == f"plot_alive_history(customer=...) must be {expected}"
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "engine", [pd.DataFrame, pl.from_pandas, lambda frame: pl.from_pandas(frame).lazy(), pa.Table.from_pandas]
)
def test_customers_may_be_numbers(model, engine):
    numbered = LINES.assign(who=LINES["who"].map({"a": 7, "b": 8, "c": 9}))
    orders = crm.Orders(engine(numbered), **ROLES)
    for customer in (7, np.int64(7)):
        assert order_lines(plotting.plot_alive_history(model, orders, customer)) == ["2024-01-01", "2024-01-15", "2024-03-05"]
    for customer in ("7", "a", 10):
        with pytest.raises(crm.ParameterError, match=r"^plot_alive_history\(customer=...\) must be a customer with an order"):
            plotting.plot_alive_history(model, orders, customer)


def test_files_are_read(model, tmp_path):
    LINES.to_csv(tmp_path / "orders.csv", index=False)
    orders = crm.Orders(tmp_path / "orders.csv", **ROLES)
    assert order_lines(plotting.plot_alive_history(model, orders, "b")) == ["2024-01-01", "2024-04-01"]


def test_nothing_after_the_end_leaks_in(model, orders, drawn):
    ax = drawn(plotting.plot_alive_history(model, orders, "a", until=dt.date(2024, 2, 25)))
    days, alive = path_of(ax)
    whole_days, whole = path_of(plotting.plot_alive_history(model, orders, "a"))
    np.testing.assert_array_equal(days, whole_days[: len(days)])
    np.testing.assert_array_equal(alive, whole[: len(days)])
    assert str(days[-1]) == "2024-02-25"
    assert order_lines(ax) == ["2024-01-01", "2024-01-15"]


def test_the_end_of_a_bounded_log_is_the_default_and_the_latest(model):
    orders = crm.Orders(LINES, **ROLES, until="2024-02-01")
    days, _ = path_of(plotting.plot_alive_history(model, orders, "a"))
    assert str(days[-1]) == "2024-02-01"
    with pytest.raises(crm.ParameterError) as refusal:
        plotting.plot_alive_history(model, orders, "a", until="2024-02-02")
    expected = "at most 2024-02-01, where this log ends; got '2024-02-02'."
    assert str(refusal.value) == f"plot_alive_history(until=...) must be {expected}"


def test_a_bounded_log_begins_after_its_start(model):
    orders = crm.Orders(LINES, **ROLES, after="2024-01-01")
    assert order_lines(plotting.plot_alive_history(model, orders, "a")) == ["2024-01-15", "2024-03-05"]


def test_the_lines_of_one_order_are_one_order(model):
    lines = pd.DataFrame(
        {"who": "a", "day": ["2024-01-01", "2024-01-10", "2024-01-10"], "paid": [5.0, 1.0, -2.0], "order": [1, 1, 2]}
    )
    orders = crm.Orders(lines, customer="who", time="day", amount="paid", order_id="order")
    assert order_lines(plotting.plot_alive_history(model, orders, "a")) == ["2024-01-01"]


@pytest.mark.parametrize("engine", [pd.DataFrame, pl.from_pandas])
def test_days_are_those_of_the_time_zone(model, engine):
    instants = pd.to_datetime(["2024-01-01T23:30:00Z", "2024-01-20T12:00:00Z"])
    lines = engine(pd.DataFrame({"who": ["a", "a"], "day": instants}))
    orders = crm.Orders(lines, customer="who", time="day", time_zone="Asia/Shanghai")
    assert order_lines(plotting.plot_alive_history(model, orders, "a")) == ["2024-01-02", "2024-01-20"]


def test_the_first_day_alone_can_be_seen(model, orders, drawn):
    ax = drawn(plotting.plot_alive_history(model, orders, "a", until="2024-01-01"))
    assert ax.lines[0].get_marker() == "o"
    assert path_of(ax)[1].tolist() == [1.0]
    assert np.diff(ax.get_xlim())[0] < 10


@given(st.lists(st.integers(0, 60), min_size=1, max_size=15, unique=True), st.integers(0, 40))
def test_a_path_tells_what_was_known_each_day(order_days, rest):
    ordered = np.array(sorted(order_days))
    end = int(ordered[-1]) + rest
    path = alive_path(ordered, end)
    expected = []
    for day in range(ordered[0], end + 1):
        earlier = [d for d in ordered if d < day]
        if earlier and day in ordered:
            expected.append((day, len(earlier) - 1, earlier[-1] - ordered[0]))
        so_far = [d for d in ordered if d <= day]
        expected.append((day, len(so_far) - 1, so_far[-1] - ordered[0]))
    assert list(zip(path.day, path.frequency, path.days_at_last, strict=True)) == expected


def test_other_arguments_are_refused(model, orders):
    with pytest.raises(crm.ParameterError, match=r"^plot_alive_history\(orders=...\) must be an order log"):
        plotting.plot_alive_history(model, LINES, "a")
    with pytest.raises(crm.ParameterError, match=r"^plot_alive_history\(until=...\) must be a date such as"):
        plotting.plot_alive_history(model, orders, "a", until="spring")
    with pytest.raises(
        crm.ParameterError, match=r"\(customer=...\) must be a customer with an order up to 2023-12-31; got 'a'"
    ):
        plotting.plot_alive_history(model, orders, "a", until="2023-12-31")
    with pytest.raises(crm.NotFittedError, match="so plot_alive_history has nothing"):
        plotting.plot_alive_history(NBDModel(horizon=2), orders, "a")
    discrete = BetaGeoBetaBinomModel(horizon=5, unit="Y").fit(BetaGeoBetaBinomModel.example(n_customers=300, seed=2))
    with pytest.raises(crm.ParameterError, match=r"^plot_alive_history\(model=...\) must be a model of continuous time"):
        plotting.plot_alive_history(discrete, orders, "a")
    assert plt.get_fignums() == []


def test_bad_rows_of_a_lazy_log_are_named(model):
    broken = pl.from_pandas(LINES).with_columns(pl.when(pl.col("paid") == 20).then(None).otherwise(pl.col("day")).alias("day"))
    with pytest.raises(crm.DataError, match="day"):
        plotting.plot_alive_history(model, crm.Orders(broken.lazy(), **ROLES, until="2024-04-02"), "a")


def test_names_are_drawn_as_they_are(model, with_han_font, drawn):
    orders = crm.Orders(LINES.replace({"who": {"a": "王芳 $x$"}}), **ROLES)
    assert drawn(plotting.plot_alive_history(model, orders, "王芳 $x$")).get_title() == "Customer 王芳 $x$"


def test_names_without_characters_are_not_drawn_as_boxes(model, without_han_font, drawn):
    orders = crm.Orders(LINES.replace({"who": {"a": "王芳"}}), **ROLES)
    with pytest.warns(crm.MissingGlyphWarning, match="^plot_alive_history: "):
        ax = drawn(plotting.plot_alive_history(model, orders, "王芳"))
    assert ax.get_title() == "Customer ?"


def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size(model, orders):
    figure, ax = plt.subplots(figsize=(3, 2))
    assert plotting.plot_alive_history(model, orders, "a", ax=ax) is ax
    assert figure.get_size_inches().tolist() == [3, 2]
    assert plt.get_fignums() == [figure.number]
