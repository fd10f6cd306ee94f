"""A survey drawn from a known structural model, with the truth that no answer shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels._frozen import FrozenMapping
from crmmodels._typing import FloatArray
from crmmodels.exceptions import ParameterError

__all__ = ["SimulatedSurvey", "simulate_survey"]

_OWNER: Final = "simulate_survey"
_PATHS: Final[Mapping[str, Mapping[str, float]]] = FrozenMapping(
    {
        "expectations": FrozenMapping({"quality": 0.6, "value": 0.1, "satisfaction": 0.1}),
        "quality": FrozenMapping({"value": 0.6, "satisfaction": 0.5}),
        "value": FrozenMapping({"satisfaction": 0.3}),
        "satisfaction": FrozenMapping({"complaints": -0.4, "loyalty": 0.6}),
        "complaints": FrozenMapping({"loyalty": -0.1}),
    }
)
_LOADINGS: Final = (0.9, 0.85, 0.8)
_WEIGHTS: Final = (0.5, 1.0, 1.5)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SimulatedSurvey:
    """A simulated survey: its answers, and what no respondent says.

    Attributes
    ----------
    answers : pandas.DataFrame
        One row per respondent: ``respondent_id``, the items by construct (``satisfaction_1``, …), whole numbers on the scale; with
        missing answers as float; ``group`` and ``weight`` where asked for.
    indicators : mapping of str to tuple of str
        Items of each construct, causes before effects.
    paths : mapping of str to tuple of str
        Which constructs each construct explains.
    path_coefficients : pandas.DataFrame
        ``source, target, coefficient``: true paths between the standardised constructs.
    loadings : pandas.DataFrame
        ``construct, item, loading``: true correlations of items with their constructs before answers are rounded to the scale.
    r_squared : pandas.Series
        True share of the variance of each construct that is explained.
    scores : pandas.DataFrame
        True standardised constructs, one row per respondent.
    scale : tuple of (int, int)
        Lowest and highest answer.
    """

    answers: pd.DataFrame
    indicators: Mapping[str, tuple[str, ...]]
    paths: Mapping[str, tuple[str, ...]]
    path_coefficients: pd.DataFrame
    loadings: pd.DataFrame
    r_squared: pd.Series[float]
    scores: pd.DataFrame
    scale: tuple[int, int]

    def __repr__(self) -> str:
        """Sizes."""
        n_items = sum(map(len, self.indicators.values()))
        return f"SimulatedSurvey({len(self.answers)} respondents, {len(self.indicators)} constructs, {n_items} items)"


def simulate_survey(
    n_respondents: int,
    rng: np.random.Generator | int | None = None,
    *,
    paths: Mapping[str, Mapping[str, float]] | None = None,
    loadings: Sequence[float] | Mapping[str, Sequence[float]] = _LOADINGS,
    scale: tuple[int, int] = (1, 10),
    level: float = 0.65,
    spread: float = 0.2,
    missing: float = 0.0,
    groups: Mapping[str, float] | None = None,
    weights: bool = False,
) -> SimulatedSurvey:
    r"""Answers to a survey whose constructs, paths and loadings are known.

    Use it to see whether a model finds what is there. The constructs are common factors, so paths between composites of their items
    are below the true ones, as measurement error makes them, and those of consistent partial least squares are not.

    Parameters
    ----------
    n_respondents : int
        Number of respondents.
    rng : numpy.random.Generator or int, optional
        Source of chance, or its seed. Default: fresh.
    paths : mapping of str to mapping of str to float, optional
        Of each construct the standardised effects on others. Default: the American Customer Satisfaction Index, with complaints that
        fall with satisfaction.
    loadings : sequence of float, or mapping of str to sequence of float, default (0.9, 0.85, 0.8)
        Correlations of items with their construct, from -1 to 1, one per item; common, or by construct. A negative one is a reversed item.
    scale : tuple of (int, int), default (1, 10)
        Lowest and highest answer.
    level : float, default 0.65
        Mean of the answers before they are rounded, as a share of the way from lowest to highest.
    spread : float, default 0.2
        Their standard deviation, as a share of that way.
    missing : float, default 0
        Share of the answers that is missing, completely at random.
    groups : mapping of str to float, optional
        Groups of equal size on average, and the standard deviations by which the means of all items lie above those of ``level``; in
        column ``group``.
    weights : bool, default False
        Whether there is a column ``weight``, of 0.5, 1 and 1.5, independent of the answers.

    Returns
    -------
    SimulatedSurvey
        Answers, and the truth.

    Raises
    ------
    ParameterError
        If an argument is out of range, the paths form a circle, or they explain more than all variance of a construct.

    Notes
    -----
    With standard normal :math:`\zeta` and :math:`\varepsilon`

    .. math:: \eta_k = \sum_i \beta_{ik} \eta_i + \sqrt{1 - R_k^2}\, \zeta_k, \qquad x_j = \lambda_j \eta_k + \sqrt{1 - \lambda_j^2}\, \varepsilon_j

    and the answer is :math:`\mathrm{lo} + (\mathrm{hi} - \mathrm{lo})(\mathrm{level} + \mathrm{spread} \cdot x_j)`, rounded and kept within the scale.

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.simulate.simulate_survey(200, rng=1)
    >>> survey
    SimulatedSurvey(200 respondents, 6 constructs, 18 items)
    >>> survey.indicators["loyalty"]
    ('loyalty_1', 'loyalty_2', 'loyalty_3')
    """
    given = _PATHS if paths is None else paths
    _check(n_respondents, given, scale, {"level": level, "spread": spread, "missing": missing})
    order = _causal_order(given)
    own = _loadings_of(loadings, order)
    generator = np.random.default_rng(rng)
    coefficients = np.array([[float(given.get(source, {}).get(target, 0.0)) for target in order] for source in order])
    r_squared = _explained(coefficients, order)
    scores = generator.standard_normal((n_respondents, len(order))) * np.sqrt(1.0 - r_squared)
    for k in range(len(order)):
        scores[:, k] += scores[:, :k] @ coefficients[:k, k]
    shift, group = _draw_groups(n_respondents, groups, generator)
    indicators = {name: tuple(f"{name}_{j + 1}" for j in range(len(own[name]))) for name in order}
    low, high = scale
    columns: dict[str, Any] = {"respondent_id": [f"r{i:06d}" for i in range(n_respondents)]}
    for k, name in enumerate(order):
        for item, loading in zip(indicators[name], own[name], strict=True):
            noise = generator.standard_normal(n_respondents) * sqrt(1.0 - loading**2)
            answer = low + (high - low) * (level + spread * (loading * scores[:, k] + np.sign(loading) * shift + noise))
            columns[item] = np.clip(np.rint(answer), low, high).astype(np.int64)
            if missing:
                columns[item] = np.where(generator.random(n_respondents) < missing, np.nan, columns[item])
    if group is not None:
        columns["group"] = group
    if weights:
        columns["weight"] = generator.choice(_WEIGHTS, n_respondents)
    pairs = [
        (order[i], order[k], coefficients[i, k]) for i in range(len(order)) for k in range(len(order)) if coefficients[i, k]
    ]
    return SimulatedSurvey(
        answers=pd.DataFrame(columns),
        indicators=FrozenMapping(indicators),
        paths=FrozenMapping({source: tuple(given[source]) for source in order if given.get(source)}),
        path_coefficients=pd.DataFrame(pairs, columns=pd.Index(["source", "target", "coefficient"])),
        loadings=pd.DataFrame(
            [(name, *pair) for name in order for pair in zip(indicators[name], own[name], strict=True)],
            columns=pd.Index(["construct", "item", "loading"]),
        ),
        r_squared=pd.Series(r_squared, index=list(order), name="r_squared"),
        scores=pd.DataFrame(scores, columns=pd.Index(order)),
        scale=(low, high),
    )


def _check(n_respondents: object, paths: Any, scale: Any, shares: Mapping[str, Any]) -> None:
    if not isinstance(n_respondents, int) or isinstance(n_respondents, bool) or n_respondents < 1:
        raise ParameterError.must_be(_OWNER, "n_respondents", "a whole number, 1 or more", n_respondents)
    usable = isinstance(scale, tuple | list) and len(scale) == 2 and all(isinstance(end, int) for end in scale)
    if not usable or scale[0] >= scale[1]:
        raise ParameterError.must_be(_OWNER, "scale", "two whole numbers, the lowest and the highest answer", scale)
    for name, value in shares.items():
        least = "from 0 to below 1" if name == "missing" else "above 0 and below 1"
        inside = isinstance(value, int | float) and isfinite(value) and (value == 0 or 0 < value < 1)
        if not inside or (value == 0 and name != "missing"):
            raise ParameterError.must_be(_OWNER, name, f"a share {least}", value)
    if not isinstance(paths, Mapping) or not paths or not all(isinstance(of, Mapping) for of in paths.values()):
        must = "a mapping from construct to a mapping from the constructs that it explains to the effect"
        raise ParameterError.must_be(_OWNER, "paths", must, paths)


def _causal_order(paths: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """Constructs with causes before effects, otherwise as declared."""
    left = list(dict.fromkeys([*paths, *(target for targets in paths.values() for target in targets)]))
    order: list[str] = []
    while left:
        free = next((name for name in left if not any(name in paths.get(other, {}) for other in left)), None)
        if free is None:
            raise ParameterError.must_be(_OWNER, "paths", "without a circle", left)
        order.append(free)
        left.remove(free)
    return tuple(order)


def _loadings_of(loadings: Any, order: Sequence[str]) -> Mapping[str, tuple[float, ...]]:
    own = {name: tuple(loadings[name] if isinstance(loadings, Mapping) else loadings) for name in order if _has(loadings, name)}
    usable = len(own) == len(order) and all(values and all(abs(value) <= 1 for value in values) for values in own.values())
    if not usable:
        raise ParameterError.must_be(_OWNER, "loadings", "correlations from -1 to 1, for every construct", loadings)
    return own


def _has(loadings: Any, name: str) -> bool:
    return not isinstance(loadings, Mapping) or name in loadings


def _explained(coefficients: FloatArray, order: Sequence[str]) -> FloatArray:
    """Share of the variance of each construct that its causes explain."""
    n = len(order)
    correlation = np.eye(n)
    r_squared = np.zeros(n)
    for k in range(n):
        correlation[:k, k] = correlation[k, :k] = correlation[:k, :k] @ coefficients[:k, k]
        r_squared[k] = coefficients[:k, k] @ correlation[:k, k]
        if r_squared[k] > 1.0:
            must = "standardised effects that explain at most all variance of a construct"
            raise ParameterError.must_be(_OWNER, "paths", must, {order[k]: round(float(r_squared[k]), 3)})
    return r_squared


def _draw_groups(n: int, groups: Mapping[str, float] | None, rng: np.random.Generator) -> tuple[FloatArray, list[str] | None]:
    if groups is None:
        return np.zeros(n), None
    if not isinstance(groups, Mapping) or not groups:
        raise ParameterError.must_be(_OWNER, "groups", "a mapping from group to standard deviations", groups)
    codes = rng.integers(0, len(groups), n)
    names = list(groups)
    return np.array([float(groups[name]) for name in names])[codes], [names[code] for code in codes]
