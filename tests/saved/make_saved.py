"""Write one saved model per class and parameter flavour, with the answers it must still give.

Run by hand before a release that changes the format: ``python tests/saved/make_saved.py``. Files of formats that were
released are never written again; a new format gets a folder of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import crmmodels as crm
from crmmodels.models import HOMES
from crmmodels.saving import FORMAT

HERE = Path(__file__).resolve().parent
COLUMNS = {"customer_id": str, "days_since_last": float, "n_orders": int, "spend": float, "margin": float}


HISTORIES = {
    "frequency": int,
    "age_at_last": float,
    "age": float,
    "mean_repeat_spend": float,
    "tenure": int,
    "churned": int,
    "n": int,
}


SURVEY = {f"{construct}_{j}": "Int64" for construct in ("quality", "value", "satisfaction", "loyalty") for j in (1, 2, 3)}
INDICATORS = {name: [f"{name}_{j}" for j in (1, 2, 3)] for name in ("quality", "value", "satisfaction", "loyalty")}


def satisfaction() -> crm.Template:
    """A template of one's own, as a file may hold it."""
    return crm.Template(
        name="shop",
        title="Quality, value, satisfaction, loyalty",
        zh="商店",
        constructs=tuple(
            crm.TemplateConstruct(name=name, zh=zh, asks=name) for name, zh in zip(INDICATORS, "质值满忠", strict=True)
        ),
        paths=(
            crm.TemplatePath(source="quality", target="value"),
            crm.TemplatePath(source="quality", target="satisfaction"),
            crm.TemplatePath(source="value", target="satisfaction"),
            crm.TemplatePath(source="satisfaction", target="loyalty"),
        ),
        source="made for this test",
    )


def flavours() -> dict[str, crm.BaseModel[Any, Any]]:
    """Every class with every kind of parameter and fitted value that a file may hold; a class that is not named below, as it is by default."""
    chosen = chosen_flavours()
    named = {name.partition("-")[0] for name in chosen}
    return {**chosen, **{f"{name}-default": getattr(crm, name)() for name in HOMES if name not in named}}


def chosen_flavours() -> dict[str, crm.BaseModel[Any, Any]]:
    """Classes with parameters and fitted values of every kind."""
    rules = [
        crm.SegmentRule("lapsed", r=1),
        crm.SegmentRule("small", r=(2, 3), m=(1, 2)),
        crm.SegmentRule("large", r=(2, 3), m=3),
    ]
    cells = {f"{r}{f}": "低" if r == 1 else "高" for r in (1, 2) for f in (1, 2)}
    thresholds = {"days_since_last": [30, 90.5], "spend": [float("-inf"), 100.0]}
    return {
        "RFMModel-unfitted": crm.RFMModel(n_bins=4),
        "RFMModel-ten": crm.RFMModel(),
        "RFMModel-nested": crm.RFMModel(scoring="nested", n_bins=3, weights=(3.0, 2.0, 1.0), monetary="mean"),
        "RFMModel-eight-zh": crm.RFMModel(segments="eight", labels="zh", threshold="median"),
        "RFMModel-eight-scores": crm.RFMModel(segments="eight", threshold_on="scores"),
        "RFMModel-four-strict": crm.RFMModel(segments="four", strict=True, labels={"other": "rest"}),
        "RFMModel-thresholds": crm.RFMModel(n_bins=3, segments="four", thresholds=thresholds),
        "RFMModel-rules": crm.RFMModel(n_bins=3, segments=rules),
        "RFMModel-cells": crm.RFMModel(n_bins=2, segments=cells),
        "ABCModel-cumulative": crm.ABCModel(),
        "ABCModel-out-join": crm.ABCModel(value="margin", crossing="out", negative="join", a=0.1, b=0.9, labels="zh"),
        "ABCModel-empty-class": crm.ABCModel(crossing="out", a=0.001, b=0.5),
        "ABCModel-computed": crm.ABCModel(method="computed", n_knots=16),
        "ABCModel-bootstrap": crm.ABCModel(value="margin", n_bootstrap=20, seed=3, level=0.9, n_knots=8),
        "NBDModel-days": crm.NBDModel(horizon=30),
        "BetaGeoModel-unfitted": crm.BetaGeoModel(horizon=39, unit="W", prior={"a": crm.GammaPrior(1.0, 0.5)}, weight="n"),
        "BetaGeoModel-zh": crm.BetaGeoModel(horizon=39, unit="W", cut_points=[0.2, 0.4, 0.8], labels="zh"),
        "ModifiedBetaGeoModel-months": crm.ModifiedBetaGeoModel(horizon=2.5, unit="M", weight="n"),
        "ParetoNBDModel-weeks": crm.ParetoNBDModel(horizon=39, unit="W", labels={"lapsed": "asleep"}),
        "ParetoNBDModel-priors": crm.ParetoNBDModel(
            horizon=1, unit="Y", prior={"s": crm.GammaPrior(2.0, 1.5), "beta": crm.LogNormalPrior(12.0, 0.8)}, weight="n"
        ),
        "BetaGeoBetaBinomModel-quarters": crm.BetaGeoBetaBinomModel(horizon=4, unit="Q"),
        "ShiftedBetaGeoModel-plain": crm.ShiftedBetaGeoModel(horizon=3),
        "ShiftedBetaGeoModel-weighted": crm.ShiftedBetaGeoModel(
            horizon=1, cut_points=(0.1, 0.3), weight="n", labels="zh", prior={"beta": crm.LogNormalPrior(2.0, 1.0)}
        ),
        "GammaGammaModel-plain": crm.GammaGammaModel(),
        "GammaGammaModel-prior": crm.GammaGammaModel(
            cut_points=(0.5, 0.9), prior={"q": crm.LogNormalPrior(4.0, 0.3)}, weight="n"
        ),
        "CLVModel-unfitted": crm.CLVModel(price_reference=0.1, tiers=[10.0, 50.0], generations="all", margin=0.4),
        "CLVModel-accounts": crm.CLVModel(
            purchase_model=crm.NBDModel(horizon=1, prior={"r": crm.LogNormalPrior(0.5, 1.0)}),
            tiers="abc",
            n_draws=3,
            labels="zh",
        ),
        "StructuralModel-unfitted": crm.StructuralModel(
            constructs={"a": ["x1", "x2"], "b": ["y"]},
            paths={"a": ["b"]},
            scale={"a": (1, 5), "y": None},
            target="a",
            missing_codes=(98, 99),
        ),
        "StructuralModel-interaction": crm.StructuralModel(
            constructs=INDICATORS,
            paths={"quality": ["satisfaction"], "value": ["satisfaction"], "satisfaction": ["loyalty"]},
            modes={"quality": "B", "loyalty": "sum"},
            interactions=[("quality", "value", "satisfaction")],
            missing="listwise",
            scheme="centroid",
            n_bootstrap=0,
        ),
        "StructuralModel-second-order": crm.StructuralModel(
            constructs=INDICATORS,
            paths={"offer": ["satisfaction"], "satisfaction": ["loyalty"]},
            second_order={"offer": ["quality", "value"]},
            bands=(50, 80),
            labels="zh",
            n_bootstrap=30,
        ),
        "SatisfactionIndexModel-template": crm.SatisfactionIndexModel(
            indicators=INDICATORS, template=satisfaction(), n_bootstrap=30
        ),
        "SatisfactionIndexModel-em-zh": crm.SatisfactionIndexModel(
            indicators=INDICATORS, template=satisfaction(), missing="em", consistent=True, n_bootstrap=0, labels="zh"
        ),
        "LifecycleModel-unfitted": crm.LifecycleModel(recovery=False, expected_dwell=(3, 4, 12, 6), decline_if_inactive=None),
        "LifecycleModel-plain": crm.LifecycleModel(n_starts=2),
        "LifecycleModel-alike-zh": crm.LifecycleModel(n_grid=1, n_starts=1, labels="zh", horizon=6),
    }


def tables(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table that a flavour learns from, and the one that it scores."""
    if name.endswith("-default"):
        kind = getattr(crm, name.partition("-")[0])
        return kind.example(60, 27), kind.example(60, 28)
    if name.startswith("LifecycleModel"):
        panel = pd.read_csv(HERE / "panel.csv")
        return panel, panel
    table = pd.read_csv(HERE / "survey.csv", dtype=SURVEY) if name.startswith(("Satisfaction", "Structural")) else customers()
    return table.head(len(table) // 2), table


def customers() -> pd.DataFrame:
    """The table that models of customers read."""
    orders = pd.read_csv(HERE / "customers.csv", dtype=COLUMNS)
    histories, money = pd.read_csv(HERE / "histories.csv", dtype=HISTORIES), pd.read_csv(HERE / "money.csv", dtype=float)
    return pd.concat([orders, histories, money], axis=1)


def answers(model: Any, table: pd.DataFrame) -> pd.DataFrame:
    """Scores and segments side by side."""
    return model.score(table).assign(segment=model.segment(table).astype(object))


def draw() -> None:
    """Draw the columns that are not there yet."""
    if not (HERE / "customers.csv").exists():
        drawn = crm.RFMModel.example(n_customers=60, seed=20)
        drawn["margin"] = crm.ABCModel.example(n_customers=60, seed=21)["margin"]
        drawn.to_csv(HERE / "customers.csv", index=False)
    if not (HERE / "histories.csv").exists():
        drawn = crm.BetaGeoBetaBinomModel.example(n_customers=60, seed=22).drop(columns="customer_id")
        spend = crm.GammaGammaModel.example(n_customers=200, seed=23).query("frequency > 0")["mean_repeat_spend"]
        drawn["mean_repeat_spend"] = np.where(drawn["frequency"] > 0, spend.head(60), 0.0)
        drawn[["tenure", "churned"]] = crm.ShiftedBetaGeoModel.example(n_customers=60, seed=24)[["tenure", "churned"]]
        drawn["n"] = np.arange(60) % 4 + 1
        drawn.to_csv(HERE / "histories.csv", index=False)
    if not (HERE / "money.csv").exists():
        drawn = crm.CLVModel.example(n_customers=60, seed=25)
        drawn.drop(columns=["customer_id", "frequency", "age_at_last", "age"]).to_csv(HERE / "money.csv", index=False)
    if not (HERE / "survey.csv").exists():
        drawn = crm.simulate.simulate_survey(120, rng=26, missing=0.02).answers
        drawn[["respondent_id", *SURVEY]].convert_dtypes().to_csv(HERE / "survey.csv", index=False)
    if not (HERE / "panel.csv").exists():
        crm.LifecycleModel.example(n_customers=80, seed=26).to_csv(HERE / "panel.csv", index=False)


def write() -> None:
    """Write every flavour that has no file yet, with its answers."""
    draw()
    folder = HERE / f"format_{FORMAT}"
    folder.mkdir(exist_ok=True)
    for name, model in flavours().items():
        if (folder / f"{name}.json").exists():
            continue
        if not name.endswith("unfitted"):
            learned, scored = tables(name)
            answers(model.fit(learned), scored).to_csv(folder / f"{name}.csv", index=False)
        model.save(folder / f"{name}.json")


if __name__ == "__main__":
    write()
