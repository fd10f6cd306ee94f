"""What is behind each component, and which cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar

import pandas as pd

from crmmodels._frozen import FrozenMapping
from crmmodels._typing import FloatArray
from crmmodels.models.clv.record import COMPONENTS
from crmmodels.wording import count_of

AnswerT = TypeVar("AnswerT")
Status: TypeAlias = Literal["identified", "gross", "not identified"]
"""Whether the data tell a component apart; gross is an initial purchase whose cost of acquisition is not known."""
Basis: TypeAlias = Literal["revenue", "margin", "contribution", "money"]
"""What amounts are; "money" where that is not known."""

NOTE: Final = "identified"
"""Name under which pandas answers carry the notes in ``attrs``."""
_OPENINGS: Final[tuple[Status, ...]] = ("gross", "not identified")
"""How the note of a component begins that is not simply identified, in saved records, too."""
_BASES: Final[Mapping[str, Basis]] = {"revenue": "revenue", "contribution": "contribution", "amounts times": "margin"}
_HANDED_OVER: Final = "accounts that were handed over; see the model that made them"
_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "clv3": ("base_new", "total_base_new"),
    "clv4": ("saving", "total_saving", "service_saving", "total_service_saving"),
    "clv6": ("premium", "total_premium"),
}


@dataclass(frozen=True, slots=True)
class Identification:
    """How far the data tell one component apart, what its money is, and the note that says so."""

    status: Status
    basis: Basis
    note: str

    @property
    def is_identified(self) -> bool:
        """Whether the component has a number of its own; where not, it is 0."""
        return self.status != "not identified"


def read_notes(notes: Mapping[str, str]) -> Mapping[str, Identification]:
    """Read the notes of a record, as they are saved; nothing else looks into their words."""
    said = notes.get("basis", "")
    basis: Basis = next((known for opening, known in _BASES.items() if said.startswith(opening)), "money")

    def status(note: str) -> Status:
        return next((known for known in _OPENINGS if note.startswith(known)), "identified")

    return {name: Identification(status(note), basis, note) for name, note in notes.items()}


def identified_by(
    roles: frozenset[str], margin: float | None, price_reference: object, counts: Mapping[str, int] = FrozenMapping({})
) -> Mapping[str, str]:
    """Notes for "basis" and each component by the roles of a log, the parts of a base, and the lines that are returns or out of the ordinary."""
    basis = "contribution: amounts less unit costs"
    if "unit_cost" not in roles:
        basis = (
            "revenue: neither unit costs nor a margin are known" if margin is None else f"amounts times a margin of {margin:g}"
        )
    prices = {"list_price", "sku"} & roles if price_reference == "new_customers" else {str(price_reference)}
    notes = {
        "basis": basis,
        "clv1": "first order, less the cost of acquisition"
        if "acquisition_costs" in roles
        else "gross: the cost of acquisition is not known",
        "clv2": "repeat orders",
        "clv3": "categories" if "category" in roles else "not identified without categories; its money is in clv2",
        "clv4": "service costs"
        if {"service_cost", "service_costs"} & roles
        else "not identified without service costs, which are not deducted; clv1 to clv3 are gross of them",
        "clv5": "referrals" if "referrals" in roles else "not identified without a referral log",
        "clv6": f"prices beside {price_reference}"
        if prices
        else "not identified without list prices or products; its money is in clv2 and clv3",
    }
    for name, of, noun, kept in (
        ("n_returns", "basis", "return", "kept, and taken off the order"),
        ("n_below_cost", "basis", "line", "below cost kept"),
        ("n_above_list", "clv6", "line", "above the list price kept"),
    ):
        if n := counts.get(name, 0):
            notes[of] += f"; {count_of(n, noun)} {kept}"
    return FrozenMapping(notes)


def notes_of_accounts(accounts: Mapping[str, FloatArray]) -> Mapping[str, str]:
    """Notes for "basis" and each component by the columns of accounts that were handed over, each of shape (n_customers,)."""
    notes = {"basis": _HANDED_OVER, **dict.fromkeys(COMPONENTS, "as in the accounts")}
    for name, columns in _READ.items():
        if not any(accounts[column].any() for column in columns):
            shown = f"{columns[0]} is" if len(columns) == 2 else f"{columns[0]} and {columns[2]} are"
            notes[name] = f"not identified by accounts in which {shown} 0 for all customers"
    if not accounts["acquisition_cost"].any():
        notes["clv1"] = "gross: acquisition_cost is 0 for all customers of the accounts"
    if not (accounts["referrer"] >= 0).any():
        notes["clv5"] = "not identified by accounts in which nobody has a referrer_id"
    return FrozenMapping(notes)


def notes_table(notes: Mapping[str, str]) -> pd.DataFrame:
    """Notes as a table: ``column, is_identified, note``."""
    known = [one.is_identified for one in read_notes(notes).values()]
    return pd.DataFrame({"column": list(notes), "is_identified": known, "note": list(notes.values())})


def with_notes(answer: AnswerT, notes: Mapping[str, str]) -> AnswerT:
    """Attach notes to the ``attrs`` of an answer of pandas; other kinds have none."""
    holder: Any = answer
    if isinstance(holder, pd.DataFrame | pd.Series):
        holder.attrs[NOTE] = dict(notes)
    return answer
