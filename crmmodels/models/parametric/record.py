"""What a parametric model learned: parameters and how sure they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeVar

import numpy as np
import pandas as pd

from crmmodels._domains import Count, MatrixPerhapsInfinite, NonNegative, PerhapsMissing, check_symmetric, require
from crmmodels._typing import FloatArray
from crmmodels.display import Shown, show_value
from crmmodels.exceptions import ParameterError
from crmmodels.parameters import check_level, is_number

ParametersT = TypeVar("ParametersT")
_WIDEST: Final = 1e30
_MOST_CUSTOMERS: Final = 1e15
_FARTHEST: Final = 1e9
_ROUNDING: Final = 1e-9
"""What scales and variances of logarithms, customers, shapes and log-likelihoods per customer are within, in any unit and for any data."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParametricFit(Generic[ParametersT]):
    r"""Parameters of largest likelihood, or of largest posterior density where the model has priors.

    Attributes
    ----------
    parameters : record
        Parameters by name, such as ``fitted.parameters.r``; rates and scales in the unit of the data.
    log_likelihood : float
        Logarithm of the likelihood there, without priors.
    covariance : ndarray of float64, shape (n_parameters, n_parameters)
        Covariance of the natural logarithms of the parameters. Of two that the data leave undetermined but for a combination, it is that of
        the simpler model at the edge: infinite on the diagonal of the one that runs off, while the other has the error of the logarithm of
        the combination, such as beta that of s / beta, since s is held where it is.
    n_customers : float
        Customers, or the sum of their weights.
    n_distinct : int
        Distinct rows, on which the likelihood was computed.
    n_evaluations : int
        Likelihoods with derivatives that the last climb took.
    unit : str
        Unit of the ages: "D", "W", "M", "Q" or "Y"; of money or opportunities, "".
    undetermined : tuple of str
        Parameters without a best value, of which `BoundaryWarning` told.
    is_penalised : bool
        Whether priors took part.

    Notes
    -----
    Standard errors of parameters are those of their logarithms times the parameter, which at a maximum is the inverse of the
    observed information; intervals are symmetric in the logarithm, so that they stay above 0.
    """

    parameters: ParametersT
    log_likelihood: PerhapsMissing
    covariance: MatrixPerhapsInfinite
    n_customers: NonNegative
    n_distinct: Count
    n_evaluations: Count
    unit: str
    undetermined: tuple[str, ...] = ()
    is_penalised: bool = False

    def __repr__(self) -> str:
        """Parameters with standard errors, then the other numbers."""
        lines = [f"{name}={value if isinstance(value, Shown) else show_value(value)}" for name, value in self.view().items()]
        return f"ParametricFit({', '.join(lines)})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the covariance."""
        record: Any = self.parameters
        return tuple(field.name for field in fields(record))

    @property
    def values(self) -> FloatArray:
        """Parameters as an array of shape (n_parameters,)."""
        return np.array([getattr(self.parameters, name) for name in self.names], np.float64)

    @property
    def standard_errors(self) -> Mapping[str, float]:
        """Standard error of each parameter; infinite for those that the data leave undetermined."""
        return dict(zip(self.names, (self.values * self._log_errors()).tolist(), strict=True))

    def _log_errors(self) -> FloatArray:
        """Standard errors of the logarithms, of shape (n_parameters,)."""
        is_left = np.isin(self.names, self.undetermined)
        errors: FloatArray = np.where(is_left, np.inf, np.sqrt(np.diag(self.covariance)))
        return errors

    @property
    def aic(self) -> float:
        """Akaike's information criterion: ``2 k - 2 log L``; less is better."""
        return 2.0 * len(self.names) - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's information criterion: ``k log n - 2 log L``; less is better. NaN where the customers are not known."""
        if self.n_customers == 0:
            return np.nan
        return len(self.names) * float(np.log(self.n_customers)) - 2.0 * self.log_likelihood

    def view(self) -> Mapping[str, object]:
        """What a model shows of this record.

        Returns
        -------
        mapping of str to object
            Parameters with standard errors, then the other numbers by name.
        """
        errors, unit = self.standard_errors, {"unit": self.unit} if self.unit else {}
        parameters = {
            name: Shown(f"{value:,.6g} ± {errors[name]:,.3g}")
            for name, value in zip(self.names, self.values.tolist(), strict=True)
        }
        rest = {
            "log_likelihood": self.log_likelihood,
            "aic": self.aic,
            "bic": self.bic,
            "n_customers": self.n_customers,
            **unit,
        }
        return {**parameters, **rest}

    def interval(self, level: float = 0.95) -> pd.DataFrame:
        """Parameters with standard errors and confidence limits.

        Parameters
        ----------
        level : float, default 0.95
            Confidence level, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            One row per parameter: ``estimate, standard_error, lower, upper``.

        Raises
        ------
        ParameterError
            If the level is not between 0 and 1.
        """
        half = normal_quantile("interval", level)
        errors = self._log_errors()
        with np.errstate(over="ignore"):
            upper = self.values * np.exp(half * errors)
        columns = {
            "estimate": self.values,
            "standard_error": self.values * errors,
            "lower": self.values * np.exp(-half * errors),
            "upper": upper,
        }
        return pd.DataFrame(columns, index=pd.Index(self.names, name="parameter"))


def read_parameters(owner: str, given: object, kind: type[ParametersT], scales: Collection[str]) -> ParametersT:
    """Parameters that a user knows, as a mapping or a record, or ParameterError with the name of the one that cannot be."""
    shape: Any = kind
    names = tuple(field.name for field in fields(shape))
    if isinstance(given, kind):
        given = {name: getattr(given, name) for name in names}
    if not isinstance(given, Mapping):
        raise ParameterError.must_be(owner, "parameters", f"a mapping of {list(names)} to numbers", given)
    missing, unknown = [n for n in names if n not in given], [n for n in given if n not in names]
    if missing or unknown:
        has = [f"lacks {missing}"] * bool(missing) + [f"has the unknown {unknown}"] * bool(unknown)
        raise ParameterError(f"{owner}(parameters=...) must be a mapping of {list(names)} to numbers; it {' and '.join(has)}.")
    for name in names:
        reach = _reach(name, scales)
        if not is_number(given[name]) or not 1.0 / reach <= given[name] <= reach:
            raise ParameterError.must_be(owner, name, f"a number from {1.0 / reach:g} to {reach:g}", given[name])
    return kind(**{name: float(given[name]) for name in names})


def _reach(name: str, scales: Collection[str]) -> float:
    """Largest value of a parameter, and the inverse of its smallest."""
    return _WIDEST if name in scales else _FARTHEST


def check_estimates(fitted: ParametricFit[Any], unit: str, scales: Collection[str], *, is_probability: bool) -> None:
    """Raise ValueError, which names the field, for a record that no estimate can have left; ``scales`` are in the unit of the data."""
    for name in fitted.names:
        value, reach = getattr(fitted.parameters, name), _reach(name, scales)
        require(
            1.0 / reach <= value <= reach, f"fitted.parameters.{name} must be from {1.0 / reach:g} to {reach:g}; got {value!r}"
        )
    require(fitted.unit == unit, f"fitted.unit is {fitted.unit!r}, and the model counts in {unit!r}")
    _check_covariance(fitted)
    n, value = fitted.n_customers, fitted.log_likelihood
    if n == 0:
        is_so = fitted.n_distinct == 0 and np.isnan(value)
        require(is_so, "fitted.log_likelihood must be NaN, and fitted.n_distinct 0, where fitted.n_customers is 0")
        return
    require(fitted.n_distinct > 0, f"fitted.n_distinct must be above 0, of {n:g} customers")
    require(n <= _MOST_CUSTOMERS, f"fitted.n_customers must be at most {_MOST_CUSTOMERS:g}; got {n!r}")
    most = _ROUNDING * n if is_probability else _FARTHEST * n
    require(
        -_FARTHEST * n <= value <= most,
        f"fitted.log_likelihood must be the logarithm of a {'probability' if is_probability else 'density'} of {n:g} customers; got {value!r}",
    )


def _check_covariance(fitted: ParametricFit[Any]) -> None:
    names, covariance, where = fitted.names, fitted.covariance, "fitted.covariance"
    n = len(names)
    require(covariance.shape == (n, n), f"{where} must be of shape {(n, n)}; it is of shape {covariance.shape}")
    variances = np.diag(covariance)
    known = np.isfinite(variances)
    require(bool((variances >= 0).all()), f"{where} must have variances of 0 or more; got {variances.tolist()}")
    require(bool((covariance[known] <= _WIDEST).all() and (covariance[known] >= -_WIDEST).all()), f"{where} must be finite")
    check_symmetric(covariance[np.ix_(known, known)], where)
    unknown = [name for name, is_known in zip(names, known.tolist(), strict=True) if not is_known]
    left = fitted.undetermined
    is_so = len(set(left)) == len(left) and set(left) <= set(names) and (not left or set() < set(unknown) <= set(left))
    require(is_so, f"fitted.undetermined must be parameters, among them those of infinite variance, {unknown}; got {left}")


def normal_quantile(owner: str, level: float) -> float:
    """Half width, in standard errors, of an interval of a confidence level, or ParameterError for what is none."""
    from scipy.special import ndtri  # noqa: PLC0415  (scipy is not imported before it is used)

    check_level(owner, level)
    return float(ndtri(0.5 + 0.5 * level))
