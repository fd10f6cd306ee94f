"""Partial least squares as the textbooks write it: scores of respondents, one respondent and one construct at a time.

Follows Lohmöller (1989, chapter 2) and Tenenhaus et al. (2005, section 2): outer estimate, inner estimate, weights by simple or multiple
regressions on scores, then ordinary least squares among scores. Slow, plain, and apart from the package, which never forms a score.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np


def mean(values):
    return math.fsum(values) / len(values)


def covariance(first, second):
    a, b = mean(first), mean(second)
    return math.fsum((x - a) * (y - b) for x, y in zip(first, second, strict=True)) / (len(first) - 1)


def correlation(first, second):
    return covariance(first, second) / math.sqrt(covariance(first, first) * covariance(second, second))


def standardised(values):
    centre, deviation = mean(values), math.sqrt(covariance(values, values))
    return np.array([(value - centre) / deviation for value in values])


def centred(values):
    centre = mean(values)
    return np.array([value - centre for value in values])


def regression(target, explaining):
    """Coefficients by least squares on data, not on moments."""
    return np.linalg.lstsq(np.column_stack(explaining), target, rcond=None)[0]


def textbook_pls(answers, blocks, paths, modes, scheme, *, standardise=True, tolerance=1e-13, max_iterations=2000):
    n_constructs = len(blocks)
    columns = [standardised(column) if standardise else centred(column) for column in answers.T]
    weights = [np.ones(len(block)) for block in blocks]
    scores = [outer_estimate(columns, block, weight) for block, weight in zip(blocks, weights, strict=True)]
    for _ in range(max_iterations):
        proposed = []
        for k in range(n_constructs):
            inner = standardised(inner_estimate(scores, paths, scheme, k))
            block = [columns[item] for item in blocks[k]]
            if modes[k] == "sum" or len(block) == 1:
                found = np.ones(len(block))
            elif modes[k] == "A":
                found = np.array([covariance(column, inner) for column in block])
            else:
                found = regression(inner, block)
            score = sum(w * column for w, column in zip(found, block, strict=True))
            proposed.append(found / math.sqrt(covariance(score, score)))
        before = [
            weight / math.sqrt(variance_of(columns, block, weight)) for block, weight in zip(blocks, weights, strict=True)
        ]
        change = max(float(np.abs(new - old).max()) for new, old in zip(proposed, before, strict=True))
        weights = proposed
        scores = [outer_estimate(columns, block, weight) for block, weight in zip(blocks, weights, strict=True)]
        if change < tolerance:
            break
    weights, scores = signed(answers, blocks, weights, scores)
    return described(answers, blocks, paths, weights, scores)


def textbook_by_name(frame, constructs, paths, scheme="path", modes=None, scale=(1, 10)):
    """The same of a frame, by names of constructs and items, with the index from 0 to 100."""
    names, items = list(constructs), list(dict.fromkeys(item for block in constructs.values() for item in block))
    answers = frame[items].to_numpy(float)
    blocks = [[items.index(item) for item in constructs[name]] for name in names]
    square = np.array([[target in paths.get(source, ()) for target in names] for source in names])
    found = textbook_pls(answers, blocks, square, [(modes or {}).get(name, "A") for name in names], scheme)
    pairs = [(source, target) for source in names for target in paths.get(source, ())]
    index = {}
    for name, block, weight in zip(names, blocks, found.weights, strict=True):
        unstandardised = weight / [math.sqrt(covariance(answers[:, item], answers[:, item])) for item in block]
        above = [mean(answers[:, item]) - scale[0] for item in block]
        index[name] = 100 * (unstandardised @ above) / (unstandardised.sum() * (scale[1] - scale[0]))

    def by_item(values):
        return {name: dict(zip(constructs[name], own.tolist(), strict=True)) for name, own in zip(names, values, strict=True)}

    return SimpleNamespace(
        weights=by_item(found.weights),
        loadings=by_item(found.loadings),
        paths={(source, target): found.paths[names.index(source), names.index(target)] for source, target in pairs},
        r_squared={name: value for name, value in zip(names, found.r_squared.tolist(), strict=True) if not np.isnan(value)},
        index=index,
        scores=dict(zip(names, found.scores.T, strict=True)),
    )


def outer_estimate(columns, block, weight):
    return standardised(sum(w * columns[item] for w, item in zip(weight, block, strict=True)))


def variance_of(columns, block, weight):
    score = sum(w * columns[item] for w, item in zip(weight, block, strict=True))
    return covariance(score, score)


def inner_estimate(scores, paths, scheme, k):
    before = [i for i in range(len(scores)) if paths[i, k]]
    after = [i for i in range(len(scores)) if paths[k, i]]
    total = np.zeros(len(scores[0]))
    if scheme == "path":
        if before:
            for i, slope in zip(before, regression(scores[k], [scores[i] for i in before]), strict=True):
                total = total + slope * scores[i]
        for i in after:
            total = total + correlation(scores[k], scores[i]) * scores[i]
        return total
    for i in before + after:
        joined = correlation(scores[k], scores[i])
        total = total + (math.copysign(1.0, joined) if scheme == "centroid" else joined) * scores[i]
    return total


def signed(answers, blocks, weights, scores):
    for k, block in enumerate(blocks):
        loadings = [correlation(answers[:, item], scores[k]) for item in block]
        majority = sum(1 if loading > 0 else -1 for loading in loadings)
        if majority < 0 or (majority == 0 and sum(loadings) < 0):
            weights[k], scores[k] = -weights[k], -scores[k]
    return weights, scores


def described(answers, blocks, paths, weights, scores):
    n_constructs = len(blocks)
    slopes, r_squared = np.zeros((n_constructs, n_constructs)), np.full(n_constructs, np.nan)
    f_squared, vif = np.full((n_constructs, n_constructs), np.nan), np.full((n_constructs, n_constructs), np.nan)
    for k in range(n_constructs):
        before = [i for i in range(n_constructs) if paths[i, k]]
        if not before:
            continue
        slopes[before, k] = regression(scores[k], [scores[i] for i in before])
        r_squared[k] = explained(scores[k], [scores[i] for i in before])
        for i in before:
            others = [scores[j] for j in before if j != i]
            f_squared[i, k] = (r_squared[k] - explained(scores[k], others)) / (1 - r_squared[k])
            vif[i, k] = 1 / (1 - explained(scores[i], others))
    return SimpleNamespace(
        weights=weights,
        scores=np.column_stack(scores),
        paths=slopes,
        r_squared=r_squared,
        total_effects=all_paths(slopes),
        loadings=[np.array([correlation(answers[:, item], scores[k]) for item in block]) for k, block in enumerate(blocks)],
        cross_loadings=np.array([[correlation(column, score) for score in scores] for column in answers.T]),
        f_squared=f_squared,
        vif=vif,
    )


def explained(target, explaining):
    if not explaining:
        return 0.0
    slopes = regression(target, explaining)
    fitted = sum(slope * values for slope, values in zip(slopes, explaining, strict=True))
    return 1 - covariance(target - fitted, target - fitted) / covariance(target, target)


def all_paths(slopes):
    """Products along every directed route, one route at a time."""
    n_constructs = len(slopes)
    effects = np.zeros((n_constructs, n_constructs))

    def walk(origin, here, product):
        for there in range(n_constructs):
            if slopes[here, there] != 0:
                effects[origin, there] += product * slopes[here, there]
                walk(origin, there, product * slopes[here, there])

    for origin in range(n_constructs):
        walk(origin, origin, 1.0)
    return effects


def cronbach_alpha(answers, block):
    total = sum(answers[:, item] for item in block)
    own = sum(covariance(answers[:, item], answers[:, item]) for item in block)
    return len(block) / (len(block) - 1) * (1 - own / covariance(total, total))


def composite_reliability(loadings):
    return sum(loadings) ** 2 / (sum(loadings) ** 2 + sum(1 - loading**2 for loading in loadings))


def dijkstra_rho(columns, block, weight):
    """Dijkstra & Henseler (2015), equation 3, element by element."""
    off_diagonal = bottom = 0.0
    for a, i in enumerate(block):
        for b, j in enumerate(block):
            if a != b:
                off_diagonal += weight[a] * covariance(columns[i], columns[j]) * weight[b]
                bottom += weight[a] ** 2 * weight[b] ** 2
    return sum(w**2 for w in weight) ** 2 * off_diagonal / bottom


def consistent_paths(scores, paths, rho):
    n_constructs = scores.shape[1]
    corrected = np.eye(n_constructs)
    for i in range(n_constructs):
        for k in range(n_constructs):
            if i != k:
                corrected[i, k] = correlation(scores[:, i], scores[:, k]) / math.sqrt(rho[i] * rho[k])
    slopes, r_squared = np.zeros((n_constructs, n_constructs)), np.full(n_constructs, np.nan)
    for k in range(n_constructs):
        before = [i for i in range(n_constructs) if paths[i, k]]
        if before:
            slopes[before, k] = np.linalg.solve(corrected[np.ix_(before, before)], corrected[before, k])
            r_squared[k] = slopes[before, k] @ corrected[before, k]
    return slopes, r_squared


def heterotrait_monotrait(answers, first, second):
    def average(pairs):
        return mean([abs(correlation(answers[:, i], answers[:, j])) for i, j in pairs])

    def within(block):
        return average([(i, j) for i in block for j in block if i < j]) if len(block) > 1 else 1.0

    return average([(i, j) for i in first for j in second]) / math.sqrt(within(first) * within(second))
