"""Records that no fit can have left: each is refused at load, and the message names the field."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import crmmodels as crm

FOLDER = Path(__file__).resolve().parent / "format_1"
F = "fitted/fields"
P = f"{F}/parameters/fields"


def document_of(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def altered(document: Any, path: str, value: Any) -> Any:
    """A copy in which the value at a path is another; where it is a function, it is applied."""
    document = copy.deepcopy(document)
    *parents, last = path.split("/")
    inner = document
    for step in parents:
        inner = inner[int(step) if isinstance(inner, list) else step]
    key = int(last) if isinstance(inner, list) else last
    inner[key] = value(inner[key]) if callable(value) else value
    return document


def load(document: Any, folder: Path) -> Any:
    (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")
    return crm.load(folder / "model.json")


def negative(value: float) -> float:
    return -value


def turned(array: Any) -> Any:
    return {**array, "$array": array["$array"][::-1]}


def doubled(value: float) -> float:
    return 2 * value


ROWS: list[tuple[str, str, Any, str]] = [
    # of their type
    ("ParetoNBDModel-weeks", f"{P}/r", "0.5", "fitted.parameters.r"),
    ("ParetoNBDModel-weeks", f"{P}/r", None, "fitted.parameters.r"),
    ("ParetoNBDModel-weeks", f"{P}/r", True, "fitted.parameters.r"),
    ("ParetoNBDModel-weeks", f"{P}/r", {"$tuple": [0.5]}, "fitted.parameters.r"),
    ("ParetoNBDModel-weeks", f"{F}/log_likelihood", "-1.5", "fitted.log_likelihood"),
    ("ParetoNBDModel-weeks", f"{F}/n_distinct", 12.0, "fitted.n_distinct"),
    ("ParetoNBDModel-weeks", f"{F}/unit", 7, "fitted.unit"),
    ("ParetoNBDModel-weeks", f"{F}/is_penalised", 0, "fitted.is_penalised"),
    ("ParetoNBDModel-weeks", f"{F}/undetermined", "r", "fitted.undetermined"),
    ("ParetoNBDModel-weeks", "parameters/cut_points/$tuple/0", "0.25", "cut_points"),
    ("ParetoNBDModel-weeks", "parameters/horizon", "39", "horizon"),
    ("ParetoNBDModel-priors", "parameters/prior/$mapping/0/1/fields/rate", "1.5", "rate"),
    ("RFMModel-ten", f"{F}/n_customers", "30", "fitted.n_customers"),
    ("RFMModel-ten", f"{F}/centres/dtype", "<i8", "fitted.centres"),
    ("RFMModel-ten", f"{F}/centres/dtype", "<f4", "fitted.centres"),
    ("RFMModel-ten", "parameters/strict", 0, "strict"),
    ("ABCModel-bootstrap", f"{F}/intervals/$mapping/0/1/fields/lower", "0.5", "fitted.intervals['gini_corrected'].lower"),
    ("ABCModel-bootstrap", f"{F}/intervals/$mapping/0/0", 1, "a key of fitted.intervals"),
    ("LifecycleModel-plain", f"{F}/converged", 1, "fitted.converged"),
    ("SatisfactionIndexModel-template", f"{F}/items/$tuple/0", 3, "fitted.items[0]"),
    ("SatisfactionIndexModel-template", "parameters/template/fields/constructs/$tuple/0/fields/zh", 3, "template.constructs[0].zh"),
    # finite
    ("ParetoNBDModel-weeks", f"{P}/r", {"$float": "inf"}, "fitted.parameters.r"),
    ("ParetoNBDModel-weeks", f"{F}/log_likelihood", {"$float": "inf"}, "fitted.log_likelihood"),
    ("ParetoNBDModel-weeks", f"{F}/log_likelihood", {"$float": "nan"}, "fitted.log_likelihood"),
    ("ParetoNBDModel-weeks", f"{F}/n_customers", {"$float": "inf"}, "fitted.n_customers"),
    ("ParetoNBDModel-weeks", f"{F}/covariance/$array/1", "inf", "fitted.covariance"),
    ("ParetoNBDModel-weeks", f"{F}/covariance/$array/0", "nan", "fitted.covariance"),
    ("GammaGammaModel-plain", f"{P}/v", {"$float": "inf"}, "fitted.parameters.v"),
    ("RFMModel-ten", f"{F}/centres/$array/0", "nan", "fitted.centres"),
    ("RFMModel-ten", f"{F}/scores/fields/m/$array/3", "inf", "fitted.scores.m"),
    ("ABCModel-cumulative", f"{F}/total", {"$float": "inf"}, "fitted.total"),
    ("ABCModel-cumulative", f"{F}/curve/fields/share/$array/0", "nan", "fitted.curve.share"),
    ("LifecycleModel-plain", f"{P}/rate/$array/0", "inf", "fitted.parameters.rate"),
    ("LifecycleModel-plain", f"{P}/shape", {"$float": "inf"}, "fitted.parameters.shape"),
    ("CLVModel-accounts", f"{F}/means/$array/0", "nan", "fitted.means"),
    ("CLVModel-accounts", f"{F}/referral_value", {"$float": "nan"}, "fitted.referral_value"),
    ("StructuralModel-interaction", f"{F}/rule/fields/weights/$array/0", "inf", "fitted.rule.weights"),
    # in their domain
    *((name, f"{P}/{first}", negative, f"fitted.parameters.{first}") for name, first in (
        ("NBDModel-days", "r"), ("BetaGeoModel-zh", "b"), ("ModifiedBetaGeoModel-months", "alpha"), ("ParetoNBDModel-weeks", "s"),
        ("BetaGeoBetaBinomModel-quarters", "delta"), ("ShiftedBetaGeoModel-plain", "beta"), ("GammaGammaModel-plain", "q"),
    )),
    ("NBDModel-days", f"{P}/r", 0, "fitted.parameters.r"),
    ("NBDModel-days", f"{P}/r", 1e-300, "fitted.parameters.r"),
    ("NBDModel-days", f"{P}/r", 1e300, "fitted.parameters.r"),
    ("NBDModel-days", f"{F}/n_customers", -30.0, "fitted.n_customers"),
    ("NBDModel-days", f"{F}/n_customers", 0, "fitted.n_customers is 0"),
    ("NBDModel-days", f"{F}/n_customers", 29.5, "fitted.n_customers"),
    ("NBDModel-days", f"{F}/n_distinct", 31, "fitted.n_distinct"),
    ("NBDModel-days", f"{F}/n_distinct", 0, "fitted.n_distinct"),
    ("NBDModel-days", f"{F}/n_evaluations", -1, "fitted.n_evaluations"),
    ("BetaGeoBetaBinomModel-quarters", f"{F}/log_likelihood", negative, "fitted.log_likelihood"),
    ("ShiftedBetaGeoModel-plain", f"{F}/log_likelihood", negative, "fitted.log_likelihood"),
    ("LifecycleModel-plain", f"{F}/log_likelihood", negative, "fitted.log_likelihood"),
    ("LifecycleModel-plain", f"{F}/n_customers", 0, "fitted.n_customers"),
    ("LifecycleModel-plain", f"{F}/n_customers", 10**6, "fitted.n_periods"),
    ("LifecycleModel-plain", f"{F}/mean_rate", 0, "fitted.mean_rate"),
    ("LifecycleModel-plain", f"{P}/moves/$array/0", doubled, "fitted.parameters.moves"),
    ("LifecycleModel-plain", f"{P}/moves/$array/0", 0.5, "fitted.parameters.moves"),
    ("LifecycleModel-plain", f"{P}/rate", turned, "fitted.parameters.rate"),
    ("RFMModel-ten", f"{F}/n_customers", 0, "fitted.n_customers"),
    ("RFMModel-ten", f"{F}/scores/fields/m", turned, "fitted.scores.m"),
    ("RFMModel-nested", f"{F}/scores/fields/f", turned, "fitted.scores.f"),
    ("ABCModel-cumulative", f"{F}/boundaries", turned, "fitted.boundaries"),
    ("ABCModel-cumulative", f"{F}/gini", 1.5, "fitted.gini"),
    ("ABCModel-cumulative", f"{F}/n_positive", 10**6, "fitted.curve.customers"),
    ("ABCModel-cumulative", f"{F}/curve/fields/share", turned, "fitted.curve.share"),
    ("ABCModel-computed", f"{F}/points/$array/0", 1.5, "fitted.points"),
    ("CLVModel-accounts", f"{F}/kappa", -1.0, "fitted.kappa"),
    ("CLVModel-accounts", f"{F}/kappa_error", -1.0, "fitted.kappa_error"),
    ("CLVModel-accounts", f"{F}/tier_bounds", turned, "fitted.tier_bounds"),
    ("CLVModel-accounts", f"{F}/referral_rate", 0.5, "fitted.referral"),
    ("SatisfactionIndexModel-template", f"{F}/n_respondents", 1, "fitted.n_respondents"),
    ("SatisfactionIndexModel-template", f"{F}/share_replaced", 1.0, "fitted.share_replaced"),
    ("SatisfactionIndexModel-template", f"{F}/rule/fields/item_means/$array/0", 11.0, "fitted.rule.item_means"),
    # covariances
    ("ParetoNBDModel-weeks", f"{F}/covariance/$array/1", doubled, "fitted.covariance must be symmetric"),
    ("ParetoNBDModel-weeks", f"{F}/covariance/$array/0", negative, "fitted.covariance must have variances"),
    ("NBDModel-days", f"{F}/covariance/$array", [1.0, 2.0, 2.0, 1.0], "fitted.covariance must be a covariance"),
    ("CLVModel-accounts", f"{F}/means_covariance/$array/1", doubled, "fitted.means_covariance must be symmetric"),
    ("CLVModel-accounts", f"{F}/purchase/fields/covariance/$array", [1.0, 2.0, 2.0, 1.0], "fitted.covariance must be a covariance"),
    ("StructuralModel-interaction", f"{F}/rule/fields/covariance/$array/1", 50.0, "fitted.rule.covariance must be symmetric"),
    # consistent
    ("ParetoNBDModel-weeks", f"{F}/unit", "D", "fitted.unit is 'D', and the model counts in 'W'"),
    ("ParetoNBDModel-weeks", "parameters/unit", "M", "fitted.unit is 'W', and the model counts in 'M'"),
    ("CLVModel-accounts", "parameters/purchase_model/fields/unit", "W", "fitted.unit is 'D', and the model counts in 'W'"),
    ("ParetoNBDModel-weeks", f"{F}/is_penalised", True, "fitted.is_penalised"),
    ("ParetoNBDModel-priors", "parameters/prior", None, "fitted.is_penalised"),
    ("ParetoNBDModel-weeks", f"{F}/undetermined", {"$tuple": ["r"]}, "fitted.undetermined"),
    ("ParetoNBDModel-weeks", f"{F}/undetermined", {"$tuple": ["p"]}, "fitted.undetermined"),
    ("RFMModel-thresholds", "parameters/thresholds/$mapping/0/1/$tuple/0", 31, "fitted.scores.r must be the thresholds"),
    ("RFMModel-ten", "parameters/scoring", "nested", "fitted.scores.f"),
    ("RFMModel-ten", "parameters/n_bins", 4, "fitted.scores.r"),
    ("RFMModel-ten", f"{F}/levels/fields/m/$array/0", 0.0, "fitted.levels.m"),
    ("ABCModel-cumulative", f"{F}/total", doubled, "fitted.curve.share"),
    ("ABCModel-cumulative", f"{F}/boundaries/$array/1", 1e-5, "fitted.boundaries"),
    ("ABCModel-cumulative", f"{F}/gini", 0.1, "fitted.gini"),
    ("ABCModel-cumulative", f"{F}/n_for_80", 1, "fitted.share_for_80"),
    ("ABCModel-cumulative", f"{F}/top_20_share", 0.99, "fitted.top_20_share"),
    ("ABCModel-cumulative", "parameters/method", "computed", "fitted.points"),
    ("ABCModel-cumulative", "parameters/n_bootstrap", 10, "fitted.intervals"),
    ("ABCModel-bootstrap", f"{F}/intervals/$mapping/0/1/fields/lower", 0.99, "fitted.intervals['gini_corrected']"),
    ("ABCModel-bootstrap", f"{F}/intervals/$mapping/0/0", "gini", "fitted.intervals"),
    ("LifecycleModel-plain", "parameters/n_grid", 5, "fitted.parameters.n_grid"),
    ("LifecycleModel-plain", "parameters/recovery", False, "fitted.parameters.moves"),
    ("LifecycleModel-plain", f"{F}/purchase", document_of("NBDModel-days")["fitted"], "fitted.purchase"),
    ("CLVModel-accounts", "parameters/kappa", 3.0, "fitted.kappa"),
    ("CLVModel-accounts", "parameters/tiers", "quartiles", "fitted.tier_bounds"),
    ("CLVModel-accounts", "parameters/tiers", {"$tuple": [10.0, 50.0]}, "fitted.tier_bounds"),
    ("CLVModel-accounts", f"{F}/n_customers", 31, "fitted.purchase.n_customers"),
    ("CLVModel-accounts", f"{F}/roles", {"$tuple": ["sku"]}, "fitted.roles"),
    ("CLVModel-accounts", f"{F}/identified/$mapping/1/0", "clv9", "fitted.identified"),
    ("SatisfactionIndexModel-template", "parameters/level", 0.9, "fitted.bootstrap"),
    ("SatisfactionIndexModel-template", "parameters/n_bootstrap", 0, "fitted.bootstrap"),
    ("SatisfactionIndexModel-template", "parameters/scheme", "centroid", "fitted.rule.weights must follow"),
    ("SatisfactionIndexModel-template", f"{F}/rule/fields/weights/$array/0", doubled, "fitted.rule.weights must follow"),
    ("SatisfactionIndexModel-template", f"{F}/quantities/$mapping/4/1/fields/estimate/$array/0", 0.11, "'].estimate must follow"),
    ("StructuralModel-second-order", f"{F}/quantities/$mapping/0/0", "wights", "fitted.quantities"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "value", "field"),
    ROWS,
    ids=[f"{name}-{path.replace('/', '.')}-{i}" for i, (name, path, _, _) in enumerate(ROWS)],
)
def test_a_record_that_no_fit_can_have_left_is_refused(name: str, path: str, value: Any, field: str, tmp_path: Path) -> None:
    document = document_of(name)
    load(document, tmp_path)
    with pytest.raises(crm.SavedFormatError, match=r"is damaged \(") as refusal:
        load(altered(document, path, value), tmp_path)
    assert field in str(refusal.value)


@pytest.mark.parametrize(("name", "path", "value"), [
    ("NBDModel-days", f"{P}/r", 1),
    ("NBDModel-days", f"{F}/n_customers", 30),
    ("RFMModel-thresholds", "parameters/weights/$tuple/0", 2),
    ("RFMModel-ten", "parameters/weights/$tuple/0", 10**25),
])  # fmt: skip
def test_a_whole_number_is_a_number(name: str, path: str, value: Any, tmp_path: Path) -> None:
    assert load(altered(document_of(name), path, value), tmp_path).is_fitted


def test_what_load_would_refuse_is_not_saved(tmp_path: Path) -> None:
    model = crm.load(FOLDER / "NBDModel-days.json")
    object.__setattr__(model.fitted.parameters, "r", float("nan"))
    with pytest.raises(
        crm.SavedFormatError, match=r"this NBDModel cannot be saved: fitted\.parameters\.r must be a finite number; got nan"
    ):
        model.save(tmp_path / "nbd.json")
    assert list(tmp_path.iterdir()) == []
