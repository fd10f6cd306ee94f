"""Write how models look in a terminal and in a notebook.

Run by hand after a change that is meant to be seen, ``python tests/golden/make_golden.py``, and read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

import crmmodels as crm

HERE = Path(__file__).resolve().parent
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": list("uvwxyz"),
        "days_since_last": [3, 10, 40, 80, 200, 400],
        "n_orders": [9, 5, 3, 2, 1, 1],
        "spend": [50.0, 30.0, 10.0, 5.0, 3.0, 2.0],
    }
)

HISTORIES = crm.ParetoNBDModel.example(n_customers=300, seed=1)


def models() -> dict[str, Any]:
    """Models whose looks differ."""
    return {
        "rfm-unfitted": crm.RFMModel(),
        "rfm-changed": crm.RFMModel(n_bins=3, segments="four", thresholds={"spend": [4, 20]}, weights=(2.0, 1.0, 1.0)),
        "rfm-fitted": crm.RFMModel(segments="eight", labels="zh").fit(CUSTOMERS),
        "rfm-nested": crm.RFMModel(scoring="nested").fit(CUSTOMERS),
        "rfm-escaped": crm.RFMModel(labels={"new": "<script>alert('&')</script>"}),
        "abc-fitted": crm.ABCModel(a=0.7, b=0.9).fit(CUSTOMERS),
        "abc-computed": crm.ABCModel(method="computed").fit(CUSTOMERS),
        "pareto-unfitted": crm.ParetoNBDModel(horizon=39, unit="W", prior={"s": crm.GammaPrior(2.0, 1.5)}),
        "pareto-fitted": crm.ParetoNBDModel(horizon=39, unit="W").fit(HISTORIES),
    }


def write() -> None:
    """Write the text and the HTML of each."""
    for name, model in models().items():
        (HERE / f"{name}.txt").write_text(repr(model) + "\n", encoding="utf-8")
        (HERE / f"{name}.html").write_text(model._repr_html_() + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
