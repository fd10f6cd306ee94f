"""Promises about the types that the columns of a table may have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pandas as pd

from crmmodels.exceptions import CrmModelsError
from crmmodels.testing.checks.claims import AnyModel, NotApplicable, answers, claim, same

_LEARNED_FROM: Final = ("int64", "Int64")
"""Kinds of columns from which a model learns once more; from the others it only answers, to save time."""


def check_number_types_agree(model: AnyModel, data: pd.DataFrame) -> None:
    """The same numbers get the same answers whatever their type: integers, floats, single precision, nullable, decimals, objects, Arrow's."""
    names = [column.name for column in model.columns() if pd.api.types.is_numeric_dtype(data[column.name])]
    if not names:
        msg = "the model declares no column of numbers"
        raise NotApplicable(msg)
    # Rounded up, so that no type loses a digit, what was positive is so, and what was larger is not smaller.
    whole = data.assign(**{name: np.ceil(data[name].to_numpy(np.float64, na_value=np.nan)) for name in dict.fromkeys(names)})
    learned = whole
    try:
        model.fit(whole)
    except CrmModelsError:
        learned = data
        model.fit(data)
    expected = answers(model, whole)
    record = model.to_dict()["fitted"]
    for kind, table in _in_other_types(whole, names):
        same(answers(model, table), expected, f"answers for columns of {kind}")
        if learned is whole and kind in _LEARNED_FROM:
            with contextlib.suppress(CrmModelsError):
                model.fit(table)
            claim(holds=model.to_dict()["fitted"] == record, otherwise=f"the record fitted on columns of {kind} is another")


def _in_other_types(data: pd.DataFrame, names: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    names = list(dict.fromkeys(names))
    complete = [name for name in names if data[name].notna().all()]
    largest = max((float(data[name].abs().max()) for name in names), default=0.0)

    def turned(columns: list[str], dtype: Any) -> pd.DataFrame:
        return data.assign(**{name: data[name].astype(dtype) for name in columns})

    if complete:
        yield "int64", turned(complete, np.int64)
    if largest < 2**24:
        yield "float32", turned(names, np.float32)
    yield "Int64", turned(names, "Int64")
    yield "Float64", turned(names, "Float64")
    if find_spec("pyarrow"):
        yield "int64[pyarrow]", turned(names, "int64[pyarrow]")
        yield "double[pyarrow]", turned(names, "double[pyarrow]")
    decimals = {name: [None if np.isnan(item) else Decimal(int(item)) for item in data[name].tolist()] for name in names}
    yield (
        "decimals",
        data.assign(**{name: pd.Series(items, index=data.index, dtype=object) for name, items in decimals.items()}),
    )
    objects = {name: pd.Series(data[name].tolist(), index=data.index, dtype=object) for name in names}
    yield "objects", data.assign(**objects)
