"""Run the checks, and say how many ran."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from crmmodels.base import BaseModel
from crmmodels.exceptions import ParameterError
from crmmodels.progress import Progress
from crmmodels.testing.checks import CHECKS
from crmmodels.testing.checks.claims import NotApplicable
from crmmodels.testing.report import CheckReport, CheckResult

_GROUPS = {check.__name__: check.__module__ for check in CHECKS}


def model_checks(
    model: BaseModel[Any, Any], *, n_customers: int = 60, seed: int = 0
) -> Iterator[tuple[str, str, Callable[[], None]]]:
    """Every check of a model, ready to be called, for a test runner's own parametrisation.

    Parameters
    ----------
    model : BaseModel
        The model; each check works on a copy of its own.
    n_customers : int, default 60
        Size of the table that the model's ``example`` draws.
    seed : int, default 0
        Seed of that draw.

    Yields
    ------
    name : str
        The check.
    promise : str
        What it checks.
    run : callable
        Raises where the promise is broken.
    """
    for check in CHECKS:
        data = type(model).example(n_customers, seed)
        promise = (check.__doc__ or check.__name__).strip()
        yield check.__name__, promise, partial(check, copy.deepcopy(model), data)


def check_model(
    model: BaseModel[Any, Any],
    *,
    expected_failures: Mapping[str, str] | None = None,
    raise_on_failure: bool = True,
    n_customers: int = 60,
    seed: int = 0,
) -> CheckReport:
    """Whether a model keeps every promise of the interface.

    Use it in the tests of a model of your own; it needs no test runner. No check knows a model by name, and a check that
    cannot run, such as for an engine that is not installed, is reported with its reason. Where the model itself raises, such as in a hook, the
    other checks of that group are not run, since they would only say the same.

    Parameters
    ----------
    model : BaseModel
        The model, not fitted; each check works on a copy of its own.
    expected_failures : mapping of str to str, optional
        Check name to the reason why it cannot hold for this model. A check listed here that passes fails the report.
    raise_on_failure : bool, default True
        Whether a broken promise raises, or only stands in the report.
    n_customers : int, default 60
        Size of the table that the model's ``example`` draws.
    seed : int, default 0
        Seed of that draw.

    Returns
    -------
    CheckReport
        Every check with its outcome; as text, "RFMModel: 30 of 30 checks passed".

    Raises
    ------
    AssertionError
        If a promise is broken; the message is the report.
    ParameterError
        If ``model`` is no model, or ``expected_failures`` names a check that does not exist.

    Examples
    --------
    >>> import crmmodels as crm
    >>> from crmmodels.testing import check_model
    >>> check_model(crm.RFMModel(n_bins=4, segments="eight"))
    RFMModel: 30 of 30 checks passed
    """
    if not isinstance(model, BaseModel):
        raise ParameterError.must_be("check_model", "model", "a model, such as RFMModel()", model)
    expected = dict(expected_failures or {})
    names = [check.__name__ for check in CHECKS]
    if unknown := sorted(expected.keys() - set(names)):
        must = f"a mapping whose keys are among {names}"
        raise ParameterError.must_be("check_model", "expected_failures", must, unknown)
    with Progress("check_model", "checks", len(CHECKS)) as progress:
        checks = progress.over(model_checks(model, n_customers=n_customers, seed=seed))
        report = CheckReport(type(model).__name__, tuple(_outcomes(checks, expected)))
    if raise_on_failure and not report.passed:
        raise AssertionError(str(report))
    return report


def _outcomes(checks: Iterable[tuple[str, str, Callable[[], None]]], expected: Mapping[str, str]) -> Iterator[CheckResult]:
    """Outcome of each check. Where the model itself raises, a group stops: its other checks, and other groups, would only repeat that."""
    raised: dict[str, str] = {}
    for name, promise, run in checks:
        try:
            run()
        except NotApplicable as reason:
            yield CheckResult(name, promise, "not run", str(reason))
        except Exception as error:  # noqa: BLE001  (a broken model may raise anything)
            shown = str(error) if isinstance(error, AssertionError) else repr(error)
            own = error.__cause__ if isinstance(error, AssertionError) else error
            own = None if isinstance(own, AssertionError) else own
            first = name if own is None else raised.get(_GROUPS[name], raised.get(_worded(own), name))
            if name in expected:
                yield CheckResult(name, promise, "expected failure", expected[name])
            elif first != name:
                yield CheckResult(name, promise, "not run", f"stopped by the error of {first}")
            else:
                yield CheckResult(name, promise, "failed", shown)
            if own is not None and name not in expected:
                raised.setdefault(_GROUPS[name], first)
                raised.setdefault(_worded(own), first)
        else:
            if name in expected:
                yield CheckResult(name, promise, "failed", f"it was expected to fail ({expected[name]}), but passes")
            else:
                yield CheckResult(name, promise, "passed")


def _worded(error: BaseException) -> str:
    """An error without the addresses of objects, which differ from check to check."""
    return re.sub(r"0x[0-9a-f]+", "", repr(error))
