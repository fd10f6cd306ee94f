"""Promises about tables that are refused, and about what is ignored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmmodels.exceptions import DataError
from crmmodels.testing.checks.claims import AnyModel, answers, claim, refusal, same


def check_missing_column_refused(model: AnyModel, data: pd.DataFrame) -> None:
    """A table without a declared column is refused by the column's name, in fit, score and segment."""
    key = () if model.index_is_key else (model.key,)
    names = [*key, *(column.name for column in model.columns())]
    for name in names:
        with refusal(DataError, repr(name), f"fit without {name}"):
            model.fit(data.drop(columns=name))
    model.fit(data)
    for name in names:
        for verb in (model.score, model.segment):
            with refusal(DataError, repr(name), f"{verb.__name__} without {name}"):
                verb(data.drop(columns=name))
    with refusal(DataError, repr(names[-1]), "a table without any column"):
        model.fit(data[[]])


def check_extra_columns_ignored(model: AnyModel, data: pd.DataFrame) -> None:
    """Columns that the model does not read change nothing, whatever they hold and wherever they stand."""
    read = [model.key, *dict.fromkeys(column.name for column in model.columns())]
    expected = answers(model.fit(data[read]), data[read])
    wider = data[read[::-1]].assign(a_column_of_text="x", a_column_of_nothing=np.nan)
    same(answers(model.fit(wider), wider), expected, "answers with extra columns")


def check_duplicate_keys_refused(model: AnyModel, data: pd.DataFrame) -> None:
    """A customer that stands twice in the table is refused, and named."""
    twice = pd.concat([data, data.iloc[[0]]], ignore_index=True)
    customer = repr(data[model.key].tolist()[0])
    with refusal(DataError, customer, "fit with a customer twice"):
        model.fit(twice)
    model.fit(data)
    with refusal(DataError, customer, "score with a customer twice"):
        model.score(twice)


def check_missing_keys_refused(model: AnyModel, data: pd.DataFrame) -> None:
    """A row without a customer is refused, and counted."""
    keys = data[model.key].astype(object)
    keys.iloc[0] = None
    with refusal(DataError, f"column {model.key!r} misses 1 value", "fit with a customer missing"):
        model.fit(data.assign(**{model.key: keys}))
    claim(holds=not model.is_fitted, otherwise="is_fitted is true after the refusal")


def check_missing_values_refused(model: AnyModel, data: pd.DataFrame) -> None:
    """An infinite value in a column that the model reads, and a missing one unless declared possible, is refused by name."""
    for column in model.columns():
        for bad in (np.inf,) if column.may_miss else (np.nan, np.inf):
            values = data[column.name].astype(np.float64).to_numpy(copy=True)
            values[-1] = bad
            with refusal(DataError, repr(column.name), f"fit with {bad} in {column.name}"):
                model.fit(data.assign(**{column.name: values}))
