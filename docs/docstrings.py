"""Check the docstrings of everything public against numpydoc: python -m docs.docstrings.

The checks that are left out stand in pyproject.toml, with their reasons.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import sys
import tomllib
from pathlib import Path

from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import ERROR_MSGS, validate

import crmmodels
from crmmodels import kernels, metrics, plotting, simulate, testing
from crmmodels.testing import strategies

ROOT = Path(__file__).resolve().parent.parent
FEWEST = 600
"""Public names that there are at least: fewer mean that a folder was not looked into."""


def names():
    """Full names of the public classes, functions and methods, and of the kernels."""
    owners = [crmmodels, crmmodels.datasets, metrics, plotting, simulate, testing, strategies]
    owners += [
        importlib.import_module(module.name) for module in pkgutil.walk_packages(kernels.__path__, f"{kernels.__name__}.")
    ]
    found = set()
    for owner in owners:
        exported = getattr(owner, "__all__", [name for name in vars(owner) if not name.startswith("_")])
        for name in exported:
            value = getattr(owner, name)
            if getattr(value, "__module__", "").startswith("crmmodels") and (
                inspect.isclass(value) or inspect.isfunction(value)
            ):
                found.add(f"{value.__module__}.{value.__qualname__}")
                if inspect.isclass(value):
                    found |= set(members(value))
    return sorted(found)


def members(kind):
    for name, value in vars(kind).items():
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property | classmethod)):
            yield f"{kind.__module__}.{kind.__qualname__}.{name}"


def is_excused(name, code):
    """Whether the fields stand under Attributes, or a method of the base class says what an override does not repeat."""
    module = max((module for module in sys.modules if name.startswith(f"{module}.")), key=len)
    path = name[len(module) + 1 :]
    owner, value = None, sys.modules[module]
    for part in path.split("."):
        owner, value = value, getattr(value, part)
    if code == "PR01" and inspect.isclass(value):
        if getattr(value, "_is_protocol", False):
            return True
        attributes = [
            field for names, _, _ in NumpyDocString(inspect.getdoc(value))["Attributes"] for field in names.split(", ")
        ]
        return dataclasses.is_dataclass(value) and attributes == [field.name for field in dataclasses.fields(value)]
    return code in {"PR01", "RT01"} and hasattr(crmmodels.BaseModel, path.split(".")[-1]) and owner is not crmmodels.BaseModel


def left_out():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["numpydoc_validation"]["checks"]
    if configuration[0] != "all" or set(configuration[1:]) - set(ERROR_MSGS):
        msg = f"numpydoc_validation.checks must be 'all' and the codes left out; got {configuration}"
        raise SystemExit(msg)
    return set(configuration[1:])


def main():
    without = left_out()
    checked = names()
    problems = [] if len(checked) >= FEWEST else [f"only {len(checked)} public names were found, of at least {FEWEST}"]
    for name in checked:
        errors = [(code, text) for code, text in validate(name)["errors"] if code not in without and not is_excused(name, code)]
        problems += [f"{name}: {code} {text}" for code, text in errors]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(checked)} public docstrings checked, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
