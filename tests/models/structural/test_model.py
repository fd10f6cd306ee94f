"""StructuralModel against a textbook implementation on scores, and the laws that its answers obey."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm

PLS = Path(__file__).parents[2] / "kernels" / "pls"
textbook_pls = runpy.run_path(str(PLS / "textbook_pls.py"))["textbook_by_name"]

SURVEY = crm.simulate.simulate_survey(
    400, 5, loadings={**dict.fromkeys(["expectations", "quality", "value"], (0.9, 0.7, 0.6)), "satisfaction": (0.8, 0.9), "complaints": (1.0,), "loyalty": (0.9, 0.8, 0.7, 0.6)}
)  # fmt: skip


def model(**parameters) -> crm.StructuralModel:
    given = {"constructs": SURVEY.indicators, "paths": SURVEY.paths, "n_bootstrap": 0, **parameters}
    return crm.StructuralModel(**given)


def numbers(fitted, name):
    quantity = fitted.quantities[name]
    return dict(zip(quantity.labels, quantity.estimate.tolist(), strict=True))


@pytest.mark.parametrize("scheme", ["path", "factorial", "centroid"])
@pytest.mark.parametrize("modes", [{}, {"quality": "B", "expectations": "sum"}])
def test_estimates_are_those_of_the_algorithm_on_scores(scheme, modes):
    fitted = model(scheme=scheme, modes=modes).fit(SURVEY.answers).fitted
    expected = textbook_pls(SURVEY.answers, SURVEY.indicators, SURVEY.paths, scheme, modes)
    assert numbers(fitted, "paths") == pytest.approx(expected.paths, abs=1e-6)
    assert numbers(fitted, "r_squared") == pytest.approx({(k,): v for k, v in expected.r_squared.items()}, abs=1e-6)
    assert numbers(fitted, "index") == pytest.approx({(k,): v for k, v in expected.index.items()}, abs=1e-4)
    by_label = {(name, item): value for name, own in expected.weights.items() for item, value in own.items()}
    assert numbers(fitted, "weights") == pytest.approx(by_label, abs=1e-6)


def test_scores_are_those_of_the_algorithm_and_their_mean_is_the_index():
    fit = model().fit(SURVEY.answers)
    scores = fit.score(SURVEY.answers)
    expected = textbook_pls(SURVEY.answers, SURVEY.indicators, SURVEY.paths)
    for name, own in expected.scores.items():
        assert scores[f"{name}_standardised"].to_numpy() == pytest.approx(own, abs=1e-5)
    assert scores[list(SURVEY.indicators)].mean().to_dict() == pytest.approx(
        {name: fit.fitted.quantities["index"].of(name) for name in SURVEY.indicators}, abs=1e-9
    )


def test_extreme_answers_score_0_and_100():
    fit = model().fit(SURVEY.answers)
    items = [item for block in SURVEY.indicators.values() for item in block]
    extremes = pd.DataFrame({item: [1, 10] for item in items})
    assert pytest.approx(np.array([[0.0, 100.0]] * 6), abs=1e-12) == fit.score(extremes)[list(SURVEY.indicators)].to_numpy().T
    assert fit.score(extremes)[list(SURVEY.indicators)].max(axis=None) <= 100.0


def test_consistent_paths_approach_the_true_ones_and_plain_ones_fall_short():
    survey = crm.simulate.simulate_survey(40_000, 7)
    true = dict(zip(zip(survey.path_coefficients["source"], survey.path_coefficients["target"], strict=True), survey.path_coefficients["coefficient"], strict=True))  # fmt: skip
    made = crm.StructuralModel(constructs=survey.indicators, paths=survey.paths, n_bootstrap=0, consistent=True)
    found = numbers(made.fit(survey.answers).fitted, "paths")
    assert found == pytest.approx(true, abs=0.03)
    plain = crm.StructuralModel(constructs=survey.indicators, paths=survey.paths, n_bootstrap=0).fit(survey.answers).fitted
    strong = [("expectations", "quality"), ("quality", "satisfaction"), ("satisfaction", "loyalty")]
    assert all(numbers(plain, "paths")[label] < true[label] - 0.03 for label in strong)


def test_the_frame_may_be_of_any_kind_and_other_kinds_need_the_key():
    fit = model().fit(SURVEY.answers)
    frame = pl.DataFrame(SURVEY.answers.to_dict("list"))
    assert fit.score(frame).columns[0] == "respondent_id"
    with pytest.raises(crm.DataError, match="column 'respondent_id' is missing"):
        fit.score(frame.drop("respondent_id"))


def test_in_pandas_the_index_names_respondents_where_there_is_no_key():
    fit = model().fit(SURVEY.answers)
    bare = SURVEY.answers.drop(columns="respondent_id").set_axis(np.arange(400) + 1000)
    assert fit.score(bare).index.equals(bare.index)
    assert fit.segment(bare).index.equals(bare.index)


def test_weights_count_as_repetitions():
    answers = SURVEY.answers.assign(weight=np.arange(400) % 3)
    repeated = SURVEY.answers.loc[SURVEY.answers.index.repeat(answers["weight"])].drop(columns="respondent_id")
    weighted = model(weight="weight").fit(answers).fitted
    plain = model().fit(repeated).fitted
    assert weighted.n_respondents == (answers["weight"] > 0).sum()
    for name in ("paths", "index", "loadings"):
        assert numbers(weighted, name) == pytest.approx(numbers(plain, name), abs=1e-7)


def test_a_reversed_item_is_recoded():
    item = "loyalty_1"
    turned = SURVEY.answers.assign(**{item: 11 - SURVEY.answers[item]})
    straight, fit = model().fit(SURVEY.answers), model(reverse=[item]).fit(turned)
    assert numbers(fit.fitted, "index") == pytest.approx(numbers(straight.fitted, "index"), abs=1e-9)
    pd.testing.assert_frame_equal(fit.score(turned), straight.score(SURVEY.answers), rtol=1e-9)


def test_codes_for_no_answer_are_missing_answers():
    blank = SURVEY.answers.astype({"value_1": float}).copy()
    blank.loc[:9, "value_1"] = np.nan
    coded = SURVEY.answers.copy()
    coded.loc[:4, "value_1"], coded.loc[5:9, "value_1"] = 98, 99
    assert numbers(model(missing_codes=[98, 99]).fit(coded).fitted, "paths") == numbers(model().fit(blank).fitted, "paths")


class TestMissing:
    items = tuple(item for block in SURVEY.indicators.values() for item in block)

    def answers(self, share=0.08):
        rng = np.random.default_rng(3)
        frame = SURVEY.answers.copy()
        holes = rng.random((len(frame), len(self.items))) < share
        frame[list(self.items)] = frame[list(self.items)].mask(holes)
        frame.loc[0, list(self.items)] = np.nan
        return frame

    def test_mean_replacement_is_imputation_on_the_sample_itself(self):
        frame = self.answers()
        fitted = model().fit(frame).fitted
        kept = frame.iloc[1:]
        filled = kept.assign(**{item: kept[item].fillna(kept[item].mean()) for item in self.items})
        expected = model().fit(filled).fitted
        assert numbers(fitted, "paths") == pytest.approx(numbers(expected, "paths"), abs=1e-9)
        assert numbers(fitted, "index") == pytest.approx(numbers(expected, "index"), abs=1e-9)
        assert fitted.n_left_out == 1
        assert fitted.n_respondents == 399
        assert fitted.share_replaced == pytest.approx(kept[list(self.items)].isna().to_numpy().mean())

    def test_listwise_leaves_out(self):
        frame = self.answers()
        fitted = model(missing="listwise").fit(frame).fitted
        expected = model().fit(frame.dropna()).fitted
        assert numbers(fitted, "paths") == pytest.approx(numbers(expected, "paths"), abs=1e-9)
        assert fitted.n_left_out == frame.isna().any(axis=1).sum()
        scores = model(missing="listwise").fit(frame).score(frame)
        assert scores["satisfaction"].isna().equals(frame.isna().any(axis=1))

    def test_em_is_between_and_scores_by_expectation(self):
        frame = self.answers()
        fit = model(missing="em").fit(frame)
        complete = numbers(model().fit(SURVEY.answers).fitted, "paths")
        mean = numbers(model().fit(frame).fitted, "paths")
        away = {label: abs(value - complete[label]) for label, value in numbers(fit.fitted, "paths").items()}
        assert sum(away.values()) < sum(abs(mean[label] - complete[label]) for label in mean)
        one = frame.iloc[[1]].copy()
        one[list(self.items)] = SURVEY.answers.loc[[1], list(self.items)].astype(float)
        one["satisfaction_1"] = np.nan
        rule, position = fit.fitted.rule, {item: i for i, item in enumerate(fit.fitted.items)}
        j = position["satisfaction_1"]
        others = [i for i in range(len(position)) if i != j]
        x = one[list(fit.fitted.items)].to_numpy()[0]
        slope = np.linalg.solve(rule.covariance[np.ix_(others, others)], rule.covariance[others, j])
        x[j] = rule.item_means[j] + slope @ (x[others] - rule.item_means[others])
        expected = (x - rule.item_means) @ rule.weights
        names = [f"{name}_standardised" for name in fit.fitted.constructs]
        assert fit.score(one)[names].to_numpy()[0] == pytest.approx(expected, abs=1e-10)

    @pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
    def test_a_respondent_without_answers_has_no_score_and_no_segment(self, kind):
        frame = self.answers()
        fit = model(target="satisfaction").fit(frame)
        given = frame
        if kind != "pandas":
            given = pl.DataFrame({name: frame[name].tolist() for name in frame}, nan_to_null=True)
        if kind in {"pyarrow", "duckdb"}:
            given = given.to_arrow()
        if kind == "duckdb":
            duckdb = pytest.importorskip("duckdb")
            given = duckdb.connect().from_arrow(given)
        scores, segments, summary = fit.score(given), fit.segment(given), fit.summary(given)
        if kind == "pandas":
            assert scores.loc[0].isna().all()
            assert segments.isna().tolist() == [True] + [False] * 399
        else:
            rows = segments.fetchall() if kind == "duckdb" else list(zip(*(segments[n].to_pylist() if kind == "pyarrow" else segments[n].to_list() for n in ("respondent_id", "segment")), strict=True))  # fmt: skip
            assert [row[1] is None for row in rows] == [True] + [False] * 399
        if kind == "pandas":
            assert summary["n_customers"].sum() == 399
            assert summary["share_of_customers"].sum() == pytest.approx(1)


class TestSecondOrder:
    parts: ClassVar = {"impression": ["expectations", "quality", "value"]}
    paths: ClassVar = {"impression": ["satisfaction"], "satisfaction": ["loyalty"]}
    constructs: ClassVar = {name: items for name, items in SURVEY.indicators.items() if name != "complaints"}

    def made(self, **parameters):
        return model(constructs=self.constructs, paths=self.paths, second_order=self.parts, target="satisfaction", **parameters)

    def test_two_stages_are_two_models_one_after_the_other(self):
        fit = self.made().fit(SURVEY.answers)
        carried = {**{part: ["satisfaction"] for part in self.parts["impression"]}, "satisfaction": ["loyalty"]}
        first = textbook_pls(SURVEY.answers, self.constructs, carried)
        frame = SURVEY.answers.assign(**{name: first.scores[name] for name in self.parts["impression"]})
        blocks = {"impression": self.parts["impression"], "satisfaction": self.constructs["satisfaction"], "loyalty": self.constructs["loyalty"]}  # fmt: skip
        second = textbook_pls(frame, blocks, self.paths)
        assert numbers(fit.fitted, "paths") == pytest.approx(second.paths, abs=1e-6)
        scores = fit.score(SURVEY.answers)
        assert scores["impression_standardised"].to_numpy() == pytest.approx(second.scores["impression"], abs=1e-5)
        assert fit.fitted.constructs == ("satisfaction", "loyalty", "impression", "expectations", "quality", "value")
        loadings = numbers(fit.fitted, "loadings")
        assert loadings["impression", "quality"] == pytest.approx(second.loadings["impression"]["quality"], abs=1e-6)
        assert loadings["quality", "quality_1"] == pytest.approx(first.loadings["quality"]["quality_1"], abs=1e-6)
        assert scores["impression"].mean() == pytest.approx(fit.fitted.quantities["index"].of("impression"))

    def test_repeated_indicators_are_one_model(self):
        fit = self.made(second_order_method="repeated").fit(SURVEY.answers)
        blocks = {
            **self.constructs,
            "impression": [item for part in self.parts["impression"] for item in self.constructs[part]],
        }
        expected = textbook_pls(SURVEY.answers, blocks, {"impression": ["satisfaction", *self.parts["impression"]], "satisfaction": ["loyalty"]})  # fmt: skip
        assert numbers(fit.fitted, "paths") == pytest.approx(expected.paths, abs=1e-6)

    def test_parts_are_listed_in_the_importance_of_items(self):
        table = self.made().fit(SURVEY.answers).importance_performance(by="item")
        assert set(table["item"]) == {item for part in self.parts["impression"] for item in self.constructs[part]}


def test_an_observed_number_without_a_scale_is_explained_in_its_own_unit():
    rng = np.random.default_rng(1)
    money = 50 + 3 * SURVEY.answers["loyalty_1"] + rng.normal(0, 5, 400)
    fit = model(
        constructs={**SURVEY.indicators, "profit": ["money"]},
        paths={**SURVEY.paths, "loyalty": ["profit"]},
        scale={**dict.fromkeys(SURVEY.indicators, (1, 10)), "profit": None},
        target="satisfaction",
    ).fit(SURVEY.answers.assign(money=money))
    assert "profit" not in fit.score_columns()
    assert "profit_standardised" in fit.score_columns()
    table = fit.importance_performance("profit").set_index("construct")
    loyalty = fit.score(SURVEY.answers.assign(money=money))["loyalty"]
    slope = np.polyfit(loyalty, money, 1)[0]
    assert table.loc["loyalty", "importance"] == pytest.approx(slope, rel=1e-6)


def test_importance_of_items_adds_up_to_that_of_their_construct():
    fit = model(target="satisfaction").fit(SURVEY.answers)
    whole = fit.importance_performance().set_index("construct")
    items = fit.importance_performance(by="item").groupby("construct")[["importance", "gain"]].sum()
    assert items["importance"].to_dict() == pytest.approx(whole["importance"].to_dict())
    assert items["gain"].to_dict() == pytest.approx(whole["gain"].to_dict())


def test_a_saved_model_holds_everything(tmp_path):
    fit = model(n_bootstrap=20).fit(SURVEY.answers)
    fit.save(tmp_path / "model.json")
    back = crm.load(tmp_path / "model.json")
    pd.testing.assert_frame_equal(back.fitted.paths, fit.fitted.paths)
    pd.testing.assert_frame_equal(back.score(SURVEY.answers), fit.score(SURVEY.answers), check_exact=True)


def test_tables_of_the_record():
    fitted = model(n_bootstrap=50).fit(SURVEY.answers).fitted
    assert list(fitted.paths.columns) == ["source", "target", "estimate", "standard_error", "lower", "upper", "lower_bca", "upper_bca"]  # fmt: skip
    for table in (
        fitted.weights,
        fitted.index_weights,
        fitted.loadings,
        fitted.cross_loadings,
        fitted.total_effects,
        fitted.unstandardised_effects,
        fitted.f_squared,
        fitted.vif,
        fitted.r_squared,
        fitted.r_squared_adjusted,
        fitted.redundancy,
        fitted.htmt,
        fitted.correlations,
        fitted.index,
        fitted.item_means,
    ):
        assert len(table) > 0
        assert np.isfinite(table["estimate"]).all()
        assert (table["lower"] <= table["upper"] + 1e-12).all()
    larcker = fitted.fornell_larcker
    assert larcker.loc["quality", "quality"] == pytest.approx(np.sqrt(fitted.reliability.loc["quality", "ave"]))
    label = ("expectations", "quality")
    assert larcker.loc["quality", "expectations"] == fitted.quantities["correlations"].of(*label)
    assert 0 < fitted.gof < 1
    with pytest.raises(KeyError, match="is not among"):
        fitted.quantities["paths"].of("loyalty", "quality")


def test_segments_follow_the_bands_and_a_cut_point_is_in_the_better_one():
    fit = model(target="satisfaction", bands=(50,)).fit(SURVEY.answers)
    index = fit.score(SURVEY.answers)["satisfaction"]
    assert (fit.segment(SURVEY.answers).cat.codes == (index >= 50)).all()
    items = [item for block in SURVEY.indicators.values() for item in block]
    middle = pd.DataFrame({item: [5.5] for item in items})
    assert fit.segment(middle).tolist() == ["band 2"]


def test_the_gain_of_a_cause_that_does_harm_lies_on_the_way_down():
    survey = crm.simulate.simulate_survey(2000, rng=5)
    model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=0).fit(survey.answers)
    found = model.importance_performance("loyalty").set_index("construct")
    assert found.loc["complaints", "importance"] < 0
    for name, row in found.iterrows():
        room = -row["performance"] if name == "complaints" else 100 - row["performance"]
        assert row["gain"] == pytest.approx(row["importance"] * room, rel=1e-12)
    assert found["gain"].min() > 0
