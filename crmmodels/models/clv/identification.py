"""What is behind each component, and which cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import pandas as pd

from crmmodels._frozen import FrozenMapping
from crmmodels.base import Values
from crmmodels.models.clv.record import COMPONENTS

AnswerT = TypeVar("AnswerT")

NOTE: Final = "identified"
"""Name under which pandas answers carry the notes in ``attrs``."""
_ZERO: Final = "not identified by accounts in which {} 0 for all customers"
_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "clv3": ("base_new", "total_base_new"),
    "clv4": ("saving", "total_saving", "service_saving", "total_service_saving"),
    "clv6": ("premium", "total_premium"),
}


def notes_of_accounts(values: Values) -> Mapping[str, str]:
    """Say of each component what accounts that were handed over tell of it.

    Parameters
    ----------
    values : mapping of str to ndarray of shape (n_customers,)
        Columns of the accounts, and the position of the referrer.

    Returns
    -------
    mapping of str to str
        A note for "basis" and for each component.
    """
    notes = {"basis": "accounts that were handed over; see the model that made them"}
    known = "as in the accounts"
    for name in COMPONENTS:
        notes[name] = known
        columns = _READ.get(name, ())
        if columns and not any(values[column].any() for column in columns):
            shown = f"{columns[0]} is" if len(columns) == 2 else f"{columns[0]} and {columns[2]} are"
            notes[name] = _ZERO.format(shown)
    if not values["acquisition_cost"].any():
        notes["clv1"] = "gross: acquisition_cost is 0 for all customers of the accounts"
    if not (values["referrer"] >= 0).any():
        notes["clv5"] = "not identified by accounts in which nobody has a referrer_id"
    return FrozenMapping(notes)


def notes_table(identified: Mapping[str, str]) -> pd.DataFrame:
    """Notes as a table.

    Parameters
    ----------
    identified : mapping of str to str
        Notes by name.

    Returns
    -------
    pandas.DataFrame
        One row per name: ``column, is_identified, note``.
    """
    notes = dict(identified)
    return pd.DataFrame(
        {
            "column": list(notes),
            "is_identified": [not note.startswith("not identified") for note in notes.values()],
            "note": list(notes.values()),
        }
    )


def with_notes(answer: AnswerT, identified: Mapping[str, str]) -> AnswerT:
    """Attach notes to an answer that can carry them.

    Parameters
    ----------
    answer : dataframe
        Of any kind.
    identified : mapping of str to str
        Notes by name.

    Returns
    -------
    dataframe
        The same; one of pandas has the notes in ``attrs``, which other kinds do not have.
    """
    holder: Any = answer
    if isinstance(holder, pd.DataFrame | pd.Series):
        holder.attrs[NOTE] = dict(identified)
    return answer
