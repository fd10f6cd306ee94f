"""Write one saved model per class and parameter flavour, with the answers it must still give.

Run by hand before a release that changes the format: ``python tests/saved/make_saved.py``. Files of formats that were
released are never written again; a new format gets a folder of its own.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import crmmodels as crm
from crmmodels.saving import FORMAT

HERE = Path(__file__).resolve().parent
COLUMNS = {"customer_id": str, "days_since_last": float, "n_orders": int, "spend": float, "margin": float}


def flavours() -> dict[str, crm.ABCModel | crm.RFMModel]:
    """Every class with every kind of parameter and fitted value that a file may hold."""
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
    }


def customers() -> pd.DataFrame:
    """The table that all of them read; the first half is learned from, all of it is scored."""
    return pd.read_csv(HERE / "customers.csv", dtype=COLUMNS)


def answers(model: crm.ABCModel | crm.RFMModel, table: pd.DataFrame) -> pd.DataFrame:
    """Scores and segments side by side."""
    return model.score(table).assign(segment=model.segment(table).astype(str))


def write() -> None:
    """Draw the table once, then write every flavour and its answers."""
    if not (HERE / "customers.csv").exists():
        drawn = crm.RFMModel.example(n_customers=60, seed=20)
        drawn["margin"] = crm.ABCModel.example(n_customers=60, seed=21)["margin"]
        drawn.to_csv(HERE / "customers.csv", index=False)
    table = customers()
    folder = HERE / f"format_{FORMAT}"
    folder.mkdir(exist_ok=True)
    for name, model in flavours().items():
        if not name.endswith("unfitted"):
            answers(model.fit(table.head(30)), table).to_csv(folder / f"{name}.csv", index=False)
        model.save(folder / f"{name}.json")


if __name__ == "__main__":
    write()
