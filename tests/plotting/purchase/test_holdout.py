from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm
from crmmodels import plotting
from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.purchase.comparison import compare
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel


@pytest.fixture(scope="module")
def split():
    orders = crm.Orders(crm.datasets.load_cdnow(), customer="customer_id", time="date", amount="spend")
    return orders.split("1997-09-30")


@pytest.fixture(scope="module")
def model(split):
    return ParetoNBDModel(horizon=39, unit="W").fit(split.calibration)


@pytest.fixture(scope="module")
def table(split, model):
    """The customers of CDNOW with what they did and were expected to do in the holdout."""
    customers = split.customers(unit="W")
    return customers.assign(expected=model.expected_purchases(customers, horizon=39).to_numpy()[:, 0])


def heights(bars):
    return np.array([bar.get_height() for bar in bars])


@pytest.mark.parametrize("most", [1, 7, 12])
def test_classes_have_the_mean_orders_of_their_customers(split, model, table, most, drawn):
    ax = drawn(plotting.plot_calibration(model, split, most=most))
    grouped = table.groupby(table["frequency"].clip(upper=most))
    actual, expected = ax.containers
    np.testing.assert_allclose(heights(actual), grouped["order_days_holdout"].mean())
    np.testing.assert_allclose(heights(expected), grouped["expected"].mean())
    assert ax.get_title() == "Orders in 39 weeks of holdout"


def test_it_is_the_table_of_the_comparison(split, model):
    ax = plotting.plot_calibration(model, split)
    by_frequency = compare([model], split).by_frequency
    np.testing.assert_allclose(heights(ax.containers[0]), by_frequency["actual"])
    np.testing.assert_allclose(heights(ax.containers[1]), by_frequency["ParetoNBDModel"])


def test_a_table_will_do_of_every_kind(table, model, drawn):
    expected = heights(plotting.plot_calibration(model, table).containers[1])
    for frame in (table.set_index("customer_id"), pl.from_pandas(table), pl.from_pandas(table).lazy()):
        np.testing.assert_array_equal(heights(plotting.plot_calibration(model, frame).containers[1]), expected)


def test_a_class_without_customers_has_no_bar(table, model, drawn):
    some = table[table["frequency"].isin([0, 2])]
    ax = drawn(plotting.plot_calibration(model, some, most=3))
    assert np.isnan(heights(ax.containers[0])).tolist() == [False, True, False, True]
    assert ax.get_ylim()[1] > 0.5


def test_rows_count_for_as_many_customers_as_their_weight_says(table):
    weighted = table.assign(n=np.arange(len(table)) % 3)
    model = NBDModel(horizon=39, unit="W", weight="n").fit(weighted)
    expected = model.expected_purchases(weighted, horizon=39).to_numpy()[:, 0]
    group = weighted["frequency"].clip(upper=7)
    ax = plotting.plot_calibration(model, weighted)
    for bars, values in zip(ax.containers, (weighted["order_days_holdout"], expected), strict=True):
        sums = (weighted["n"] * values).groupby(group).sum()
        np.testing.assert_allclose(heights(bars), sums / weighted["n"].groupby(group).sum())


BOUNDS = [0, 2.5, 10, 10.5, 20, 39]


@pytest.mark.parametrize("bins", [BOUNDS, np.array(BOUNDS), tuple(BOUNDS), 1, 6, None])
def test_silence_is_classed_as_pandas_cuts_it(split, model, table, bins, drawn):
    ax = drawn(plotting.plot_time_since_last(model, split, bins=bins))
    actual, expected = ax.lines
    middle = actual.get_xdata()
    silence = table["age"] - table["age_at_last"]
    if bins is None:
        edges = np.arange(0, 41, 5.0)
    elif isinstance(bins, int):
        edges = np.linspace(0, silence.max(), bins + 1)
    else:
        edges = np.array(bins)
    np.testing.assert_allclose(middle, (edges[1:] + edges[:-1]) / 2)
    edges = np.append(edges[:-1], np.inf)
    grouped = table.groupby(pd.cut(silence, edges, right=False), observed=False)
    np.testing.assert_allclose(actual.get_ydata(), grouped["order_days_holdout"].mean())
    np.testing.assert_allclose(expected.get_ydata(), grouped["expected"].mean())


def test_the_last_class_holds_both_its_bounds(table, model):
    two = table.head(2).assign(frequency=1, age_at_last=[10.0, 20.0], age=30.0)
    ax = plotting.plot_time_since_last(model, two, bins=[0, 10, 20])
    assert ax.lines[0].get_ydata().tolist()[1] == two["order_days_holdout"].mean()
    assert np.isnan(ax.lines[0].get_ydata()[0])


def test_one_customer_and_silence_of_nobody(table, model, drawn):
    one = table.head(1)
    ax = drawn(plotting.plot_time_since_last(model, one))
    seen = ~np.isnan(ax.lines[1].get_ydata())
    assert ax.lines[1].get_ydata()[seen].tolist() == pytest.approx(one["expected"].tolist())
    assert ax.lines[1].get_marker() == "o"
    active = one.assign(frequency=1, age_at_last=one["age"])
    assert len(drawn(plotting.plot_time_since_last(model, active, bins=1)).lines[0].get_xdata()) == 1
    drawn(plotting.plot_calibration(model, one))


def test_a_holdout_without_orders_can_be_drawn(table, model, drawn):
    quiet = table.assign(order_days_holdout=0)
    assert heights(drawn(plotting.plot_calibration(model, quiet)).containers[0]).max() == 0
    drawn(plotting.plot_time_since_last(model, quiet))


def test_opportunities_in_the_holdout(drawn):
    people = BetaGeoBetaBinomModel.example(n_customers=300, seed=2)
    model = BetaGeoBetaBinomModel(horizon=5, unit="Y").fit(people)
    later = people.assign(order_days_holdout=1, duration_holdout=3)
    ax = drawn(plotting.plot_calibration(model, later))
    expected = model.expected_purchases(later, horizon=3).to_numpy()[:, 0]
    means = pd.Series(expected).groupby(later["frequency"].clip(upper=7)).mean()
    np.testing.assert_allclose(heights(ax.containers[1]), means)
    with pytest.raises(crm.DataError, match=r"must be a whole number of opportunities; it is 2\.5"):
        plotting.plot_calibration(model, later.assign(duration_holdout=2.5))


def test_a_split_does_not_count_opportunities(split):
    people = BetaGeoBetaBinomModel.example(n_customers=300, seed=2)
    model = BetaGeoBetaBinomModel(horizon=5, unit="Y").fit(people)
    with pytest.raises(
        crm.ParameterError, match=r"^plot_time_since_last\(data=...\) must be a table of customers, for BetaGeoBeta"
    ):
        plotting.plot_time_since_last(model, split)


def test_a_table_without_holdout_is_refused(table, model):
    with pytest.raises(crm.DataError) as refusal:
        plotting.plot_calibration(model, table[["customer_id", "frequency", "age_at_last", "age", "duration_holdout"]])
    there = "['customer_id', 'frequency', 'age_at_last', 'age', 'duration_holdout']"
    expected = f"- column 'order_days_holdout', of the holdout, is missing; it has {there}"
    assert str(refusal.value).startswith(f"plot_calibration cannot read this table:\n{expected}")


@pytest.mark.parametrize("plot", [plotting.plot_calibration, plotting.plot_time_since_last])
def test_bad_tables_are_refused_by_name(plot, table, model):
    with pytest.raises(
        crm.DataError, match=f"^{plot.__name__} cannot read this table:\n- column 'duration_holdout' must hold one"
    ):
        plot(model, table.assign(duration_holdout=np.arange(len(table)) + 1.0))
    with pytest.raises(
        crm.DataError, match=f"^{plot.__name__} cannot read this table:\n- column 'order_days_holdout' has 2,357"
    ):
        plot(model, table.assign(order_days_holdout=-1))
    with pytest.raises(
        crm.DataError, match=f"^{plot.__name__} cannot read this table:\n- 1 customer in row 0 whose age_at_last"
    ):
        plot(model, table.head(1).assign(age=1.0))
    with pytest.raises(crm.DataError, match=f"^{plot.__name__} cannot read this table:\n- expected a dataframe"):
        plot(model, [1, 2])
    with pytest.raises(crm.NotFittedError, match=f"so {plot.__name__} has nothing"):
        plot(NBDModel(horizon=2), table)
    with pytest.raises(crm.ParameterError, match=rf"^{plot.__name__}\(model=...\) must be a fitted purchase model"):
        plot("BG/NBD", table)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "bins", [0, 1001, 2.5, True, "10", [1], [2, 1], [0, 0, 3], [0, np.nan], [0, np.inf], [[0, 1]], None, [5, 40]]
)
def test_bad_bins_are_refused(bins, table, model):
    if bins is None:
        bins = [0, 10]
    with pytest.raises(crm.ParameterError, match=r"^plot_time_since_last\(bins=...\) must be ") as refusal:
        plotting.plot_time_since_last(model, table, bins=bins)
    outside = isinstance(bins, list) and bins in ([0, 10], [5, 40])
    assert ("bounds around all customers, whose times since the last order go from 0" in str(refusal.value)) == outside
    assert plt.get_fignums() == []


def test_bad_classes_are_refused(table, model):
    with pytest.raises(
        crm.ParameterError, match=r"^plot_calibration\(most=...\) must be a whole number from 1 to 1,000; got 0\.$"
    ):
        plotting.plot_calibration(model, table, most=0)


def test_chinese_words(table, with_han_font, drawn):
    model = NBDModel(horizon=39, unit="W", labels="zh").fit(table)
    ax = drawn(plotting.plot_time_since_last(model, table))
    assert ax.get_title() == "检验期 39 周内的购买次数"
    assert ax.get_xlabel() == "距上次购买的时间（周）"
    assert drawn(plotting.plot_calibration(model, table)).get_xlabel() == "校准期内的复购次数"


def test_given_axes_are_drawn_into_and_their_figure_keeps_its_size(table, model):
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2))
    assert plotting.plot_calibration(model, table, ax=left) is left
    assert plotting.plot_time_since_last(model, table, ax=right) is right
    assert figure.get_size_inches().tolist() == [6, 2]
    assert plt.get_fignums() == [figure.number]
