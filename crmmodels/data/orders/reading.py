"""From a caller's frame or files to a log with canonical columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import narwhals as nw

from crmmodels.data.orders.checks import duplicate_problems, missing_expressions, role_problems, row_problems
from crmmodels.data.orders.collecting import Watched, collected
from crmmodels.data.orders.logs import ArrayLog, EngineLog, OrderLog, array_log
from crmmodels.data.orders.options import Reading, refused
from crmmodels.data.orders.plans import DAY, KEPT
from crmmodels.data.orders.roles import ROLES
from crmmodels.data.tables.frames import KINDS, any_frame
from crmmodels.engines.engine import Engine, engine_of
from crmmodels.engines.files import PLACE, RAW
from crmmodels.engines.text_dates import DatePattern, date_pattern
from crmmodels.exceptions import CrmModelsWarning, DuplicatesWarning, MissingRowsWarning, UnitPriceWarning
from crmmodels.wording import count_of

Lines = nw.DataFrame[Any] | nw.LazyFrame[Any]
_PLAIN: Final = "column_of_crmmodels_"
_PRICES: Final = (
    "price",
    "unitprice",
    "itemprice",
    "preis",
    "einzelpreis",
    "stückpreis",
    "prix",
    "prixunitaire",
    "precio",
    "preço",
)
_CHINESE_PRICES: Final = ("单价", "價格", "价格", "單價")


@dataclass(frozen=True, slots=True, eq=False)
class OpenedLog:
    """A log with canonical columns.

    Attributes
    ----------
    lines : narwhals DataFrame or LazyFrame
        One column per role, `KEPT` and a number for each further column, and perhaps `DAY`; rows that are left out are not there.
    problems : callable
        Reads all rows again, and says what is wrong with them.
    log : OrderLog
        The lines, to be summed.
    rows : callable
        Makes all rows again, those left out, too; of files with `PLACE`.
    concerns : tuple of CrmModelsWarning
        What the caller should be told.
    """

    lines: Lines
    problems: Callable[[], list[str]]
    log: OrderLog
    rows: Callable[[], Lines]
    concerns: tuple[CrmModelsWarning, ...]
    reading: Reading

    def part(self, lines: Lines) -> OrderLog:
        """The same log of some of its lines, which are in memory."""
        if problems := row_problems(lines, self.reading):
            raise refused(*problems)
        return _log_of(lines, self.reading)


def open_log(
    native: Any, reading: Reading, report: Callable[[], Any] | None = None, watched: Watched | None = None
) -> OpenedLog:
    """Read a log: names, types and, in memory, rows; ``report`` makes a frame of the rows of files with `PLACE` and the texts of numbers.

    A lazy log is not read, unless rows are to be left out or duplicates to be sought. A DataError names every problem.
    """
    if problem := engine_of(native).odd_columns(native):
        raise refused(problem)
    opened = any_frame(native)
    if opened is None:
        raise refused(f"expected a dataframe ({KINDS}) or a path; got {type(native).__name__}")
    if (refusal := engine_of(native).refusal) is not None:
        raise refused(refusal)
    whole, roles_of = _named(native, reading)
    canonical = roles_of(whole)

    def rows() -> Lines:
        if report is None:
            return canonical
        again, choose = _named(report(), reading)
        return choose(again)

    def problems() -> list[str]:
        found = row_problems(rows(), reading)
        return [*found, *duplicate_problems(whole, roles_of)] if reading.refuses_duplicates else found

    if (isinstance(canonical, nw.DataFrame) or reading.refuses_duplicates) and (found := problems()):
        raise refused(*found)
    concerns: list[CrmModelsWarning] = []
    lines = roles_of(_without_duplicates(whole, concerns)) if reading.drops_duplicates else canonical
    lines = _without_missing(lines, reading, concerns) if reading.drops_missing else lines
    if _looks_like_unit_price(reading.roles):
        concerns.append(_unit_price_concern(reading.roles["amount"]))
    return OpenedLog(lines, problems, _log_of(lines, reading, watched), rows, tuple(concerns), reading)


def _log_of(lines: Lines, reading: Reading, watched: Watched | None = None) -> OrderLog:
    """Choose how a log is summed: kernels on arrays in memory, or plans for an engine."""
    if isinstance(lines, nw.LazyFrame):
        return EngineLog(lines, reading.time_zone, tuple(reading.keep), watched)
    if engine_of(lines.to_native()).plans:
        return EngineLog(lines.lazy(), reading.time_zone, tuple(reading.keep))
    return _array_log(lines, reading)


def _named(native: Any, reading: Reading) -> tuple[Lines, Callable[[Lines], Lines]]:
    """All columns under plain names, and what makes canonical ones of those of the roles."""
    time = reading.roles["time"]
    kinds = {role: (column, str(ROLES[role].kind)) for role, column in reading.roles.items()}
    typed = engine_of(native).typed(
        native, kinds | {f"keep {name}": (name, "kept") for name in reading.keep}, reading.time_zone
    )
    native, wrong = typed.native, dict(typed.problems)
    engine = engine_of(native)
    opened: Any = any_frame(native)
    schema = opened.collect_schema()
    wanted = {**reading.roles, **{f"keep {column}": column for column in reading.keep}}
    if wrong or role_problems(schema, wanted, reading, {}):
        known = [column for column in dict.fromkeys(wanted.values()) if column in schema]
        wrong = {**role_problems(schema, wanted, reading, _first_values(opened, known)), **wrong}
        raise refused(*wrong.values(), *_problems_of_others(opened, reading, wrong))
    if not typed.is_local:
        _check_zone(schema[time], reading, engine)
    # Some engines read names such as "^a.*$" or "*" as patterns.
    names = {name: f"{_PLAIN}{i}" for i, name in enumerate(schema)}
    plain: Any = any_frame(_with_dates(engine.renamed(native, names), names[time], schema[time], reading))
    days = [nw.col(DAY)] if DAY in plain.collect_schema() else []
    taken = dict(reading.roles)
    taken |= {f"{KEPT}{i}": column for i, column in enumerate(reading.keep)}
    taken |= {RAW + role: RAW + column for role, column in reading.roles.items() if RAW + column in names}
    taken |= {PLACE: PLACE} if PLACE in names else {}

    def roles_of(lines: Lines) -> Lines:
        canonical: Lines = lines.select(*(nw.col(names[column]).alias(role) for role, column in taken.items()), *days)
        return _with_amount(canonical) if "unit_price" in reading.roles else canonical

    return plain, roles_of


def _with_amount(lines: Lines) -> Lines:
    """Money of each line from quantity and unit price; infinite where one of them is, so that it is noticed."""
    quantity, price = (nw.col(name).cast(nw.Float64) for name in ("quantity", "unit_price"))
    endless = (quantity.abs() == float("inf")) | (price.abs() == float("inf"))
    return lines.with_columns(nw.when(endless).then(nw.lit(float("inf"))).otherwise(quantity * price).alias("amount"))


def _with_dates(native: Any, time: str, dtype: Any, reading: Reading) -> Any:
    """ISO 8601 text where a format is given, and its day where the engine is faster so."""
    engine = engine_of(native)
    if reading.date_format is not None:
        pattern = date_pattern(reading.date_format)
        dated = (
            engine.with_iso_dates(native, time, pattern, is_float=dtype.is_float())
            if isinstance(pattern, DatePattern)
            else None
        )
        if dated is None:
            raise refused(
                f"dates of a format are read from pandas, Polars, PyArrow, DuckDB and files; got {type(native).__name__}"
            )
        return engine.with_day(dated, time, DAY)
    return engine.with_day(native, time, DAY) if dtype == nw.String else native


def _check_zone(dtype: Any, reading: Reading, engine: Engine) -> None:
    """Refuse a zone that cannot be applied."""
    zone, column, time_zone = getattr(dtype, "time_zone", None), reading.roles["time"], reading.time_zone
    if time_zone is not None and dtype == nw.String:
        raise refused(
            f"column {column!r} is text, which counts by the day that it names, so time_zone={time_zone!r} cannot be applied; "
            "leave it out, or make timestamps of the text first"
        )
    if zone is None and time_zone is not None:
        raise refused(f"column {column!r} has no time zone, so time_zone={time_zone!r} cannot be applied; leave it out")
    if zone is not None and time_zone is None and not engine.keeps_zones:
        raise refused(
            f"column {column!r} holds instants, and DuckDB has no zone of the column in which to take their "
            "day; give time_zone=, such as 'Europe/Berlin'"
        )


def _without_duplicates(whole: Lines, concerns: list[CrmModelsWarning]) -> Lines:
    """One of the rows that are equal in every column of the caller's frame; how many others there were is said."""
    once: Lines
    if isinstance(whole, nw.DataFrame):
        once = nw.maybe_reset_index(_unique(whole))
        n = len(whole) - len(once)
    else:
        once = whole.unique()
        n = _length(whole) - _length(once)
    if n:
        concerns.append(DuplicatesWarning(f"Orders: {count_of(n, 'row')} repeating another in every column left out"))
    return once


def _unique(whole: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    try:
        return whole.unique(keep="first", maintain_order=True)
    except (TypeError, NotImplementedError) as error:
        raise refused(f"rows cannot be compared, since a column holds lists or the like ({error}); leave that out") from error


def _length(lines: nw.LazyFrame[Any]) -> int:
    return int(collected(lines.select(nw.len().alias("n")))["n"][0])


def _without_missing(lines: Lines, reading: Reading, concerns: list[CrmModelsWarning]) -> Lines:
    """Rows that miss nothing that they need; how many others there were is said."""
    missing = missing_expressions(lines.collect_schema(), reading.roles)
    any_missing = nw.any_horizontal(*missing.values(), ignore_nulls=False)
    tests = {"n": nw.len(), "any": any_missing.sum(), **{role: test.sum() for role, test in missing.items()}}
    counted = collected(lines.select(*(test.alias(name) for name, test in tests.items())))
    n_of = {name: int(counted[name][0] or 0) for name in tests}
    said = [f"{n_of[role]:,} without {role} (column {reading.roles[role]!r})" for role in missing if n_of[role]]
    if n_of["n"] and n_of["any"] == n_of["n"]:
        raise refused(f"all {count_of(n_of['n'], 'row')} miss something: {', '.join(said)}; at least one order is needed")
    if n_of["any"]:
        concerns.append(
            MissingRowsWarning(f"Orders: {n_of['any']:,} of {count_of(n_of['n'], 'row')} left out: {', '.join(said)}")
        )
    return nw.maybe_reset_index(lines.filter(~any_missing)) if isinstance(lines, nw.DataFrame) else lines.filter(~any_missing)


def _looks_like_unit_price(roles: Mapping[str, str]) -> bool:
    """Whether the money of lines is of a column that is named as a price, while there are quantities."""
    if "quantity" not in roles or "amount" not in roles or "unit_price" in roles:
        return False
    name = roles["amount"].casefold()
    folded = "".join(sign for sign in name if sign.isalpha())
    return folded in _PRICES or any(word in name for word in _CHINESE_PRICES)


def _unit_price_concern(column: str) -> UnitPriceWarning:
    return UnitPriceWarning(
        f"Orders: column {column!r} is taken for the money of whole lines, and not multiplied by the quantity; if it is the price "
        f"of one unit, give unit_price={column!r} in place of amount={column!r}"
    )


def _problems_of_others(opened: Lines, reading: Reading, wrong: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the rows of a frame in memory in the columns whose type is in order."""
    if isinstance(opened, nw.LazyFrame):
        return
    skipped = {*wrong, *(["time"] if reading.date_format is not None else [])}
    readable = {role: column for role, column in reading.roles.items() if role not in skipped}
    if readable:
        rows = opened.select(*(opened[column].alias(role) for role, column in readable.items()))
        yield from row_problems(rows, replace(reading, roles=readable))


def _first_values(frame: Lines, columns: list[str]) -> dict[str, Any]:
    """A value of each column that is not missing, where the first rows have one."""
    found: dict[str, Any] = {}
    for i, column in enumerate(columns):
        plain_name = f"{_PLAIN}{i}"
        named = frame.rename({column: plain_name}).select(plain_name)
        values = collected(named.filter(~nw.col(plain_name).is_null()).head(1))[plain_name].to_list()
        found[column] = values[0] if values else None
    return found


def _array_log(lines: nw.DataFrame[Any], reading: Reading) -> ArrayLog:
    """Read an eager frame into arrays; answers are built by the frame's own library."""
    native = lines.to_native()
    engine = engine_of(native)
    build = partial(engine.frame_of, key=lines["customer"].head(0))
    return array_log(engine.to_pandas(native), reading.time_zone, build, reading.keep)
