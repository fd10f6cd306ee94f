"""Promises about what a model remembers."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import gc
import json
import warnings
import weakref
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels.exceptions import CrmModelsError, DataError, NotFittedError
from crmmodels.testing.checks.claims import (
    AnyModel,
    NotApplicable,
    answers,
    claim,
    customers_of,
    index_of,
    part_of,
    refusal,
    same,
)
from crmmodels.testing.checks.variants import variant_of

_SMALL: Final = 3_000
_LARGE: Final = 30_000
_LARGEST_GROWTH: Final = 2.0
_N_THREADS: Final = 8
_CHANGEABLE: Final = (list, dict, set, bytearray, np.ndarray, pd.DataFrame, pd.Series)


def check_unfitted_raises(model: AnyModel, data: pd.DataFrame) -> None:
    """Before fit, the fitted record, score, segment and summary raise NotFittedError."""
    claim(holds=not model.is_fitted, otherwise="is_fitted is true before fit")
    for verb in ("score", "segment", "summary"):
        with refusal(NotFittedError, "fit(", verb):
            getattr(model, verb)(data)
    with refusal(NotFittedError, "fit(", "fitted"):
        _ = model.fitted


def check_fit_returns_self(model: AnyModel, data: pd.DataFrame) -> None:
    """The method fit returns the model it was called on, fitted."""
    claim(holds=model.fit(data) is model, otherwise="fit returned another object")
    claim(holds=model.is_fitted, otherwise="is_fitted is false after fit")


def check_parameters_unchanged(model: AnyModel, data: pd.DataFrame) -> None:
    """The parameters stay as they were given, and refuse to be set."""
    names = [field.name for field in dataclasses.fields(model)]  # type: ignore[arg-type]
    before = {name: copy.deepcopy(getattr(model, name)) for name in names}
    answers(model.fit(data), data)
    for name in names:
        claim(holds=getattr(model, name) == before[name], otherwise=f"{name} was {before[name]!r}, is {getattr(model, name)!r}")
        with refusal(AttributeError, name, f"setting {name}"):
            setattr(model, name, before[name])


def check_input_unchanged(model: AnyModel, data: pd.DataFrame) -> None:
    """No method changes the table that it is given."""
    given = data.copy(deep=True)
    model.fit(given)
    answers(model, given)
    model.summary(given)
    same(given, data, "the table after fit, score, segment and summary")


def check_failed_fit_keeps_state(model: AnyModel, data: pd.DataFrame) -> None:
    """A fit that fails leaves the model as it was, fitted or not."""
    column = model.columns()[0].name
    unusable = (data.iloc[:0], data.drop(columns=column))
    for table in unusable:
        with refusal(DataError, "", "fit on an unusable table"):
            model.fit(table)
        claim(holds=not model.is_fitted, otherwise="is_fitted is true after a failed fit")
    before = model.fit(data).fitted
    for table in unusable:
        with refusal(DataError, "", "refit on an unusable table"):
            model.fit(table)
        claim(holds=model.fitted is before, otherwise="a failed fit changed the fitted record")


def check_refit_equals_fit(model: AnyModel, data: pd.DataFrame) -> None:
    """Fitting again, also after another table, gives the record and answers of the first fit."""
    first = answers(model.fit(data), data)
    record = model.to_dict()["fitted"]
    half = data.iloc[: max(1, len(data) // 2)]
    with contextlib.suppress(DataError):
        model.fit(half)
    same(answers(model.fit(data), data), first, "answers after fitting again")
    claim(holds=model.to_dict()["fitted"] == record, otherwise="the fitted record differs after fitting again")


def check_record_is_read_only(model: AnyModel, data: pd.DataFrame) -> None:
    """Nobody can write to the arrays of the fitted record, fitted, restored or copied."""
    model.fit(data)
    for owner in (model, type(model).from_dict(model.to_dict()), copy.deepcopy(model)):
        writable = [name for name, array in _arrays(owner.fitted, "fitted") if array.flags.writeable]
        claim(holds=not writable, otherwise=f"{writable} can be written to")


def _arrays(value: object, name: str) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _arrays(item, f"{name}[{key!r}]")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from _arrays(item, f"{name}[{position}]")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _arrays(getattr(value, field.name), f"{name}.{field.name}")


def check_data_not_kept(model: AnyModel, data: pd.DataFrame) -> None:
    """The table can be freed after fit, fit writes nothing but the record, and the record does not grow with the table."""
    given = data.copy(deep=True)
    freed = weakref.ref(given)
    before = set(vars(model))
    model.fit(given)
    written = sorted(set(vars(model)) - before - {"_record"})
    claim(holds=not written, otherwise=f"fit wrote {written} beside the fitted record")
    del given
    gc.collect()
    claim(holds=freed() is None, otherwise="the table is still referenced after fit")
    sizes = []
    for n_customers in (_SMALL, _LARGE):
        table = type(model).example(n_customers, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(table)
        sizes.append(len(json.dumps(model.to_dict())))
    claim(
        holds=sizes[1] <= _LARGEST_GROWTH * sizes[0],
        otherwise=f"the saved model grows from {sizes[0]:,} to {sizes[1]:,} characters from {_SMALL:,} to {_LARGE:,} customers",
    )


def check_json_round_trip(model: AnyModel, data: pd.DataFrame) -> None:
    """A model restored from JSON has equal parameters and gives answers identical to the last bit."""
    model.fit(data)
    restored = type(model).from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False)))
    claim(holds=restored == model, otherwise="the restored parameters differ")
    same(answers(restored, data), answers(model, data), "answers of the restored model")
    claim(holds=restored.to_dict() == model.to_dict(), otherwise="the restored model saves otherwise")


def check_every_parameter_saved(model: AnyModel, data: pd.DataFrame) -> None:  # noqa: ARG001  (nothing is fitted)
    """Each parameter, set to another value than it has, comes back from JSON as it was."""
    names = [field.name for field in dataclasses.fields(model)]  # type: ignore[arg-type]
    n_varied = 0
    for name in names:
        other = variant_of(model, name)
        if other is None:
            continue
        n_varied += 1
        restored = type(model).from_dict(json.loads(json.dumps(other.to_dict(), allow_nan=False)))
        was, found = getattr(other, name), getattr(restored, name)
        claim(
            holds=restored == other,
            otherwise=f"{name} was saved as {was!r} and came back as {found!r}, or another parameter changed",
        )
    if not n_varied:
        msg = "the model has no parameter of which another value could be found"
        raise NotApplicable(msg)


def check_instances_apart(model: AnyModel, data: pd.DataFrame) -> None:
    """Two models of a class know nothing of each other: fitting one changes neither the other nor the class."""
    other = copy.deepcopy(model)
    before = _class_attributes(type(model))
    expected = answers(model.fit(data), data)
    record = model.to_dict()
    claim(holds=not other.is_fitted, otherwise="fitting one model fits others of its class")
    claim(holds=not _made_again(model).is_fitted, otherwise="a new model of the class is fitted from the start")
    half = part_of(model, data, customers_of(model, data)[::2])
    with contextlib.suppress(CrmModelsError):
        other.fit(half)
    same(answers(model, data), expected, "answers after another model of the class was fitted")
    claim(holds=model.to_dict() == record, otherwise="fitting another model of the class changed the record")
    after = _class_attributes(type(model))
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    claim(holds=not changed, otherwise=f"fit and score write to the class: {changed}")


def _made_again(model: AnyModel) -> AnyModel:
    return type(model)(**{field.name: getattr(model, field.name) for field in dataclasses.fields(model)})  # type: ignore[arg-type]


def _class_attributes(cls: type) -> dict[str, str]:
    """What the classes of a model hold, but for what Python itself puts there."""
    held: dict[str, str] = {}
    for owner in cls.__mro__:
        if owner.__module__ in {"builtins", "abc", "typing"}:
            continue
        held |= {
            f"{owner.__name__}.{name}": f"{type(value).__name__} {value!r}"
            if isinstance(value, _CHANGEABLE)
            else str(id(value))
            for name, value in vars(owner).items()
            if not name.startswith(("__", "_abc_"))
        }
    return held


def check_threads_agree(model: AnyModel, data: pd.DataFrame) -> None:
    """Scoring different customers from many threads at once gives what one thread gives."""
    expected = answers(model.fit(data), data)
    customers = customers_of(model, data)
    parts = [part_of(model, data, customers[start::_N_THREADS]) for start in range(min(_N_THREADS, len(customers)))] * 4
    with ThreadPoolExecutor(_N_THREADS) as pool:
        for part, actual in zip(parts, pool.map(lambda part: answers(model, part), parts), strict=True):
            same(actual, expected.loc[index_of(model, part)], "answers of a thread")
