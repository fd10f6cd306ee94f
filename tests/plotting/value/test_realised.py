from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from crmmodels.models.clv.model import CLVModel
from crmmodels.plotting.value.realised import plot_realised_future
from crmmodels.plotting.value.shared import tier_colours


@pytest.fixture(scope="module")
def accounts():
    return CLVModel.example(n_customers=300, seed=1)


@pytest.fixture(scope="module")
def model(accounts):
    return CLVModel(n_draws=2).fit(accounts)


def many(accounts):
    copies = pd.concat([accounts] * 8, ignore_index=True)
    return copies.assign(customer_id=np.arange(len(copies)))


def inside(scores, ax):
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    return scores[scores["realised"].between(left, right) & scores["future"].between(bottom, top)]


def test_points_are_the_customers_by_tier(accounts, model, drawn):
    ax = drawn(plot_realised_future(model, accounts))
    scores = model.score(accounts).assign(tier=model.segment(accounts))
    shown = inside(scores, ax)
    assert len(scores) * 0.95 < len(shown) < len(scores)
    for points, label, colour in zip(ax.collections, model.segment_labels(), tier_colours(4), strict=True):
        expected = shown.loc[shown["tier"] == label, ["realised", "future"]].to_numpy()
        np.testing.assert_allclose(np.asarray(points.get_offsets()), expected)
        assert points.get_facecolor()[0][:3].tolist() == list(to_rgba(colour)[:3])
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == [*model.segment_labels(), "bounds of tiers"]
    note = ax.get_xlabel().replace("\n", " ")
    assert f"Not drawn: {len(scores) - len(shown)} of 300 customers, whose values lie" in note


def test_lines_part_the_tiers(accounts, model):
    ax = plot_realised_future(model, accounts)
    sums = [line.get_xdata() + line.get_ydata() for line in ax.lines]
    np.testing.assert_allclose(sums, np.repeat(model.fitted.tier_bounds[:, None], 2, axis=1))
    left, right, bottom, top = *ax.get_xlim(), *ax.get_ylim()
    for line in ax.lines:
        assert (line.get_xdata() >= left).all()
        assert (line.get_xdata() <= right).all()
        assert (line.get_ydata() >= bottom).all()
        assert (line.get_ydata() <= top).all()


def test_of_many_customers_the_density_is_drawn(accounts, model, drawn):
    people = many(accounts)
    ax = drawn(plot_realised_future(model, people))
    shown = inside(model.score(people), ax)
    assert ax.collections[0].get_array().sum() == len(shown)
    assert len(ax.collections) == 1
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "Customers"
    assert bar.get_ylim()[0] == 1.0
    assert bar.get_ylim()[1] == ax.collections[0].get_array().max()
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == ["bounds of tiers"]


def test_two_thousand_customers_are_points(accounts, model):
    ax = plot_realised_future(model, many(accounts).iloc[:2000])
    assert len(ax.collections) == 4
    assert len(ax.figure.axes) == 1


def test_one_customer_can_be_drawn(accounts, model, drawn):
    ax = drawn(plot_realised_future(model, accounts.iloc[:1]))
    assert sum(len(points.get_offsets()) for points in ax.collections) == 1
    assert ax.get_xlabel() == "Realised value"


def test_many_equal_customers_can_be_drawn(accounts, model, drawn):
    same = accounts.iloc[[5] * 2500].assign(customer_id=np.arange(2500))
    ax = drawn(plot_realised_future(model, same))
    assert ax.collections[0].get_array().max() == 2500
