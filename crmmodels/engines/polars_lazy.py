"""Lazy frames of Polars, and the dates of a format as an expression of Polars."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import narwhals as nw

from crmmodels.engines.any_frame import AnyFrame
from crmmodels.engines.text_dates import FIRST_OF_1900S, ISO_DATE, MONTHS, UNMATCHED, DatePattern


class PolarsLazy(AnyFrame):
    """Plans of Polars, which its streaming engine runs."""

    name = "polars-lazy"
    backend = "polars"
    extra = "polars"
    plans = True
    is_divisible = True
    groups_objects = False

    def owns(self, native: object) -> bool:
        polars = sys.modules.get("polars")
        return polars is not None and isinstance(native, polars.LazyFrame)

    def with_iso_dates(self, native: Any, column: str, pattern: DatePattern, *, is_float: bool = False) -> Any:
        return native.with_columns(iso_expression(column, pattern, ".0" if is_float else ""))

    def collect(self, plan: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
        return plan.collect(engine="streaming")

    def part(self, native: Any, column: str, number: int, n_parts: int) -> Any:
        import polars as pl  # noqa: PLC0415  (the caller's frame is of it)

        return native.filter(pl.col(column).hash(seed=0) % n_parts == number)

    def answer(self, origin: Any, rows: nw.DataFrame[Any], ordered: Sequence[tuple[str, Sequence[str]]] = ()) -> Any:  # noqa: ARG002
        return rows.to_polars().lazy()

    def errors(self) -> tuple[type[Exception], ...]:
        return (*super().errors(), sys.modules["polars"].exceptions.PolarsError)


def iso_expression(column: str, pattern: DatePattern, zero: str) -> Any:
    """ISO 8601 text of a column of text or whole numbers, which stand before ``zero``."""
    import polars as pl  # noqa: PLC0415  (the caller's frame is of it)

    # A name from ^ to $ would be a pattern in pl.col.
    text = pl.selectors.by_name(column).as_expr().cast(pl.String).str.strip_suffix(zero)
    whole = f"^(?:{pattern.expression})$"
    group = {name: text.str.extract(whole, i) for i, name in enumerate(pattern.parts, 1)}
    two = {name: value.str.zfill(2) for name, value in group.items()}
    if "year" in group:
        year = group["year"]
    else:
        century = pl.when(group["short_year"] >= str(FIRST_OF_1900S)).then(pl.lit("19")).otherwise(pl.lit("20"))
        year = century + group["short_year"]
    month = two.get("month")
    if month is None:
        numbers = {name: f"{i:02d}" for i, name in enumerate(MONTHS, 1)}
        month = group["month_name"].str.slice(0, 3).str.to_lowercase().replace(numbers)
    iso = year + pl.lit("-") + month + pl.lit("-") + two["day"]
    if "hour" in group:
        hour = two["hour"]
        if "half" in group:
            half = pl.when(group["half"].str.to_lowercase().str.starts_with("p")).then(12).otherwise(0)
            hour = (group["hour"].cast(pl.Int32) % 12 + half).cast(pl.String).str.zfill(2)
        iso = (
            iso
            + pl.lit("T")
            + hour
            + pl.lit(":")
            + two.get("minute", pl.lit("00"))
            + pl.lit(":")
            + two.get("second", pl.lit("00"))
        )
    is_date = text.str.contains(whole) & iso.str.contains(ISO_DATE)
    return pl.when(is_date).then(iso).otherwise(pl.lit(UNMATCHED) + text).alias(column)
