"""check_model reports what ran, and is strict about expected failures."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import pytest

import crmmodels as crm
from crmmodels.models import HOMES
from crmmodels.models.rfm.segment_tables import SegmentRule
from crmmodels.testing import CheckReport, CheckResult, check_model, model_checks
from crmmodels.testing.checks import CHECKS

SURVEY = crm.simulate.simulate_survey(1, 0)
STAGES = {"impression": ["expectations", "quality", "value"]}
HALVES = (SegmentRule("lapsed", r=(1, 2)), SegmentRule("active", r=(3, 4)))

MODELS_WITH_PARAMETERS = [
    crm.RFMModel(),
    crm.RFMModel(segments="eight", labels="zh"),
    crm.RFMModel(segments="eight", threshold="median", threshold_on="scores", scoring="nested"),
    crm.RFMModel(segments="four", n_bins=10, monetary="mean"),
    crm.RFMModel(segments="four", strict=True, labels={"other": "rest"}),
    crm.RFMModel(segments=HALVES, n_bins=4, weights=(5, 3, 2), thresholds={"n_orders": [1, 2, 5]}),
    crm.ABCModel(),
    crm.ABCModel(method="computed", labels="zh"),
    crm.ABCModel(value="margin", negative="join", crossing="out", a=0.5, b=0.9),
    crm.ABCModel(n_bootstrap=10, seed=3, n_knots=64),
    crm.NBDModel(horizon=39, unit="W"),
    crm.NBDModel(horizon=4, unit="M", labels="zh", prior={"r": crm.LogNormalPrior(0.5, 2.0)}),
    crm.BetaGeoModel(horizon=39, unit="W"),
    crm.BetaGeoModel(horizon=10, cut_points=(0.1, 0.2, 0.9), labels={"active": "on"}, prior={"a": crm.GammaPrior(2.0, 2.0)}),
    crm.ModifiedBetaGeoModel(horizon=39, unit="W"),
    crm.ModifiedBetaGeoModel(horizon=2.5, unit="M", prior={"b": crm.LogNormalPrior(2.0, 0.5)}),
    crm.ParetoNBDModel(horizon=39, unit="W"),
    crm.ParetoNBDModel(horizon=1, labels="zh", prior={"s": crm.GammaPrior(2.0, 2.0), "beta": crm.LogNormalPrior(12.0, 1.0)}),
    crm.BetaGeoBetaBinomModel(horizon=5),
    crm.BetaGeoBetaBinomModel(horizon=1, unit="Q", cut_points=(0.3, 0.6, 0.8), prior={"delta": crm.LogNormalPrior(8.0, 1.0)}),
    crm.ShiftedBetaGeoModel(horizon=3),
    crm.ShiftedBetaGeoModel(horizon=1, cut_points=(0.1, 0.2), labels="zh", prior={"alpha": crm.GammaPrior(2.0, 1.0)}),
    crm.GammaGammaModel(),
    crm.GammaGammaModel(cut_points=(0.5, 0.9), prior={"q": crm.LogNormalPrior(3.0, 0.5)}),
    crm.LifecycleModel(),
    crm.LifecycleModel(purchase_model=crm.NBDModel(horizon=2), n_starts=2),
    crm.LifecycleModel(n_grid=1, recovery=False, decline_if_inactive=None, horizon=6, labels="zh"),
    crm.CLVModel(n_draws=5),
    crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=20),
    crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=0, nonnegative=True, labels="zh", bands=(50, 80)),
    crm.SatisfactionIndexModel(indicators=SURVEY.indicators, n_bootstrap=10, missing="em", consistent=True, scheme="factorial"),
    crm.StructuralModel(
        constructs=SURVEY.indicators,
        paths=SURVEY.paths,
        n_bootstrap=20,
        bootstrap="moments",
        missing="listwise",
        standardised=False,
    ),
    crm.StructuralModel(
        constructs=SURVEY.indicators,
        paths={"impression": ["satisfaction"], "satisfaction": ["complaints", "loyalty"]},
        second_order=STAGES,
        target="satisfaction",
        scheme="centroid",
        n_bootstrap=20,
    ),
    crm.CLVModel(n_draws=3, purchase_model=crm.BetaGeoModel(horizon=1, unit="W"), tiers="abc", kappa=2.0, labels={"A": "best"}),
]
PARAMETRIC = [model for model in MODELS_WITH_PARAMETERS if isinstance(model, crm.ParametricModel)]


@pytest.mark.filterwarnings("ignore::crmmodels.BoundaryWarning")  # half of a small table leaves some parameters undetermined
@pytest.mark.parametrize("model", MODELS_WITH_PARAMETERS, ids=lambda model: repr(model).splitlines()[0])
def test_every_public_model_keeps_every_promise(model: Any) -> None:
    report = check_model(model)
    assert report.passed
    assert report.named("not run") == (() if model.monotone() else ("check_labels_monotone",))
    assert str(report).startswith(f"{type(model).__name__}: {report.n_run} of {report.n_run} checks passed")


def test_every_public_model_is_checked_with_two_parameter_sets() -> None:
    for model in (getattr(crm, name) for name in HOMES):
        assert sum(type(candidate) is model for candidate in MODELS_WITH_PARAMETERS) >= 2


@pytest.mark.filterwarnings("ignore::crmmodels.OneValueWarning")
@pytest.mark.parametrize(("n_customers", "seed"), [(1, 0), (2, 1), (7, 2), (500, 3)])
def test_the_promises_hold_at_any_size(n_customers: int, seed: int) -> None:
    for model in (crm.RFMModel(), crm.ABCModel()):
        assert check_model(model, n_customers=n_customers, seed=seed).passed


@pytest.mark.filterwarnings("ignore::crmmodels.BoundaryWarning")
@pytest.mark.parametrize("model", PARAMETRIC[::2], ids=lambda model: type(model).__name__)
def test_the_promises_of_likelihoods_hold_for_more_customers(model: Any) -> None:
    assert check_model(model, n_customers=400, seed=3).passed


@dataclass(frozen=True, kw_only=True)
class Infinite(crm.ABCModel):
    def _score(self, values: Any, fitted: Any) -> Any:
        return {**super()._score(values, fitted), "share": values["spend"] / 0.0}


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_broken_promise_raises_with_the_report() -> None:
    with pytest.raises(AssertionError) as caught:
        check_model(Infinite())
    lines = str(caught.value).splitlines()
    assert lines[0] == f"Infinite: {len(CHECKS) - 1} of {len(CHECKS)} checks passed"
    promise = "Scores of a valid table are finite numbers."
    assert lines[1:] == [f"- check_finite failed: {promise} column 'share' has 60 values that are no finite numbers"]


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_expected_failure_is_reported_with_its_reason() -> None:
    report = check_model(Infinite(), expected_failures={"check_finite": "shares of nothing"})
    assert report.passed
    assert report.named("expected failure") == ("check_finite",)
    assert "check_finite expected failure: Scores of a valid table are finite numbers. shares of nothing" in str(report)


def test_an_expected_failure_that_passes_fails() -> None:
    report = check_model(crm.ABCModel(), expected_failures={"check_finite": "no reason"}, raise_on_failure=False)
    assert report.named("failed") == ("check_finite",)
    assert "it was expected to fail (no reason), but passes" in str(report)


def test_an_expected_failure_must_name_a_check() -> None:
    names = [check.__name__ for check in CHECKS]
    with pytest.raises(crm.ParameterError) as caught:
        check_model(crm.ABCModel(), expected_failures={"check_typo": "x"})
    assert str(caught.value) == (
        f"check_model(expected_failures=...) must be a mapping whose keys are among {names}; got ['check_typo']."
    )


def test_an_engine_that_is_not_installed_is_reported_as_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    report = check_model(crm.ABCModel())
    assert report.named("not run") == ("check_duckdb_agrees",)
    assert report.n_run == len(CHECKS) - 1
    assert "duckdb is not installed" in str(report)


def test_the_checks_leave_the_model_unfitted() -> None:
    model = crm.RFMModel()
    check_model(model)
    assert not model.is_fitted


def test_model_checks_yields_every_check_with_its_promise() -> None:
    checks = list(model_checks(crm.ABCModel()))
    assert [name for name, _, _ in checks] == [check.__name__ for check in CHECKS]
    assert all(promise.endswith(".") for _, promise, _ in checks)
    assert [run() for _, _, run in checks] == [None] * len(checks)


def test_a_report_shows_in_a_notebook_with_values_escaped() -> None:
    report = CheckReport("Mine", (CheckResult("check_x", "A <promise>.", "failed", "1 < 2"),))
    shown = report._repr_html_()
    assert "Mine: 0 of 1 checks passed" in shown
    assert "A &lt;promise&gt;." in shown
    assert "1 &lt; 2" in shown
    assert not report.passed


def test_checks_do_not_rest_on_assert_statements() -> None:
    import ast
    from pathlib import Path

    import crmmodels.testing.checks as package

    for path in Path(package.__file__).parent.rglob("*.py"):
        assert not [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Assert)], path.name


@pytest.mark.parametrize("model", [crm.RFMModel, 5])
def test_only_models_are_checked(model: Any) -> None:
    with pytest.raises(crm.ParameterError, match=r"check_model\(model=...\) must be a model, such as RFMModel\(\)"):
        check_model(model)
