"""LifecycleModel: what it answers, and what it keeps."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm
from crmmodels.data.simulate.lifecycle import simulate_lifecycle
from crmmodels.kernels.hmm.fit import fit_hmm
from crmmodels.kernels.hmm.histories import histories_of
from crmmodels.kernels.hmm.structure import lifecycle_structure

STAGES = ["exploration", "build-up", "stable", "decline"]
PROBABILITIES = ["probability_exploration", "probability_build_up", "probability_stable", "probability_decline"]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return crm.LifecycleModel.example(n_customers=200, seed=5)


@pytest.fixture(scope="module")
def model(panel: pd.DataFrame) -> crm.LifecycleModel:
    return crm.LifecycleModel(n_starts=2).fit(panel)


def test_scores_are_one_row_per_customer_with_probabilities_that_add_up(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    scores = model.score(panel)
    assert scores.index.tolist() == panel["customer_id"].drop_duplicates().tolist()
    np.testing.assert_allclose(scores[PROBABILITIES].sum(axis=1), 1.0, rtol=1e-12)
    assert (scores["periods_in_stage"].between(1, 12)).all()
    assert (scores["expected_rate"] > 0).all()


def test_labels_stand_beside_their_probabilities(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    found = model.stages(panel)
    assert list(found.columns) == ["stage", *model.score_columns()]
    pd.testing.assert_series_equal(found["stage"], model.segment(panel).rename("stage"))
    most = found[PROBABILITIES].to_numpy().argmax(axis=1)
    silent = found["probability_no_order_in_gap"] >= 0.5
    assert found["stage"].astype(str).tolist() == [
        "decline" if quiet else STAGES[stage] for quiet, stage in zip(silent, most, strict=True)
    ]
    assert silent.any()


def test_without_the_clock_the_label_is_the_most_probable_stage(panel: pd.DataFrame) -> None:
    plain = crm.LifecycleModel(n_starts=2, decline_if_inactive=None).fit(panel)
    most = plain.score(panel)[PROBABILITIES].to_numpy().argmax(axis=1)
    assert plain.segment(panel).astype(str).tolist() == [STAGES[stage] for stage in most]


def test_history_ends_where_the_scores_are_and_never_looks_ahead(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    history = model.history(panel)
    assert len(history) == len(panel)
    last = history[history["period"] == 11].set_index("customer_id")
    np.testing.assert_allclose(last[PROBABILITIES], model.score(panel)[PROBABILITIES], rtol=1e-12)
    then = panel[panel["period"] <= 7]
    earlier = history[history["period"] <= 7].reset_index(drop=True)
    pd.testing.assert_frame_equal(model.history(then), earlier)
    assert list(history["stage"].cat.categories) == STAGES


def test_flow_counts_every_customer_by_what_was_known_then(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    flow = model.flow(panel, 2, 9)
    before, after = (panel[panel["period"] <= period] for period in (2, 9))
    labels = model.segment(before).astype(object).reindex(after["customer_id"].unique())
    moved = pd.crosstab(labels.fillna("new"), model.segment(after).astype(object))
    for row in flow.itertuples():
        origin = "new" if pd.isna(row.before) else row.before
        expected = moved.loc[origin, row.after] if origin in moved.index and row.after in moved.columns else 0
        assert row.n_customers == expected
    assert flow["n_customers"].sum() == after["customer_id"].nunique()
    assert flow["share"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("before", "after", "name"), [(-1, 5, "before"), (2, 40, "after"), ("x", 5, "before"), (5, 5, "before")]
)
def test_flow_is_between_periods_of_the_panel(model: Any, panel: pd.DataFrame, before: Any, after: Any, name: str) -> None:
    with pytest.raises(crm.ParameterError, match=rf"flow\({name}=...\) must be a period"):
        model.flow(panel, before, after)


def test_the_chain_is_described(model: crm.LifecycleModel) -> None:
    moves = model.transition_matrix()
    assert list(moves.index) == list(moves.columns) == STAGES
    np.testing.assert_allclose(moves.sum(axis=1), 1.0)
    assert moves.loc["exploration", "stable"] == moves.loc["stable", "exploration"] == 0
    np.testing.assert_allclose(model.dwell_times(), 1.0 / (1.0 - np.diag(moves)))
    shares = model.stationary_distribution()
    np.testing.assert_allclose(shares @ moves, shares, atol=1e-12)
    assert shares["exploration"] == 0
    rate = model.fitted.parameters.rate
    assert rate[0] < rate[1] < rate[2]
    assert rate[3] <= 0.5 * rate[2]


def test_the_repr_shows_rates_and_stays_by_stage(model: crm.LifecycleModel) -> None:
    rate, stay = model.fitted.parameters.rate[0], model.fitted.parameters.moves[3, 3]
    assert f"exploration {rate:,.4g}, build-up " in repr(model)
    assert f", decline {stay:,.4g}" in repr(model)


def test_without_recovery_all_end_in_decline(panel: pd.DataFrame) -> None:
    found = crm.LifecycleModel(recovery=False, n_starts=1).fit(panel)
    assert found.stationary_distribution().to_dict() == {"exploration": 0, "build-up": 0, "stable": 0, "decline": 1}
    assert found.dwell_times()["decline"] == np.inf


def test_stage_values_add_up_rewards_to_come(model: crm.LifecycleModel) -> None:
    reward = np.array([1.0, 3.0, 8.0, -0.5])
    moves = model.transition_matrix().to_numpy()
    three = reward + moves @ reward / 1.1 + moves @ moves @ reward / 1.21
    np.testing.assert_allclose(model.stage_values(reward, 0.1, 2), three, rtol=1e-12)
    np.testing.assert_allclose(model.stage_values(reward, 0.1), np.linalg.solve(np.eye(4) - moves / 1.1, reward), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([1, 2, 3], 0.1), "reward"),
        ((["a", 2, 3, 4], 0.1), "reward"),
        (([1, 2, 3, 4], 0), "discount_rate"),
        (([1, 2, 3, 4], -1.5, 3), "discount_rate"),
        (([1, 2, 3, 4], 0.1, 1.5), "n_periods"),
    ],
)
def test_stage_values_refuse(model: Any, arguments: Any, name: str) -> None:
    with pytest.raises(crm.ParameterError, match=rf"stage_values\({name}="):
        model.stage_values(*arguments)


def test_labels_in_chinese(panel: pd.DataFrame) -> None:
    chinese = crm.LifecycleModel(labels="zh", n_starts=1).fit(panel)
    assert chinese.segment_labels() == ("退化期", "考察期", "形成期", "稳定期")
    assert list(chinese.transition_matrix().index) == ["考察期", "形成期", "稳定期", "退化期"]


def test_polars_gets_the_same_answers(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    frame = pl.DataFrame(panel.to_dict("list"))
    for verb in ("stages", "history"):
        expected = getattr(model, verb)(panel)
        found = getattr(model, verb)(frame)
        assert isinstance(found, pl.DataFrame)
        assert found[PROBABILITIES].to_numpy().tolist() == expected[PROBABILITIES].to_numpy().tolist()
        assert found["stage"].to_list() == expected["stage"].astype(str).tolist()


def test_orders_are_read_by_calendar_period_and_without_the_first() -> None:
    drawn = simulate_lifecycle(120, 3, n_periods=9, acquisition_periods=3)
    orders = crm.Orders(drawn.orders, customer="customer_id", time="date", amount="amount", until=drawn.as_of)
    model = crm.LifecycleModel(n_starts=1).fit(orders)
    panel = orders.panel(period="M")
    first = ~panel["customer_id"].duplicated()
    repeats = panel.assign(n_orders=panel["n_orders"] - first)
    by_hand = crm.LifecycleModel(n_starts=1).fit(repeats)
    pd.testing.assert_frame_equal(model.score(orders), by_hand.score(repeats), check_exact=True)
    flow = model.flow(orders, "2024-03-15", drawn.as_of)
    assert flow["n_customers"].sum() == panel["customer_id"].nunique()


def test_exposure_of_part_of_a_period_counts(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    whole = model.score(panel.assign(exposure=1.0))
    pd.testing.assert_frame_equal(whole, model.score(panel), check_exact=True)
    short = model.score(panel.assign(exposure=np.where(panel["period"] == 11, 0.1, 1.0)))
    quiet = panel[panel["period"] == 11].set_index("customer_id")["n_orders"] == 0
    there = panel.groupby("customer_id")["period"].min().reindex(quiet.index) < 11
    assert (short["expected_rate"] > whole["expected_rate"])[quiet & there].all()


def test_dates_and_numbers_are_the_same_periods(model: crm.LifecycleModel, panel: pd.DataFrame) -> None:
    dates = pd.to_datetime([f"2025-{month + 1:02d}-01" for month in panel["period"]]).to_series(index=panel.index)
    expected = model.score(panel)
    zoned = dates.dt.tz_localize("Asia/Shanghai")
    for given in (dates, dates.dt.date, dates + pd.Timedelta(days=9), zoned):
        pd.testing.assert_frame_equal(model.score(panel.assign(period=given)), expected, check_exact=True)


def test_a_restored_model_answers_as_before(model: crm.LifecycleModel, panel: pd.DataFrame, tmp_path: Any) -> None:
    model.save(tmp_path / "lifecycle.json")
    pd.testing.assert_frame_equal(crm.load(tmp_path / "lifecycle.json").stages(panel), model.stages(panel), check_exact=True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("parameters", "rate"), [1.0, 2.0, 3.0]),
        (("parameters", "rate"), [1.0, -2.0, 3.0, 1.0]),
        (("parameters", "shape"), -1.0),
        (("parameters", "n_grid"), 3),
        (("n_customers",), 0),
        (("parameters",), 7),
    ],
)
def test_a_damaged_record_is_refused(model: crm.LifecycleModel, path: tuple[str, ...], value: Any) -> None:
    document = json.loads(json.dumps(model.to_dict()))
    text = json.dumps(document)
    at = document["fitted"]
    for name in ("fields", *path[:-1]) if "fields" in at else path[:-1]:
        at = at[name]
        at = at.get("fields", at) if name != "fields" else at
    kept = at[path[-1]]
    if isinstance(value, list) and isinstance(kept, dict):
        kept = {**kept}
        for name, item in kept.items():
            if isinstance(item, list) and len(item) == 4:
                kept[name] = value
        at[path[-1]] = kept
    else:
        at[path[-1]] = value
    assert json.dumps(document) != text
    with pytest.raises(crm.SavedFormatError, match="damaged"):
        crm.LifecycleModel.from_dict(document)


def test_more_starts_never_end_lower(panel: pd.DataFrame) -> None:
    count, length = panel["n_orders"].to_numpy(np.float64), panel.groupby("customer_id").size().to_numpy()
    table = histories_of(count, np.ones(len(count)), length)
    ends = [fit_hmm(table, lifecycle_structure(), 5, n_starts=n).objective[-1] for n in (1, 5)]
    assert ends[1] >= ends[0] - 0.01


def test_choice_lists_numbers_of_stages_with_and_without_differences(panel: pd.DataFrame) -> None:
    found = crm.LifecycleModel(n_starts=1, n_grid=5).choice(panel, n_stages=(2, 3, 4))
    assert found[["n_stages", "heterogeneity"]].to_numpy().tolist() == [
        [n, differs] for n in (2, 3, 4) for differs in (True, False)
    ]
    # As many rates as stages, moves less one a row, and the shape: 2 + 2 + 1, 3 + 4 + 1, 4 + 6 + 1.
    assert found["n_parameters"].tolist() == [5, 4, 8, 7, 11, 10]
    assert (found["bic"] + 2 * found["log_likelihood"]).tolist() == pytest.approx(
        (found["n_parameters"] * np.log(200)).tolist()
    )
    differs = found[found["heterogeneity"]]["log_likelihood"].to_numpy()
    assert (differs > found[~found["heterogeneity"]]["log_likelihood"].to_numpy()).all()


@pytest.mark.parametrize("n_stages", [[1], [2.5], "4", [], 4])
def test_choice_refuses_numbers_of_stages(panel: pd.DataFrame, n_stages: Any) -> None:
    with pytest.raises(crm.ParameterError, match=r"choice\(n_stages=...\) must be whole numbers from 2 to 10"):
        crm.LifecycleModel().choice(panel, n_stages=n_stages)


def test_choice_refuses_a_truth_of_others(panel: pd.DataFrame) -> None:
    with pytest.raises(crm.DataError, match="200 customers of the panel without a stage"):
        crm.LifecycleModel().choice(panel, truth=pd.Series(["stable"], index=["nobody"]))
    with pytest.raises(crm.ParameterError, match="a pandas Series on the customers"):
        crm.LifecycleModel().choice(panel, truth=[1, 2])
