"""What the columns of an order log may mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Role:
    """One meaning a column may have.

    Attributes
    ----------
    name : str
        Canonical name of the column.
    kind : {"key", "time", "number", "text"}
        What it must hold.
    meaning : str
        One phrase for messages and documentation.
    """

    name: str
    kind: Literal["key", "time", "number", "text"]
    meaning: str


ROLES: Final[dict[str, Role]] = {
    role.name: role
    for role in (
        Role("customer", "key", "who bought"),
        Role("time", "time", "when"),
        Role("amount", "number", "money of the line; negative for a return"),
        Role("order_id", "key", "which order the line belongs to"),
        Role("quantity", "number", "units bought"),
        Role("unit_price", "number", "money paid for one unit"),
        Role("list_price", "number", "price of one unit before any discount"),
        Role("unit_cost", "number", "cost of one unit"),
        Role("category", "text", "product category"),
        Role("sku", "text", "product"),
        Role("channel", "text", "channel of the order"),
        Role("discount", "number", "money taken off the line"),
        Role("service_cost", "number", "cost of serving the line"),
        Role("reference_price", "number", "price of one unit that a new customer would pay"),
        Role("currency", "text", "currency of the amounts"),
    )
}
"""All roles by canonical name."""
