"""What can be wrong with an order log, all of it said at once."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import narwhals as nw

from crmmodels.data.orders.advice import advice_on_text, advice_on_value
from crmmodels.data.orders.collecting import collected
from crmmodels.data.orders.options import Reading, refused
from crmmodels.data.orders.plans import DAY, EPOCH, KEPT, day_of_line, is_missing
from crmmodels.data.orders.roles import ROLES
from crmmodels.data.orders.stray_dates import Strays
from crmmodels.engines.files import PLACE, RAW
from crmmodels.engines.text_dates import ISO_DATE, UNMATCHED
from crmmodels.exceptions import CrmModelsWarning, DataError, ReturnsOnlyWarning, StrayDateWarning, missing_column
from crmmodels.wording import EXAMPLES_SHOWN, count_of, plain

_ROW: Final = "row_number_of_crmmodels"


def role_problems(
    schema: nw.Schema, wanted: Mapping[str, str], reading: Reading, first_values: Mapping[str, Any]
) -> dict[str, str]:
    """Say by role which columns are missing or of a type that it cannot have; ``wanted`` has the column of each role, other columns under names that are none."""
    problems: dict[str, str] = {}
    taken: dict[str, str] = {}
    for role, column in wanted.items():
        meaning = f" ({role}: {ROLES[role].meaning})" if role in ROLES else f" ({role.split()[0]})"
        if column not in schema:
            problems[role] = missing_column(column, list(schema), meaning)
        elif role in ROLES:
            if problem := _type_problem(role, column, schema[column], reading, first_values.get(column)):
                problems[role] = problem
            if column in taken:
                problems[role] = f"column {column!r} cannot be both {taken[column]} and {role}"
            taken[column] = role
        elif schema[column].is_nested():
            problems[role] = f"column {column!r}{meaning} must hold text or numbers; it is {schema[column]}"
    return problems


def _type_problem(role: str, column: str, dtype: nw.dtypes.DType, reading: Reading, value: Any) -> str | None:
    kind, shown = ROLES[role].kind, "" if value is None else f" such as {plain(value)!r}"
    if kind == "number" and not dtype.is_numeric():
        return f"column {column!r} ({role}) must be numeric; it is {dtype}{shown}: convert it first"
    if kind in {"key", "text"} and (dtype.is_nested() or dtype in {nw.Binary, nw.Unknown}):
        return f"column {column!r} ({role}) must name something by text or numbers; it is {dtype}{shown}: convert it first"
    if kind != "time":
        return None
    if reading.date_format is not None:
        if dtype == nw.String or dtype.is_integer() or dtype.is_float():
            return None
        return f"column {column!r} ({role}) is {dtype} and no text, so date_format= cannot be applied; leave it out"
    if dtype in (nw.String, nw.Date, nw.Datetime):
        return None
    advice = "convert it first" if value is None else advice_on_value(plain(value), column)
    return (
        f"column {column!r} ({role}) must hold dates, timestamps or ISO strings like '1997-01-31'; it is "
        f"{dtype}{shown}, which is never taken for a date: {advice}"
    )


def row_problems(log: nw.DataFrame[Any] | nw.LazyFrame[Any], reading: Reading) -> list[str]:
    """Name and count the rows of a log with canonical columns that cannot be read."""
    wrong = _conditions(log.collect_schema(), reading)
    counts = collected(log.select(nw.len().alias("n"), *(test.sum().alias(name) for name, (test, _) in wrong.items())))
    n_of = {name: int(counts[name][0] or 0) for name in counts.columns}
    if n_of["n"] == 0:
        return ["it has no rows; at least one order is needed"]
    problems = []
    for name, (test, text) in wrong.items():
        if n_of[name]:
            rows, shown = _examples(log, test)
            advice = _advice(name, rows, reading)
            problems.append(f"{count_of(n_of[name], 'row')} {text}, {advice}; {shown}")
    return problems


def needed(roles: Iterable[str]) -> list[str]:
    """Those of some roles of which every row must have a value; a quantity only where it makes the amount."""
    money = ("quantity", "unit_price") if "unit_price" in roles else ("amount",)
    return [role for role in ("customer", "time", "order_id", *money) if role in roles]


def missing_expressions(schema: nw.Schema, roles: Iterable[str]) -> dict[str, nw.Expr]:
    """Whether a row with canonical columns misses what it needs, by role."""
    return {role: is_missing(role, schema) for role in needed(roles)}


def only_returns(bounds: object) -> DataError:
    """Word that nobody bought in some days, though there are lines."""
    return refused(f"all amounts {bounds} are negative, which are returns; at least one order is needed")


def without_returns_only(
    result: nw.DataFrame[Any], bounds: object, say: Callable[[CrmModelsWarning, object], None]
) -> nw.DataFrame[Any]:
    """Leave out customers without an order, with a warning; refuse a log in which nobody has one."""
    left_out = result.filter(nw.col("n_orders") == 0)
    if left_out.is_empty():
        return result
    kept = result.filter(nw.col("n_orders") > 0)
    if kept.is_empty():
        raise only_returns(bounds)
    concern = ReturnsOnlyWarning(
        f"{count_of(len(left_out), 'customer')} with returns and no order {bounds} left out "
        f"(such as {left_out['customer_id'].head(EXAMPLES_SHOWN).to_list()}, total {float(left_out['spend'].sum()):,.2f})"
    )
    say(concern, bounds)
    return kept


def nothing_left(log: nw.DataFrame[Any] | nw.LazyFrame[Any], problems: Sequence[str], bounds: object) -> DataError:
    """Word that a log has no lines in some days, unless it cannot be read at all."""
    if problems:
        return refused(*problems)
    time = collected(log.select(nw.col("time").min().alias("first"), nw.col("time").max().alias("last"))).row(0)
    first, last = (str(value)[:10] for value in time)
    return refused(f"no order is left {bounds}; the log runs from {first} to {last}: choose other dates")


def stray_concern(
    rows: nw.DataFrame[Any] | nw.LazyFrame[Any], time_zone: str | None, strays: Strays, which: str
) -> StrayDateWarning:
    """Word that a few orders lie long "before" or "after" all others, with their rows, and what to do."""
    bound, usual = (EPOCH + dt.timedelta(days=day) for day in (strays.day, strays.usual))
    schema = rows.collect_schema()
    # Days of text compare as they are written; pandas has no type for dates that it could be turned into.
    is_text = DAY not in schema and schema["time"] == nw.String
    day = nw.col("time").str.slice(0, 10) if is_text else day_of_line(schema, time_zone)
    limit = nw.lit(bound.isoformat() if is_text else bound)
    test = day >= limit if which == "after" else day <= limit
    years = abs(strays.day - strays.usual) / 365.25
    moves = "as_of and every age" if which == "after" else "the age of its customer"
    way = f"until={usual.isoformat()!r}" if which == "after" else f"after={(usual - dt.timedelta(days=1)).isoformat()!r}"
    return StrayDateWarning(
        f"Orders: {count_of(strays.n, 'order')} of {bound.isoformat()} {'or later' if which == 'after' else 'or earlier'}, "
        f"{years:,.1f} years {which} all others (next is {usual.isoformat()}), which moves {moves}; {_examples(rows, test)[1]}. "
        f"If a date is mistyped, correct it, or leave it out by {way}"
    )


def _conditions(schema: nw.Schema, reading: Reading) -> dict[str, tuple[nw.Expr, str]]:
    """What may be wrong with a row, and how that is said, by name."""
    found: dict[str, tuple[nw.Expr, str]] = {}
    column = reading.roles
    wanted = [] if reading.drops_missing else needed(column)
    money = [role for role in wanted if ROLES[role].kind == "number"]
    for role in wanted:
        if role not in money:
            found[f"no_{role}"] = _missing(role, schema, column)
    if schema.get("time") == nw.String:
        time = nw.col("time")
        # In Python's regular expressions "$" admits a line feed at the end; in those of the engines it does not.
        unreadable = ~is_missing("time", schema) & (~time.str.contains(ISO_DATE) | time.str.ends_with("\n"))
        named = (
            "no ISO date like '1997-01-31'" if reading.date_format is None else f"no date of the format {reading.date_format!r}"
        )
        found["no_date"] = (unreadable, f"whose time (column {column['time']!r}) is {named}")
    for role in [name for name, meaning in ROLES.items() if meaning.kind == "number" and name in column]:
        of_text = RAW + role in schema
        if role in schema and schema[role].is_float() and (of_text or role in needed(column)):
            endless = ~is_missing(role, schema) & ~nw.col(role).is_finite()
            said = f"with an infinite {role.replace('_', ' ')} (column {column[role]!r})"
            if of_text:
                said = f"whose {role.replace('_', ' ')} (column {column[role]!r}) is {_no_number(reading)}"
            found[f"unread_{role}" if of_text else f"infinite_{role}"] = (endless, said)
    for role in money:
        found[f"no_{role}"] = _missing(role, schema, column)
    if {"quantity", "amount"} <= set(schema) and "quantity" in column:
        conflict = (nw.col("quantity") < 0) & (nw.col("amount") > 0)
        said = f"with a quantity (column {column['quantity']!r}) below 0 and an amount above 0"
        if "amount" in column:
            said += f" (column {column['amount']!r}): if that is the price of one unit, give unit_price={column['amount']!r} in its place"
        found["sign"] = (conflict, said)
    return found


def _missing(role: str, schema: nw.Schema, column: Mapping[str, str]) -> tuple[nw.Expr, str]:
    said = "order" if role == "order_id" else role.replace("_", " ")
    return is_missing(
        role, schema
    ), f"without {'an' if role in {'order_id', 'amount'} else 'a'} {said} (column {column[role]!r})"


def _no_number(reading: Reading) -> str:
    if reading.decimal is None:
        return "no plain number like '-1234.50'"
    return "no number like " + ("'-1.234,50'" if reading.decimal == "," else "'-1,234.50'")


def _advice(name: str, rows: Sequence[Mapping[str, Any]], reading: Reading) -> str:
    if name == "sign":
        return "correct them first, as no price is below 0" if "unit_price" in reading.roles else "else correct them first"
    if name == "no_date" and reading.date_format is None:
        return advice_on_text([str(row["time"]) for row in rows], reading.roles["time"])
    if name.startswith("unread") and reading.decimal is None:
        return (
            "give decimal=',' where a comma stands before decimals (or '.' where thousands are grouped), or correct them first"
        )
    return "drop or correct them first"


def duplicate_problems(whole: nw.DataFrame[Any] | nw.LazyFrame[Any], roles_of: Callable[[Any], Any]) -> list[str]:
    """Name and count the rows that repeat another in every column; ``roles_of`` makes canonical columns of some of them."""
    try:
        repeated = whole.group_by(list(whole.collect_schema())).agg(nw.len().alias(_ROW)).filter(nw.col(_ROW) > 1)
        n = int(collected(repeated.select((nw.col(_ROW) - 1).sum().alias("n")))["n"][0] or 0)
    except (TypeError, NotImplementedError) as error:
        return [f"rows cannot be compared, since a column holds lists or the like ({error}); leave that out"]
    if not n:
        return []
    rows = collected(roles_of(repeated.drop(_ROW)).head(EXAMPLES_SHOWN)).rows(named=True)
    problem = f"{count_of(n, 'row')} repeating another in every column (such as {_shown(rows)})"
    return [f"{problem}; duplicates='drop' removes them, 'keep' counts each as an order"]


def _examples(log: nw.DataFrame[Any] | nw.LazyFrame[Any], test: nw.Expr) -> tuple[Sequence[Mapping[str, Any]], str]:
    """Some rows, and how they are shown: with their number in a frame, with file and line of files."""
    if isinstance(log, nw.DataFrame) and PLACE not in log.columns:
        found = log.with_row_index(_ROW).filter(test).head(EXAMPLES_SHOWN)
        rows: Any = found.drop(_ROW).rows(named=True)
        numbers = ", ".join(str(number) for number in found[_ROW].to_list())
        return rows, f"{'row' if len(found) == 1 else 'rows'} {numbers}: {_shown(rows)}"
    rows = collected(log.filter(test).head(EXAMPLES_SHOWN)).rows(named=True)
    return rows, _shown(rows) if PLACE in log.collect_schema() else f"such as {_shown(rows)}"


def _shown(rows: Any) -> str:
    return "; ".join(_row_shown(row) for row in rows)


def _row_shown(row: Mapping[str, Any]) -> str:
    place = f"{row[PLACE]}: " if PLACE in row else ""
    names = [name for name in row if not name.startswith((RAW, KEPT)) and name not in {PLACE, DAY}]
    # A number that could not be read is shown as it stands in the file.
    values = {
        name: row[RAW + name] if row.get(RAW + name) is not None and not _is_finite(row[name]) else row[name] for name in names
    }
    return place + "(" + ", ".join(f"{name}={_told(value)}" for name, value in values.items()) + ")"


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _told(value: Any) -> str:
    """Show a value, and None, NaN and NaT alike, which engines use for the same thing."""
    if value is None or value != value:  # noqa: PLR0124  (only NaN and NaT differ from themselves)
        return "missing"
    if isinstance(value, str):
        value = value.removeprefix(UNMATCHED)
    return str(value) if hasattr(value, "isoformat") else repr(plain(value))
