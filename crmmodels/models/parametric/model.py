"""Models whose parameters are those of largest likelihood."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import numpy as np

from crmmodels._domains import check_value, require
from crmmodels._typing import AnyArray, FloatArray, Language
from crmmodels.base import BaseModel, Values
from crmmodels.data.tables.schema import Column
from crmmodels.exceptions import (
    BoundaryWarning,
    ConvergenceError,
    CrmModelsWarning,
    DataError,
    FewCustomersWarning,
    ImportanceWarning,
    ParameterError,
    warn,
)
from crmmodels.kernels.inference.estimation import Family, covariance_of, edges_of, estimate, penalised
from crmmodels.kernels.inference.newton import Likelihood, Optimum
from crmmodels.kernels.inference.posterior import sample_posterior
from crmmodels.models.parametric.posterior import PosteriorDraws, over_draws
from crmmodels.models.parametric.priors import GammaPrior, LogNormalPrior, check_priors, log_prior
from crmmodels.models.parametric.record import ParametricFit, check_estimates, read_parameters
from crmmodels.parameters import check_level, is_whole
from crmmodels.progress import Progress
from crmmodels.wording import count_of

ParametersT = TypeVar("ParametersT")
TableT = TypeVar("TableT")

FEWEST_CUSTOMERS: Final = 10
LARGEST_PARETO_K: Final = 0.7
Answer = Callable[[Values, Any], Mapping[str, AnyArray]]


class ParametricModel(BaseModel[Values, ParametricFit[ParametersT]], Generic[ParametersT, TableT]):
    """What models with a likelihood share: the fit, its uncertainty, and answers with intervals.

    A new one is a dataclass with the fields ``prior``, ``weight`` and ``labels``, all with defaults, beside its own; it gives `_family`,
    `_table_from`, `_why_not` and the hooks of `BaseModel`.
    """

    prior: Mapping[str, LogNormalPrior | GammaPrior] | None
    weight: str | None
    labels: Language | Mapping[str, str]

    _family: ClassVar[Family[Any, Any]]
    _is_probability: ClassVar[bool] = False
    """Whether the likelihood is a probability, which is never above 1, and not a density."""

    @classmethod
    def from_parameters(
        cls,
        parameters: Mapping[str, float] | ParametersT | ParametricFit[ParametersT],
        *,
        data: Any = None,
        **model_parameters: Any,
    ) -> Self:
        """Construct a fitted model from parameters that are known.

        Use it for published parameters, for those of other software, or to answer with the parameters of a fitted model at another
        horizon or with other labels. To estimate them, use `fit`.

        Parameters
        ----------
        parameters : mapping of str to float, record of the parameters, or ParametricFit
            Every parameter by its name, in the unit of the model. What ``fitted`` of another model of this class holds keeps its uncertainty.
        data : dataframe or Orders, optional
            Customers from which the parameters were estimated: log-likelihood and standard errors are then computed at the parameters.
            Default: the log-likelihood is unknown, and so are the standard errors, which are infinite.
        **model_parameters
            Parameters of the model, such as ``horizon``.

        Returns
        -------
        Self
            A fitted model.

        Raises
        ------
        ParameterError
            If a parameter is missing, unknown or out of range, or the fitted record is not one of such a model.
        DataError
            If the data cannot be used.

        Examples
        --------
        >>> import crmmodels as crm
        >>> published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
        >>> model = crm.BetaGeoModel.from_parameters(published, horizon=39, unit="W")
        >>> round(model.expected_purchases_new(39), 3)
        1.197
        >>> crm.BetaGeoModel.from_parameters({**published, "r": -1}, horizon=39)
        Traceback (most recent call last):
        ...
        crmmodels.exceptions.ParameterError: BetaGeoModel.from_parameters(r=...) must be a number from 1e-09 to 1e+09; got -1.
        """
        model, owner = cls(**model_parameters), f"{cls.__name__}.from_parameters"
        if isinstance(parameters, ParametricFit) and data is None:
            record = replace(parameters, n_evaluations=0)
        else:
            given = parameters.parameters if isinstance(parameters, ParametricFit) else parameters
            family = cls._family
            record = model._record_at(read_parameters(owner, given, family.parameters, family.scales), data)
        try:
            check_value(record, Any, "fitted")
            model._check_record(record)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"{owner} found no record of such a model: {error}.") from error
        return model._learned(record)

    def sample_posterior(self, data: Any, n_draws: int = 4000, rng: np.random.Generator | int | None = None) -> PosteriorDraws:
        """Draw parameters from their posterior, given the data of the fit.

        Parameters
        ----------
        data : dataframe or Orders
            The customers of `fit`, which the model does not keep.
        n_draws : int, default 4000
            Draws.
        rng : numpy.random.Generator or int, optional
            Source of chance, or its seed. Default: fresh.

        Returns
        -------
        PosteriorDraws
            Parameters; hand them to a verb as ``draws=`` for intervals of its answers.

        Raises
        ------
        NotFittedError
            Before `fit`.
        DataError
            If these are not the data of the fit.
        ParameterError
            If ``n_draws`` is not a whole number above 0, or the data leave parameters undetermined.

        Warns
        -----
        ImportanceWarning
            If the Pareto k̂ of the importance weights is above 0.7: the posterior is too far from a normal distribution.

        Notes
        -----
        Draws from a normal approximation in the logarithms of the parameters are resampled by their importance under the exact likelihood
        and the priors, flat in the logarithm where there are none.

        References
        ----------
        Vehtari, A., Simpson, D., Gelman, A., Yao, Y. & Gabry, J. (2024). Pareto Smoothed Importance Sampling. Journal of Machine
        Learning Research 25(72), 1-58.
        """
        fitted = self._fitted_for("sample_posterior")
        name = type(self).__name__
        if not is_whole(n_draws) or n_draws < 1:
            raise ParameterError.must_be("sample_posterior", "n_draws", "a whole number, 1 or more", n_draws)
        if fitted.undetermined:
            raise ParameterError(
                f"{name} has no posterior without priors of {list(fitted.undetermined)}, which the data leave undetermined; "
                f"fit {name}(prior=...) first."
            )
        values = self._read(self._open(data))
        table = self._table_from(values)
        family = self._family
        likelihood = penalised(lambda point: family.log_likelihood(point, table), log_prior(self.prior, family.names))
        point = np.log(fitted.values)
        here = likelihood(point)
        is_same = self._n_customers(values, table) == fitted.n_customers
        if not is_same or np.abs(here.gradient).max() > 1e-6 * family.total_weight(table):
            problem = (
                "it is not the one of fit, at whose parameters its likelihood is not largest; hand over the same customers"
            )
            raise DataError(name, [problem])
        with Progress(f"{name}.sample_posterior", "likelihoods") as progress:
            sample = sample_posterior(
                likelihood,
                Optimum(point, here, 1, converged=True),
                n_draws,
                np.random.default_rng(rng),
                on_evaluation=progress,
            )
        if sample.pareto_k > LARGEST_PARETO_K:
            warn(
                ImportanceWarning(
                    f"{name}: the Pareto k of the importance weights is {sample.pareto_k:.2f}, above {LARGEST_PARETO_K}; the posterior "
                    "is far from its approximation, so do not rely on the tails of these draws; more customers or priors help"
                )
            )
        return PosteriorDraws(family.names, np.exp(sample.log_parameters), sample.pareto_k, sample.effective_size)

    # What a new model gives.

    @abstractmethod
    def _table_from(self, values: Values) -> TableT:
        """Reduce the columns to what the likelihood reads."""

    @abstractmethod
    def _why_not(self, values: Values) -> Sequence[str]:
        """Say what in the data can keep the likelihood from having a maximum; certain reasons alone before a fit."""

    def _n_customers(self, values: Values, table: TableT) -> float:  # noqa: ARG002  (a hook)
        """Customers, or the sum of their weights."""
        return self._family.total_weight(table)

    def _n_telling(self, values: Values) -> int:
        """Rows that tell something."""
        return len(next(iter(values.values())))

    # Shared work.

    def _weights(self, values: Values) -> FloatArray | None:
        return None if self.weight is None else values[self.weight]

    def _weight_columns(self) -> tuple[Column, ...]:
        return () if self.weight is None else (Column.count(self.weight, whole=False),)

    def _unit(self) -> str:
        return ""

    def _check_parameters(self) -> None:
        name = type(self).__name__
        check_priors(name, self.prior, self._family.names)
        if self.weight is not None and not isinstance(self.weight, str):
            raise ParameterError.must_be(name, "weight", "the name of a column, or None", self.weight)
        self.segment_labels()

    def _check_record(self, fitted: ParametricFit[ParametersT]) -> None:
        self._check_estimates(fitted, self._unit())

    def _check_estimates(self, fitted: ParametricFit[ParametersT], unit: str) -> None:
        """Refuse what `estimate` cannot have found for this model, in a unit of time."""
        if not isinstance(fitted.parameters, self._family.parameters):
            msg = f"the parameters are of type {type(fitted.parameters).__name__}"
            raise TypeError(msg)
        check_estimates(fitted, unit, self._family.scales, is_probability=self._is_probability)
        is_fit = fitted.n_evaluations > 0
        require(
            fitted.is_penalised == (self.prior is not None) or not is_fit,
            f"fitted.is_penalised is {fitted.is_penalised}, and prior is {self.prior!r}",
        )
        n = fitted.n_customers
        require(
            self.weight is not None or not is_fit or (n == int(n) and fitted.n_distinct <= n),
            f"fitted.n_customers must be a whole number, fitted.n_distinct or more, where no weights were read; got {n!r}",
        )

    def _fit(self, values: Values) -> ParametricFit[ParametersT]:
        name, family = type(self).__name__, self._family
        penalty = log_prior(self.prior, family.names)
        certain, table = self._why_not(values), self._table_from(values)
        # Where nothing depends on the parameters, priors do not help.
        if certain and (penalty is None or family.total_weight(table) == 0):
            raise ConvergenceError.because(name, certain)
        with Progress(f"{name}.fit", "likelihoods") as progress:
            found = estimate(_counted(family, progress), table, penalty)
        if found is None:
            raise ConvergenceError.because(
                name,
                [
                    *certain,
                    "ages, frequencies or money that differ by many orders of magnitude between customers",
                    "customers of several kinds in one table; fit each kind",
                    "too few customers for the number of parameters; give priors (prior=...) or use a simpler model",
                ],
            )
        point = found.optimum.log_parameters
        log_likelihood = float(found.optimum.likelihood.value) - (0.0 if penalty is None else penalty(point).value)
        return ParametricFit(
            family.parameters(*np.exp(point).tolist()),
            log_likelihood,
            found.covariance,
            self._n_customers(values, table),
            self._n_distinct(table),
            found.optimum.n_evaluations,
            self._unit(),
            tuple(n for n, known in zip(family.names, found.determined.tolist(), strict=True) if not known),
            penalty is not None,
        )

    def _n_distinct(self, table: TableT) -> int:
        columns: Any = table
        return len(columns.weight)

    def _concerns(self, values: Values, fitted: ParametricFit[ParametersT]) -> Iterable[CrmModelsWarning]:
        name = type(self).__name__
        n = self._n_telling(values)
        if n < FEWEST_CUSTOMERS and self.weight is None:
            yield FewCustomersWarning(
                f"{name}: {count_of(n, 'customer')} for {len(fitted.names)} parameters, whose estimates mean little below "
                f"{FEWEST_CUSTOMERS} customers; give priors (prior=...) or more customers"
            )
        for edge in edges_of(self._family, fitted.values):
            to = "0" if edge.side == "small" else "infinity"
            running = f"{edge.parameter} and {edge.partner} go" if edge.together else f"{edge.parameter} goes"
            yield BoundaryWarning(f"{name}: the likelihood rises as {running} to {to}: {edge.meaning}")

    def _answer(self, verb: str, data: Any, answer: Answer, draws: PosteriorDraws | None = None, level: float = 0.95) -> Any:
        """Columns of numbers per customer, with limits of an interval beside each where there are draws."""
        fitted = self._fitted_for(verb)
        check_level(verb, level)
        table = self._open(data)
        values = self._read(table)
        with self._watched(verb):
            columns = dict(answer(values, fitted.parameters))
        if draws is not None:
            if not isinstance(draws, PosteriorDraws) or draws.names != fitted.names:
                must = f"what {type(self).__name__}.sample_posterior returns"
                raise ParameterError.must_be(verb, "draws", must, draws)
            with Progress(f"{type(self).__name__}.{verb}", "draws") as progress:
                columns = over_draws(columns, values, answer, self._family.parameters, draws, level=level, progress=progress)
        return table.answer(columns)

    def _record_at(self, parameters: ParametersT, data: Any) -> ParametricFit[ParametersT]:
        """What is known at given parameters: the likelihood and its curvature where there are data, else nothing."""
        family = self._family
        point = np.log([getattr(parameters, name) for name in family.names])
        unknown = np.diag(np.full(len(point), np.inf))
        if data is None:
            return ParametricFit(parameters, np.nan, unknown, 0.0, 0, 0, self._unit())
        values = self._read(self._open(data))
        table = self._table_from(values)
        if family.total_weight(table) == 0:
            raise DataError(type(self).__name__, self._why_not(values))
        here = family.log_likelihood(point, table)
        prior = log_prior(self.prior, family.names)
        hessian = here.hessian if prior is None else here.hessian + prior(point).hessian
        covariance = covariance_of(hessian, np.ones(len(point), np.bool_)) if np.isfinite(hessian).all() else None
        n, n_distinct = self._n_customers(values, table), self._n_distinct(table)
        known = unknown if covariance is None else covariance
        return ParametricFit(
            parameters, float(here.value), known, n, n_distinct, 0, self._unit(), is_penalised=prior is not None
        )


def _counted(family: Family[ParametersT, TableT], progress: Progress) -> Family[ParametersT, TableT]:
    """A family that tells how many of its likelihoods were computed."""
    number = count(1)

    def log_likelihood(log_parameters: FloatArray, table: TableT) -> Likelihood:
        found = family.log_likelihood(log_parameters, table)
        progress(next(number))
        return found

    return replace(family, log_likelihood=log_likelihood)
