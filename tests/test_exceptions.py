"""The tree of exceptions and the wording that they own."""

from __future__ import annotations

import pickle
import re

import pytest

import crmmodels as crm
from crmmodels import exceptions

PARENTS = {
    "DataError": ValueError,
    "ParameterError": ValueError,
    "NotFittedError": RuntimeError,
    "ConvergenceError": RuntimeError,
    "SavedFormatError": ValueError,
    "MissingDependencyError": ImportError,
}


@pytest.mark.parametrize(("name", "builtin"), PARENTS.items())
def test_an_error_is_caught_by_the_tree_and_by_its_builtin(name: str, builtin: type[Exception]) -> None:
    error = getattr(crm, name)
    assert issubclass(error, crm.CrmModelsError)
    assert issubclass(error, builtin)
    assert getattr(exceptions, name) is error


def test_the_tree_in_the_documentation_is_the_one_in_the_code() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", exceptions.__doc__ or ""))
    bases = (exceptions.CrmModelsError, exceptions.CrmModelsWarning)
    assert drawn == set(exceptions.__all__) - {base.__name__ for base in bases}
    assert all(issubclass(getattr(exceptions, name), bases) for name in exceptions.__all__)


def test_every_exception_is_public() -> None:
    assert set(exceptions.__all__) <= set(crm.__all__)
    assert exceptions.__all__ == sorted(exceptions.__all__)


@pytest.mark.parametrize("name", [name for name in exceptions.__all__ if name.endswith("Warning")])
def test_a_warning_is_a_user_warning(name: str) -> None:
    assert issubclass(getattr(exceptions, name), UserWarning)


def test_a_data_error_lists_every_problem() -> None:
    error = crm.DataError("Orders", ["first", "second"], "order log")
    assert str(error) == "Orders cannot read this order log:\n- first\n- second"
    assert (error.reader, error.problems, error.subject) == ("Orders", ("first", "second"), "order log")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            crm.ParameterError.must_be("AnyModel", "a", "positive", -1),
            "AnyModel(a=...) must be positive; got -1.",
        ),
        (
            crm.ParameterError.unknown_choice("AnyModel", "a", ["x", "y"], "z"),
            "AnyModel(a=...) must be one of 'x', 'y'; got 'z'.",
        ),
        (
            crm.NotFittedError.before("AnyModel", "score"),
            "AnyModel is not fitted yet, so score has nothing to work with; call AnyModel.fit(data) first.",
        ),
        (
            crm.SavedFormatError.damaged("AnyModel", KeyError("fitted")),
            "this saved AnyModel is damaged (KeyError: 'fitted'); save the model again",
        ),
        (
            crm.MissingDependencyError.needed("plot", "matplotlib", "plot"),
            (
                "plot needs the package 'matplotlib', which is not installed; "
                "install it with: python -m pip install 'crmmodels[plot]'"
            ),
        ),
    ],
)
def test_an_error_says_what_was_wrong_and_what_to_do(error: Exception, message: str) -> None:
    assert str(error) == message


@pytest.mark.parametrize(
    "error",
    [crm.DataError("Orders", ["one"], "order log"), crm.DataError("AnyModel", []), crm.ParameterError("wrong")],
)
def test_an_error_survives_pickling(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
