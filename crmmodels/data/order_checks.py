"""What can be wrong with an order log, all of it said at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import narwhals as nw

from crmmodels.data.order_options import refused
from crmmodels.data.order_plans import ISO_DATE, is_missing
from crmmodels.data.roles import ROLES
from crmmodels.data.schema import EXAMPLES_SHOWN, count_of, plain
from crmmodels.exceptions import DataError, ReturnsOnlyWarning, missing_column, warn

_ROW = "row_number_of_crmmodels"


def role_problems(schema: nw.Schema, roles: Mapping[str, str], first_values: Mapping[str, Any]) -> Iterator[str]:
    """Name columns that are missing or of a type that their role cannot have.

    Parameters
    ----------
    schema : narwhals Schema
        Columns of the caller's frame and their types.
    roles : mapping of str to str
        Column of each role.
    first_values : mapping of str to object
        A value of each column, to show.

    Yields
    ------
    str
        One sentence per problem.
    """
    for role, column in roles.items():
        if column not in schema:
            yield missing_column(column, list(schema), f" ({role}: {ROLES[role].meaning})")
            continue
        dtype = schema[column]
        shown = f" such as {plain(first_values[column])!r}" if first_values.get(column) is not None else ""
        kind = ROLES[role].kind
        if kind == "number" and not dtype.is_numeric():
            yield f"column {column!r} ({role}) must be numeric; it is {dtype}{shown}: convert it first"
        if kind == "time" and dtype not in (nw.String, nw.Date, nw.Datetime):
            yield (
                f"column {column!r} ({role}) must hold dates, timestamps or ISO strings like '1997-01-31'; it is "
                f"{dtype}{shown}, which is never taken for a date: convert it first, for example "
                f"pandas.to_datetime(frame[{column!r}].astype(str), format='%Y%m%d')"
            )
    taken: dict[str, str] = {}
    for role, column in roles.items():
        if column in taken:
            yield f"column {column!r} cannot be both {taken[column]} and {role}"
        taken[column] = role


def row_problems(log: nw.DataFrame[Any] | nw.LazyFrame[Any], roles: Mapping[str, str], *, refuse_duplicates: bool) -> list[str]:
    """Name and count the rows that cannot be read.

    Parameters
    ----------
    log : narwhals DataFrame or LazyFrame
        The log with canonical column names.
    roles : mapping of str to str
        The caller's column of each role.
    refuse_duplicates : bool
        Whether rows that repeat others in every role are a problem.

    Returns
    -------
    list of str
        One sentence per problem; empty where all rows can be read.
    """
    wrong = _conditions(log.collect_schema(), roles)
    counts = _collected(log.select(nw.len().alias("n"), *(test.sum().alias(name) for name, (test, _) in wrong.items())))
    n_of = {name: int(counts[name][0] or 0) for name in counts.columns}
    if n_of["n"] == 0:
        return ["it has no rows; at least one order is needed"]
    problems = [
        f"{count_of(n_of[name], 'row')} {text}, drop or correct them first; {_examples(log, test)}"
        for name, (test, text) in wrong.items()
        if n_of[name]
    ]
    if refuse_duplicates:
        problems += _duplicate_problems(log)
    return problems


def only_returns(bounds: object) -> DataError:
    """Word that nobody bought in some days, though there are lines."""
    return refused(f"all amounts {bounds} are negative, which are returns; at least one order is needed")


def without_returns_only(result: nw.DataFrame[Any], bounds: object) -> nw.DataFrame[Any]:
    """Leave out customers without an order, with a warning; refuse a log in which nobody has one."""
    left_out = result.filter(nw.col("n_orders") == 0)
    if left_out.is_empty():
        return result
    kept = result.filter(nw.col("n_orders") > 0)
    if kept.is_empty():
        raise only_returns(bounds)
    warn(
        ReturnsOnlyWarning(
            f"{count_of(len(left_out), 'customer')} with returns and no order {bounds} left out "
            f"(such as {left_out['customer_id'].head(EXAMPLES_SHOWN).to_list()}, total {float(left_out['spend'].sum()):,.2f})"
        )
    )
    return kept


def nothing_left(log: nw.DataFrame[Any] | nw.LazyFrame[Any], roles: Mapping[str, str], bounds: object) -> DataError:
    """Word that a log has no lines in some days, unless it cannot be read at all.

    Parameters
    ----------
    log : narwhals DataFrame or LazyFrame
        The log with canonical column names.
    roles : mapping of str to str
        The caller's column of each role.
    bounds : object
        The days; as text, "after ... and up to ...".

    Returns
    -------
    DataError
        The error to raise.
    """
    if problems := row_problems(log, roles, refuse_duplicates=False):
        return refused(*problems)
    time = _collected(log.select(nw.col("time").min().alias("first"), nw.col("time").max().alias("last"))).row(0)
    first, last = (str(value)[:10] for value in time)
    return refused(f"no order is left {bounds}; the log runs from {first} to {last}: choose other dates")


def _conditions(schema: nw.Schema, roles: Mapping[str, str]) -> dict[str, tuple[nw.Expr, str]]:
    time = nw.col("time")
    found = {
        "no_customer": (is_missing("customer", schema), f"without a customer (column {roles['customer']!r})"),
        "no_time": (time.is_null(), f"without a time (column {roles['time']!r})"),
    }
    if schema["time"] == nw.String:
        # In Python's regular expressions "$" admits a line feed at the end; in those of the engines it does not.
        unreadable = ~time.is_null() & (~time.str.contains(ISO_DATE) | time.str.ends_with("\n"))
        text = f"whose time (column {roles['time']!r}) is no ISO date like '1997-01-31'"
        found["no_date"] = (unreadable, text)
    if "order_id" in schema:
        found["no_order"] = (is_missing("order_id", schema), f"without an order (column {roles['order_id']!r})")
    if "amount" in schema:
        amount = nw.col("amount")
        column = roles["amount"]
        no_amount = is_missing("amount", schema)
        if schema["amount"].is_float():
            found["infinite"] = (
                ~no_amount & ~amount.is_finite(),
                f"with an infinite amount (column {column!r})",
            )
        found["no_amount"] = (no_amount, f"without an amount (column {column!r})")
    return found


def _duplicate_problems(log: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> Iterator[str]:
    columns = list(log.collect_schema())
    repeated = log.group_by(columns).agg(nw.len().alias(_ROW)).filter(nw.col(_ROW) > 1)
    n = int(_collected(repeated.select((nw.col(_ROW) - 1).sum().alias("n")))["n"][0] or 0)
    if n:
        rows = _collected(repeated.drop(_ROW).head(EXAMPLES_SHOWN)).rows(named=True)
        yield (
            f"{count_of(n, 'row')} repeating another in every role (such as {_shown(rows)}); "
            "duplicates='drop' removes them, 'keep' counts each as an order"
        )


def _examples(log: nw.DataFrame[Any] | nw.LazyFrame[Any], test: nw.Expr) -> str:
    if isinstance(log, nw.DataFrame):
        rows = log.with_row_index(_ROW).filter(test).head(EXAMPLES_SHOWN)
        numbers = ", ".join(str(number) for number in rows[_ROW].to_list())
        shown = _shown(rows.drop(_ROW).rows(named=True))
        return f"{'row' if len(rows) == 1 else 'rows'} {numbers}: {shown}"
    return f"such as {_shown(_collected(log.filter(test).head(EXAMPLES_SHOWN)).rows(named=True))}"


def _shown(rows: Any) -> str:
    return "; ".join("(" + ", ".join(f"{name}={_told(value)}" for name, value in row.items()) + ")" for row in rows)


def _told(value: Any) -> str:
    """Show a value, and None, NaN and NaT alike, which engines use for the same thing."""
    if value is None or value != value:  # noqa: PLR0124  (only NaN and NaT differ from themselves)
        return "missing"
    return str(value) if hasattr(value, "isoformat") else repr(plain(value))


def _collected(frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame
