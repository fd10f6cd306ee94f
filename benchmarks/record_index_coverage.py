"""Record benchmarks/recorded/index_coverage.json: how often 95 % limits of the satisfaction index and of paths hold the truth.

    .venv/bin/python benchmarks/record_index_coverage.py [n_surveys]

Surveys are drawn from the simulator, with sampling alone and with 8 % of the answers missing. The truth is the estimate
from one survey of a million respondents with the same share missing (mean replacement draws paths towards 0, which no sample size
cures), whose own error is at most 3 % of a standard error of the largest survey here. Every model is fitted with 1,000 replicates; percentile and corrected limits are counted apart, and the Monte-Carlo error of a share stands beside it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

import crmmodels as crm

RECORD = Path(__file__).resolve().parent / "recorded" / "index_coverage.json"
SIZES = (100, 250, 1000)
SHARES_MISSING = (0.0, 0.08)
N_LARGE = 1_000_000
KINDS = ("index", "paths")


def fitted(survey: crm.simulate.SimulatedSurvey, n_bootstrap: int) -> crm.StructuralFit:
    return crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=n_bootstrap).fit(survey.answers).fitted


def covered(n_surveys: int, n_respondents: int, missing: float, truth: dict[str, np.ndarray]) -> list[dict[str, object]]:
    inside: dict[tuple[str, str], list[np.ndarray]] = {(kind, way): [] for kind in KINDS for way in ("percentile", "bca")}
    for seed in range(n_surveys):
        record = fitted(crm.simulate.simulate_survey(n_respondents, seed, missing=missing), 1000)
        for kind in KINDS:
            found = record.quantities[kind]
            for way, lower, upper in (("percentile", found.lower, found.upper), ("bca", found.lower_bca, found.upper_bca)):
                inside[kind, way].append((lower <= truth[kind]) & (truth[kind] <= upper))
    rows = []
    for (kind, way), hits in inside.items():
        by_survey = np.mean(hits, axis=1)
        rows.append(
            {
                "n_respondents": n_respondents,
                "share_missing": missing,
                "quantity": kind,
                "limits": way,
                "coverage": round(float(by_survey.mean()), 4),
                "error": round(float(by_survey.std(ddof=1) / np.sqrt(n_surveys)), 4),
                "lowest": round(float(np.mean(hits, axis=0).min()), 4),
            }
        )
    return rows


def main() -> None:
    n_surveys = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    start = time.process_time()
    rows = []
    for missing in SHARES_MISSING:
        large = fitted(crm.simulate.simulate_survey(N_LARGE, 12345, missing=missing), 0)
        truth = {kind: large.quantities[kind].estimate for kind in KINDS}
        rows += [row for n in SIZES for row in covered(n_surveys, n, missing, truth)]
    for row in rows:
        print(row)
    document = {"level": 0.95, "n_surveys": n_surveys, "n_bootstrap": 1000, "rows": rows}
    RECORD.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
