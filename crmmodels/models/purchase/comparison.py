"""Purchase models side by side on the same customers."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import pandas as pd

from crmmodels._typing import FloatArray, TimeUnit
from crmmodels.data.orders.bounded import log_of
from crmmodels.data.orders.orders import Split, part_of
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.purchase.histories import distinct
from crmmodels.models.purchase.holdout import Holdout, read_holdout
from crmmodels.models.purchase.model import PurchaseModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.process import PurchaseProcess
from crmmodels.models.purchase.tracking import track
from crmmodels.parameters import is_whole
from crmmodels.progress import Progress

_HIATUS: Final = "days since last order"
_ACTUAL: Final = "actual"
_CHANCES_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How several purchase models do on the same customers.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per model: ``n_parameters, log_likelihood, aic, bic``; beside `NBDModel`, which those with dropout contain,
        ``likelihood_ratio`` and ``p_value`` (too large if anything, for no dropout is a bound of the parameters). With a holdout
        ``log_score``, the mean logarithm of the probability given to what each customer did, ``expected`` and ``actual`` orders and
        ``total_error``, their ratio less 1, ``mean_absolute_error`` per customer, and ``auc``, the chance that of two customers the one
        who ordered was expected to order more; it is given for the days since the last order, too. With a `Split`
        ``tracking_error``, the mean absolute error of orders per unit of time in the holdout, over their mean.
    by_frequency : pandas.DataFrame or None
        One row per number of repeat orders, the last for all above: ``n_customers``, and the mean orders in the holdout, actual and by
        model. None without a holdout.
    """

    table: pd.DataFrame
    by_frequency: pd.DataFrame | None

    def __repr__(self) -> str:
        """The table."""
        return self.table.to_string(float_format=lambda value: f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.1f}")

    def _repr_html_(self) -> str:
        html: str = self.table.to_html(float_format=lambda value: f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.1f}")
        return html


def compare(models: Sequence[PurchaseModel[Any]], data: Any, *, most_orders: int = 7) -> Comparison:
    """Fit purchase models to the same customers and say how well each describes and foretells them.

    Parameters
    ----------
    models : sequence of PurchaseModel
        Models of the same unit, which stay as they are; their horizons are not read.
    data : Split or dataframe
        Calibration and holdout, or a table of customers, which may hold what they did later in ``order_days_holdout`` and
        ``duration_holdout``, as `Split.customers` returns it.
    most_orders : int, default 7
        Frequency from which on customers stand in one row of ``by_frequency``.

    Returns
    -------
    Comparison
        Two tables.

    Raises
    ------
    ParameterError
        If there are no models, or not of one unit.
    DataError
        If the table cannot be used, or its customers were not observed for the same time in the holdout.
    ConvergenceError
        If a model has no best parameters.

    Examples
    --------
    >>> import crmmodels as crm
    >>> customers = crm.BetaGeoModel.example(n_customers=500, seed=1)
    >>> models = [crm.BetaGeoModel(horizon=39, unit="W"), crm.NBDModel(horizon=39, unit="W")]
    >>> crm.compare(models, customers).table["n_parameters"].to_dict()
    {'BetaGeoModel': 4, 'NBDModel': 2}
    """
    models = [copy.deepcopy(model) for model in _checked(models)]
    if not is_whole(most_orders) or most_orders < 1:
        raise ParameterError.must_be("compare", "most_orders", "a whole number, 1 or more", most_orders)
    table = data.customers(unit=cast("TimeUnit", models[0].unit)) if isinstance(data, Split) else data
    names = [type(model).__name__ for model in models]
    rows: dict[str, dict[str, float]] = {}
    with Progress("compare (fit)", "models") as progress:
        for name, model in progress.over(list(zip(names, models, strict=True))):
            fitted = model.fit(table).fitted
            rows[name] = {
                "n_parameters": len(fitted.names),
                "log_likelihood": fitted.log_likelihood,
                "aic": fitted.aic,
                "bic": fitted.bic,
            }
    _add_ratios(rows, models)
    first = models[0]
    held_out = read_holdout(
        table, "compare", key=first.key, columns=first.columns(), weight=first.weight, is_discrete=first.process.is_discrete
    )
    if held_out is None:
        return Comparison(_framed(rows), None)
    past, weight = held_out.history, held_out.history.weight
    actual = float(weight @ held_out.orders)
    expected: dict[str, FloatArray] = {}
    with Progress("compare (holdout)", "models") as progress:
        for name, model in progress.over(list(zip(names, models, strict=True))):
            process, parameters = model.process, model.fitted.parameters
            expected[name] = held_out.expected_by(process, parameters)
            total = float(weight @ expected[name])
            rows[name] |= {
                "log_score": _log_score(process, parameters, held_out),
                "expected": total,
                "actual": actual,
                "total_error": total / actual - 1.0 if actual else np.nan,
                "mean_absolute_error": float(weight @ np.abs(expected[name] - held_out.orders) / weight.sum()),
                "auc": _auc(expected[name], held_out),
            }
            if isinstance(data, Split):
                rows[name]["tracking_error"] = _tracking_error(data, held_out.duration, model.unit, process, parameters)
    rows[_HIATUS] = {"actual": actual, "auc": _auc(past.age_at_last - past.age, held_out)}
    return Comparison(_framed(rows), _by_frequency(held_out, expected, most_orders))


def _checked(models: Sequence[PurchaseModel[Any]]) -> Sequence[PurchaseModel[Any]]:
    if not isinstance(models, list | tuple) or not models or not all(isinstance(m, PurchaseModel) for m in models):
        raise ParameterError.must_be("compare", "models", "a list of purchase models, such as [BetaGeoModel(...)]", models)
    if any(model.process.is_discrete for model in models):
        raise ParameterError.must_be(
            "compare", "models", "models of continuous time; BetaGeoBetaBinomModel reads other ages", models
        )
    if len({model.unit for model in models}) > 1:
        raise ParameterError.must_be("compare", "models", "models of one unit", [model.unit for model in models])
    names = [type(model).__name__ for model in models]
    if len(set(names)) < len(names):
        raise ParameterError.must_be("compare", "models", "models of different classes", names)
    return models


def _add_ratios(rows: dict[str, dict[str, float]], models: Sequence[PurchaseModel[Any]]) -> None:
    """Likelihood ratios against the NBD model."""
    from scipy.special import chdtrc  # noqa: PLC0415  (scipy is not imported before it is used)

    benchmark = next((type(model).__name__ for model in models if isinstance(model, NBDModel)), None)
    if benchmark is None:
        return
    for name, row in rows.items():
        if name != benchmark:
            ratio = max(0.0, 2.0 * (row["log_likelihood"] - rows[benchmark]["log_likelihood"]))
            more = row["n_parameters"] - rows[benchmark]["n_parameters"]
            row |= {"likelihood_ratio": ratio, "p_value": float(chdtrc(more, ratio))}


def _log_score(process: PurchaseProcess, parameters: Any, held_out: Holdout) -> float:
    """Mean logarithm of the probability of what customers did, by blocks of like number of later orders."""
    past, later = held_out.history, held_out.orders
    found = distinct((later, past.frequency, past.age_at_last, past.age))
    rows, count = found.first, np.bincount(found.row, past.weight)
    log_chance = np.empty(len(rows))
    first = 0
    with Progress("log score", "histories", len(rows)) as progress:
        while first < len(rows):
            most = int(later[rows[min(first + 999, len(rows) - 1)]])
            block = slice(first, first + max(1, min(1000, _CHANCES_AT_ONCE // (most + 1))))
            n = later[rows[block]].astype(np.int64)
            x, t_x, age = (column[rows[block]] for column in (past.frequency, past.age_at_last, past.age))
            chances = process.purchase_distribution(x, t_x, age, held_out.duration, int(n.max()), parameters)
            with np.errstate(divide="ignore"):
                log_chance[block] = np.log(chances[np.arange(len(n)), n])
            first = block.stop
            progress(first)
    return float(count @ log_chance / count.sum())


def _auc(score: FloatArray, held_out: Holdout) -> float:
    """Chance that of two customers the one who ordered later has the higher score; ties count half."""
    weight = held_out.history.weight
    active = np.where(held_out.orders > 0, weight, 0.0)
    silent = weight - active
    if active.sum() == 0 or silent.sum() == 0:
        return np.nan
    levels, which = np.unique(score, return_inverse=True)
    of_active, of_silent = (np.bincount(which, part, len(levels)) for part in (active, silent))
    below = np.cumsum(of_silent) - of_silent
    return float(of_active @ (below + 0.5 * of_silent) / (active.sum() * silent.sum()))


def _tracking_error(split: Split, duration: float, unit: str, process: PurchaseProcess, parameters: Any) -> float:
    """Mean absolute error of the orders of the periods of the holdout, over their mean."""
    calibration = split.calibration
    whole = part_of(split.holdout, log_of(calibration).bounds.after, split.until)
    days = log_of(whole).order_days()
    before = (np.datetime64(split.at, "D").astype(np.int64) - days.day[0] + 1) * duration / (split.until - split.at).days
    tracked = track(days, int(before + duration), 1.0, unit=unit, process=process, parameters=parameters)
    held_out = (tracked["period"] > before) & ~np.isnan(tracked["actual"])
    expected, actual = tracked["expected"][held_out], tracked["actual"][held_out]
    return float(np.abs(expected - actual).mean() / actual.mean())


def _by_frequency(held_out: Holdout, expected: Mapping[str, FloatArray], most: int) -> pd.DataFrame:
    weight = held_out.history.weight
    group = np.minimum(held_out.history.frequency, most).astype(np.int64)
    n = np.bincount(group, weight, most + 1)
    columns: dict[str, Any] = {"n_customers": n.astype(np.int64) if (n % 1 == 0).all() else n}
    with np.errstate(invalid="ignore"):
        for name, values in {_ACTUAL: held_out.orders, **expected}.items():
            columns[name] = np.bincount(group, weight * values, most + 1) / n
    labels = [*map(str, range(most)), f"{most}+"]
    return pd.DataFrame(columns, index=pd.Index(labels, name="frequency"))


def _framed(rows: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(dict(rows), orient="index")
    frame.index.name = "model"
    if frame["n_parameters"].notna().all():
        frame["n_parameters"] = frame["n_parameters"].astype(np.int64)
    return frame
