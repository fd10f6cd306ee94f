"""What is compared of the lifecycle: our EM and our scores, and the EM of hmmlearn on the same panel.

As in contenders.py each contender prepares outside the clock and returns the call that is measured. Panels have 24 months for everybody.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

MONTHS = 24
SEED = 7


def em_step_ours(n_customers: int, n_grid: int) -> Callable[[], Any]:
    """One E step and one M step on the distinct histories of customers who differ."""
    from crmmodels.kernels.hmm.em import best_given
    from crmmodels.kernels.hmm.expectations import expectations
    from crmmodels.kernels.hmm.parameters import HMMParameters
    from crmmodels.kernels.hmm.structure import lifecycle_structure

    histories, structure = _histories(n_customers, 1.5), lifecycle_structure()
    parameters = HMMParameters(*_truth(), 1.5, n_grid)

    def call() -> Any:
        expected = expectations(histories, structure.start, parameters)
        best = best_given(expected, parameters, structure)
        return {"n_distinct": len(histories), "rates": best.rate.tolist()}

    return call


def lifecycle_fit_ours(n_customers: int) -> Callable[[], Any]:
    """From a frame to a fitted model, starts and all."""
    import crmmodels as crm

    panel = _panel(n_customers, 1.5)
    crm.LifecycleModel(n_starts=1).fit(panel.head(100 * MONTHS))

    def call() -> Any:
        fitted = crm.LifecycleModel().fit(panel).fitted
        return {"n_iterations": fitted.n_iterations, "rates": fitted.parameters.rate.tolist()}

    return call


def lifecycle_score_ours(n_customers: int) -> Callable[[], Any]:
    """From a frame of all histories to the scores of all customers."""
    import crmmodels as crm

    panel = _panel(n_customers, 1.5)
    model = crm.LifecycleModel(n_starts=1).fit(panel.head(2000 * MONTHS))

    def call() -> Any:
        return float(model.score(panel)["probability_decline"].mean())

    return call


def em_alike_ours(n_customers: int, n_iterations: int) -> Callable[[], Any]:
    """EM for customers without differences, all moves allowed, from counts as an array; no extrapolation."""
    import numpy as np

    from crmmodels.kernels.hmm.em import maximise
    from crmmodels.kernels.hmm.histories import histories_of
    from crmmodels.kernels.hmm.parameters import HMMParameters
    from crmmodels.kernels.hmm.structure import StageStructure

    counts = _counts(n_customers, np.inf)
    start, rate, moves = _first()
    structure = StageStructure(start, np.ones((4, 4), np.bool_), np.zeros((4, 4)), None)

    def call() -> Any:
        length = np.full(len(counts), MONTHS)
        histories = histories_of(counts.ravel().astype(np.float64), np.ones(counts.size), length)
        found = maximise(
            histories,
            structure,
            HMMParameters(rate, moves, np.inf, 1),
            most_iterations=n_iterations + 1,
            tolerance=-1.0,
            accelerate=False,
        )
        return {"log_likelihood": found.log_likelihood, "rates": found.parameters.rate.tolist()}

    return call


def em_alike_hmmlearn(n_customers: int, n_iterations: int) -> Callable[[], Any]:
    """As many steps of hmmlearn from the same start."""
    import numpy as np
    from hmmlearn.hmm import PoissonHMM

    warnings.simplefilter("ignore")
    counts = _counts(n_customers, np.inf)
    start, rate, moves = _first()
    model = PoissonHMM(
        n_components=4, n_iter=n_iterations, tol=-np.inf, params="tl", init_params="", lambdas_prior=0.0, lambdas_weight=0.0
    )
    model.startprob_, model.transmat_, model.lambdas_ = start, moves, rate[:, None]

    def call() -> Any:
        started = time.perf_counter()
        model.fit(counts.reshape(-1, 1), [MONTHS] * n_customers)
        return {"rates": model.lambdas_[:, 0].tolist(), "fit_wall_s": time.perf_counter() - started}

    return call


def _truth() -> Any:
    import numpy as np

    from crmmodels.data.simulate.lifecycle import LifecycleParameters

    truth = LifecycleParameters()
    return np.array(truth.order_rates), np.array(truth.transitions)


def _first() -> Any:
    import numpy as np

    moves = np.full((4, 4), 0.05) + 0.8 * np.eye(4)
    return np.full(4, 0.25), np.array([0.3, 1.0, 2.5, 5.0]), moves


def _panel(n_customers: int, shape: float) -> Any:
    from crmmodels.data.simulate.lifecycle import LifecycleParameters, simulate_lifecycle

    parameters = LifecycleParameters(multiplier_shape=shape, order_rates=(0.4, 1.2, 3.0, 0.2))
    return simulate_lifecycle(n_customers, SEED, n_periods=MONTHS, parameters=parameters).panel


def _counts(n_customers: int, shape: float) -> Any:
    return _panel(n_customers, shape)["n_orders"].to_numpy().reshape(n_customers, MONTHS)


def _histories(n_customers: int, shape: float) -> Any:
    import numpy as np

    from crmmodels.kernels.hmm.histories import histories_of

    counts = _counts(n_customers, shape)
    return histories_of(counts.ravel().astype(np.float64), np.ones(counts.size), np.full(n_customers, MONTHS))
