"""Partial least squares path modelling as textbooks describe it: on the scores of respondents, one loop after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Textbook:
    weights: dict[str, dict[str, float]]
    loadings: dict[str, dict[str, float]]
    paths: dict[tuple[str, str], float]
    r_squared: dict[str, float]
    index: dict[str, float]
    scores: dict[str, Any]


def textbook_pls(
    frame: Any, constructs: Any, paths: Any, scheme: str = "path", modes: Any = None, scale: Any = (1, 10)
) -> Textbook:
    modes = modes or {}
    names = list(constructs)
    x = {
        name: ((frame[list(items)] - frame[list(items)].mean()) / frame[list(items)].std(ddof=1)).to_numpy(float)
        for name, items in constructs.items()
    }
    n = len(frame)
    causes = {name: [s for s, targets in paths.items() if name in targets] for name in names}
    effects = {name: list(paths.get(name, ())) for name in names}
    weights = {name: np.ones(x[name].shape[1]) for name in names}

    def score(name: str) -> Any:
        raw = x[name] @ weights[name]
        weights[name] = weights[name] / raw.std(ddof=1)
        return x[name] @ weights[name]

    scores = {name: score(name) for name in names}
    for _ in range(1000):
        before = {name: weights[name].copy() for name in names}
        inner = {}
        for name in names:
            around = np.zeros(n)
            for other in [*causes[name], *effects[name]]:
                r = np.corrcoef(scores[name], scores[other])[0, 1]
                if scheme == "centroid":
                    around = around + np.sign(r) * scores[other]
                elif scheme == "factorial" or other in effects[name]:
                    around = around + r * scores[other]
            if scheme == "path" and causes[name]:
                given = np.column_stack([scores[other] for other in causes[name]])
                around = around + given @ np.linalg.lstsq(given, scores[name], rcond=None)[0]
            inner[name] = around
        for name in names:
            if modes.get(name, "A") == "A":
                weights[name] = x[name].T @ inner[name] / (n - 1)
            elif modes[name] == "B":
                weights[name] = np.linalg.lstsq(x[name], inner[name], rcond=None)[0]
            else:
                weights[name] = np.ones(x[name].shape[1])
        scores = {name: score(name) for name in names}
        if max(np.abs(weights[name] - before[name]).max() for name in names) < 1e-13:
            break
    loadings = {}
    for name in names:
        own = np.array([np.corrcoef(x[name][:, j], scores[name])[0, 1] for j in range(x[name].shape[1])])
        if np.sign(own).sum() < 0:
            scores[name], weights[name], own = -scores[name], -weights[name], -own
        loadings[name] = own
    found, r_squared = {}, {}
    for name in names:
        if not causes[name]:
            continue
        given = np.column_stack([scores[other] for other in causes[name]])
        beta = np.linalg.lstsq(given, scores[name], rcond=None)[0]
        found.update({(other, name): float(b) for other, b in zip(causes[name], beta, strict=True)})
        r_squared[name] = float(np.corrcoef(given @ beta, scores[name])[0, 1] ** 2)
    index = {}
    for name, items in constructs.items():
        u = weights[name] / frame[list(items)].std(ddof=1).to_numpy()
        means = frame[list(items)].mean().to_numpy()
        index[name] = float(100 * (u @ (means - scale[0])) / (u.sum() * (scale[1] - scale[0])))
    by_item = lambda values: {name: dict(zip(constructs[name], map(float, values[name]), strict=True)) for name in names}  # noqa: E731
    return Textbook(by_item(weights), by_item(loadings), found, r_squared, index, scores)
