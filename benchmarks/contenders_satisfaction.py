"""What is measured of the satisfaction model: estimates and replicates by kernels alone, and fits with limits by the model.

As in contenders.py each contender prepares outside the clock, a small first call included, and returns the call that is measured. The
peers have environments of their own, and so their own scripts, in peers/.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SMALL = 200


def survey_moments_ours(file: str) -> Callable[[], Any]:
    from crmmodels.kernels.moments.moments import moments

    answers = _answers(file)
    moments(answers[:SMALL])

    def call() -> Any:
        return moments(answers).mean.tolist()

    return call


def survey_estimate_ours(file: str) -> Callable[[], Any]:
    """Moments of the answers, and everything estimated from them."""
    from crmmodels.kernels.moments.moments import moments

    answers = _answers(file)
    _estimate(moments(answers[:SMALL]))

    def call() -> Any:
        return _paths(_estimate(moments(answers)))

    return call


def survey_estimate_from_moments_ours(file: str) -> Callable[[], Any]:
    from crmmodels.kernels.moments.moments import moments

    given = moments(_answers(file))
    _estimate(given)

    def call() -> Any:
        return _paths(_estimate(given))

    return call


def survey_replicates_ours(file: str, kind: str, n_replicates: int) -> Callable[[], Any]:
    """Replicates with every estimate of each, all kept; the answer holds standard errors."""
    import numpy as np

    from crmmodels.kernels.moments.bootstrap import resampled_moments
    from crmmodels.kernels.moments.bootstrap_limit import moment_limit_draws
    from crmmodels.kernels.moments.moments import moments

    draw = {"respondents": resampled_moments, "moments": moment_limit_draws}[kind]
    answers = _answers(file)

    def replicates(rows: Any, n: int) -> list[Any]:
        reference = _estimate(moments(rows)).weights
        return [_estimate(drawn, reference) for drawn in draw(rows, n, np.random.default_rng(0))]

    replicates(answers[:SMALL], 10)

    def call() -> Any:
        made = replicates(answers, n_replicates)
        errors = {name: np.concatenate([getattr(part, name) for part in made]).std(axis=0) for name in ("paths", "index")}
        return {
            "n_replicates": sum(len(part.index) for part in made),
            "n_converged": sum(int(part.has_converged.sum()) for part in made),
            "path_errors": [float(errors["paths"][place]) for place in _places()],
            "index_errors": errors["index"].tolist(),
        }

    return call


def fit_satisfaction_ours(file: str, kind: str, n_replicates: int) -> Callable[[], Any]:
    """The model: answers read and checked, replicates, percentile and BCa limits of all that is fitted."""
    import pandas as pd

    import crmmodels as crm
    from benchmarks.survey_data import INDICATORS, ITEMS, PATHS

    table = pd.DataFrame(_answers(file), columns=pd.Index(ITEMS))
    table.insert(0, "respondent_id", range(len(table)))

    def model(n: int) -> Any:
        return crm.SatisfactionIndexModel(indicators=INDICATORS, template="ecsi", n_bootstrap=n, bootstrap=kind)

    model(10).fit(table.head(SMALL))
    fresh = model(n_replicates)

    def call() -> Any:
        fitted = fresh.fit(table).fitted
        return {
            "paths": [fitted.quantities["paths"].of(*path) for path in PATHS],
            "index": fitted.quantities["index"].estimate.tolist(),
            "n_estimates": sum(len(quantity.estimate) for quantity in fitted.quantities.values()),
            "n_replicates": n_replicates,
        }

    return call


def _answers(file: str) -> Any:
    from benchmarks.survey_data import survey

    return survey(file)


def _estimate(given: Any, reference: Any = None) -> Any:
    """Estimates of the European index from moments, of one sample or of many."""
    import numpy as np

    from benchmarks.survey_data import INDICATORS, ITEMS, SCALE
    from crmmodels.kernels.pls.design import PathDesign
    from crmmodels.kernels.pls.estimates import estimate

    ends = np.cumsum([len(items) for items in INDICATORS.values()])
    paths = np.zeros((len(INDICATORS), len(INDICATORS)), np.bool_)
    paths[tuple(zip(*_places(), strict=True))] = True
    design = PathDesign(
        blocks=tuple(np.split(np.arange(len(ITEMS)), ends[:-1])),
        paths=paths,
        modes=("A",) * len(INDICATORS),
        scheme="path",
        n_items=len(ITEMS),
    )
    lowest, highest = (np.full(len(ITEMS), float(end)) for end in SCALE)
    return estimate(design, given, scale=(lowest, highest), reference=reference)


def _places() -> list[tuple[int, int]]:
    from benchmarks.survey_data import INDICATORS, PATHS

    order = list(INDICATORS)
    return [(order.index(source), order.index(target)) for source, target in PATHS]


def _paths(found: Any) -> list[float]:
    return [float(found.paths[place]) for place in _places()]
