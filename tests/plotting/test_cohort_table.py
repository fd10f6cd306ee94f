from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm
from crmmodels import metrics, plotting


@pytest.fixture(scope="module")
def orders():
    log = crm.datasets.load_cdnow()
    return crm.Orders(log, customer="customer_id", time="date", amount="spend")


@pytest.fixture(scope="module")
def table(orders):
    return metrics.cohort_table(orders, as_of="1998-06-30")


def written(ax):
    return {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in ax.texts}


def test_cells_are_the_shares_at_their_place(table, drawn):
    ax = drawn(plotting.plot_cohort_table(table))
    months = sorted(table["cohort"].unique())
    left, right, bottom, top = ax.images[0].get_extent()
    assert (left, right, bottom, top) == (0.5, 17.5, 3.5, 0.5)
    cells, texts = ax.images[0].get_array(), written(ax)
    assert cells.shape == (3, 17)
    for row in table[table["age"] > 0].itertuples():
        at = months.index(row.cohort)
        assert cells[at, row.age - 1] == row.value
        assert abs(float(texts.pop((row.age, at + 1))) - 100 * row.value) <= 0.5
    assert texts == {}
    assert np.ma.getmaskarray(cells).sum() == 3
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1997-01 (781)", "1997-02 (857)", "1997-03 (719)"]
    assert ax.get_xticks().tolist() == list(range(1, 18))


def test_many_cohorts_have_a_colour_bar_and_few_names(orders, drawn):
    table = metrics.cohort_table(orders, period="W", as_of="1998-06-30")
    ax = drawn(plotting.plot_cohort_table(table))
    assert not ax.texts
    assert len(ax.figure.axes) == 2
    assert len(ax.get_xticks()) <= 26
    log = crm.datasets.load_cdnow()
    n_first = log.loc[log["date"] <= "1997-01-05", "customer_id"].nunique()
    assert ax.get_yticklabels()[0].get_text() == f"1996-12-30 ({n_first})"


def test_any_kind_of_table_is_drawn(table):
    expected = plotting.plot_cohort_table(table).images[0].get_array()
    as_polars = pl.from_pandas(table)
    for made in (as_polars, as_polars.lazy(), as_polars.to_arrow(), duckdb.connect().from_df(table)):
        np.testing.assert_array_equal(plotting.plot_cohort_table(made).images[0].get_array(), expected)
    shuffled = table.sample(frac=1.0, random_state=1)
    np.testing.assert_array_equal(plotting.plot_cohort_table(shuffled).images[0].get_array(), expected)


def test_it_draws_into_the_axes_given(table, drawn):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert drawn(plotting.plot_cohort_table(table, ax=ax)) is ax


@pytest.mark.usefixtures("with_han_font")
def test_chinese(table, drawn):
    ax = drawn(plotting.plot_cohort_table(table, language="zh"))
    assert ax.get_title() == "各批客户的复购比例（%）"


@pytest.mark.usefixtures("without_han_font")
def test_english_where_no_font_is_chinese(table, drawn):
    with pytest.warns(crm.MissingGlyphWarning, match="plot_cohort_table"):
        ax = drawn(plotting.plot_cohort_table(table, language="zh"))
    assert ax.get_title() == "Customers of each cohort who order again, %"


def test_nobody_came_back(drawn):
    frame = pd.DataFrame({"id": ["a", "b"], "date": ["2024-01-05", "2024-02-05"]})
    table = metrics.cohort_table(crm.Orders(frame, customer="id", time="date"), as_of="2024-03-31")
    ax = drawn(plotting.plot_cohort_table(table))
    assert set(written(ax).values()) == {"0"}


def test_what_is_no_such_table_is_refused(table):
    with pytest.raises(crm.DataError, match=r"what metrics\.cohort_table returns .*; got list"):
        plotting.plot_cohort_table([1, 2])
    with pytest.raises(crm.DataError, match="column 'cohort' is missing"):
        plotting.plot_cohort_table(table.drop(columns="cohort"))
    with pytest.raises(crm.DataError, match="no age above 0"):
        plotting.plot_cohort_table(table[table["age"] == 0])
    with pytest.raises(crm.ParameterError, match="language="):
        plotting.plot_cohort_table(table, language="de")
