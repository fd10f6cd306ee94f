"""What a table was probably meant to be, where columns are missing in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import narwhals as nw

from crmmodels.exceptions import folded

ELSEWHERE: Final[Mapping[str, Sequence[str]]] = {
    "frequency": ("frequency_cal", "x"),
    "age_at_last": ("recency", "recency_cal", "t.x"),
    "age": ("T", "T_cal", "T.cal", "n_periods", "n.cal"),
    "mean_repeat_spend": ("monetary_value", "monetary_value_cal", "Spending", "m.x"),
    "order_days_holdout": ("frequency_holdout", "x.star"),
    "duration_holdout": ("T.star",),
}
"""Names that lifetimes, pymc-marketing, CLVTools and BTYD give to columns of this library."""

_KEYS_ELSEWHERE: Final = ("Id", "cust", "customer", "CustomerID", "user_id", "client_id")
_TELLING: Final = frozenset(
    map(folded, ("recency", "recency_cal", "T", "T_cal", "T.cal", "t.x", "monetary_value", "n_periods"))
)
_RFM: Final[Mapping[str, Sequence[str]]] = {
    "days_since_last": ("recency", "R", "recency_days", "recency_cal", "t.x"),
    "n_orders": ("frequency", "F", "frequency_count"),
    "spend": ("monetary", "monetary_value", "M", "monetary_amount"),
}
_MADE_OF_ORDERS: Final = frozenset(("first_order", "last_order", "as_of", "period"))
_CUSTOMER: Final = """
    customerid customer custid cust userid user clientid client buyerid buyer memberid member email customeruniqueid accountid account
    householdkey householdid customeremail customername customernumber customerno id kunde kundennummer kundennr kundenid
    客户 客户id 客户编号 会员 会员id 会员编号 用户 用户id 顾客 买家 买家id
"""
_TIME: Final = """
    date time datetime timestamp day orderdate ordertime orderday ordertimestamp orderpurchasetimestamp invoicedate purchasedate
    purchasetime transactiondate transdate transactiontime createdat paidat saledate datum bestelldatum rechnungsdatum
    日期 时间 下单时间 下单日期 订单日期 订单时间 支付时间 付款时间 交易日期
"""
_AMOUNT: Final = """
    amount spend spending sales revenue total value paymentvalue totalprice totalamount totalvalue totalsales ordervalue ordertotal
    orderamount subtotal sum net gross turnover monetary betrag umsatz 金额 销售额 实付金额 订单金额 支付金额
"""
_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "customer": frozenset(_CUSTOMER.split()),
    "time": frozenset(_TIME.split()),
    "amount": frozenset(_AMOUNT.split()),
}
"""Names that columns of order logs have, without case and separators. Prices are not among them: money is that of the line."""
_MANY: Final = 40


def meant_by(missing: Sequence[str], frame: nw.DataFrame[Any], key: str) -> str:
    """Word what a table without some columns probably is, and the line that makes of it what is read."""
    hints = [*_names_elsewhere(missing, frame, key), *_rfm_names(missing, frame), *as_order_log(frame, key)]
    return hints[0] if hints else ""


def as_order_log(frame: nw.DataFrame[Any], key: str) -> Iterator[str]:
    """Word that a table looks like an order log."""
    if call := call_for_log(frame, key):
        yield f"this looks like an order log, of which the table is made first: pass {call}"


def call_for_log(frame: nw.DataFrame[Any], key: str) -> str | None:
    """Write the call that reads a table as an order log, where one of its columns holds times."""
    names = [name for name in frame.columns[:_MANY] if isinstance(name, str)]
    schema = frame.schema
    dated = [n for n in names if n not in _MADE_OF_ORDERS and isinstance(schema[n], nw.Date | nw.Datetime)]
    times = [*(n for n in dated if _is(n, "time")), *dated, *(n for n in names if _is(n, "time"))]
    if not times:
        return None
    customers = [*(n for n in names if n == key), *(n for n in names if _is(n, "customer"))]
    amounts = [n for n in names if _is(n, "amount") and (schema[n].is_numeric() or schema[n].is_decimal())]
    customer, amount = (repr(found[0]) if found else "..." for found in (customers, amounts))
    return f"crm.Orders(frame, customer={customer}, time={times[0]!r}, amount={amount})"


def _is(name: str, role: str) -> bool:
    return folded(name) in _ROLES[role]


def _found(names: Sequence[str], there: Sequence[str]) -> str | None:
    """First of some names that a table has, whatever their case and separators."""
    by_folded = {folded(other): other for other in there if isinstance(other, str)}
    return next((by_folded[folded(name)] for name in names if folded(name) in by_folded), None)


def _names_elsewhere(missing: Sequence[str], frame: nw.DataFrame[Any], key: str) -> Iterator[str]:
    """The names of other libraries for what is missing."""
    there = frame.columns
    if not {folded(name) for name in there} & _TELLING:
        return
    meant = {name: found for name in missing if (found := _found(ELSEWHERE.get(name, ()), there))}
    if not meant:
        return
    said = ", ".join(f"{theirs!r} is {ours!r}" for ours, theirs in meant.items())
    if key in missing and (theirs := _found(_KEYS_ELSEWHERE, there)):
        meant[key] = theirs
    line = f"frame.rename(columns={ {theirs: ours for ours, theirs in meant.items()} })"
    if key in missing and key not in meant:
        line += f".rename_axis({key!r}) where the index names the customers"
    note = ""
    if "age_at_last" in meant:
        note = (
            f"; {meant['age_at_last']!r} must be the age at the last order, as there, not the days since it, "
            f"which are age - age_at_last"
        )
    yield f"these look like the names of lifetimes, pymc-marketing or CLVTools, whose {said} here: {line}{note}"


def _rfm_names(missing: Sequence[str], frame: nw.DataFrame[Any]) -> Iterator[str]:
    """The names of RFM tables for what is missing; those of lifetimes mean something else."""
    there = frame.columns
    recency = _found(_RFM["days_since_last"], there)
    if "days_since_last" not in missing or recency is None:
        return
    if age := _found(("T", "T_cal", "T.cal", "age"), there):
        yield (
            f"{recency!r} beside {age!r} looks like that of lifetimes, which is the age at the last order, not the days since it: "
            f"days_since_last is frame[{age!r}] - frame[{recency!r}] in days, n_orders one more than its frequency, and spend is not in it; "
            "better pass the log, crm.Orders(frame, customer=..., time=..., amount=...)"
        )
        return
    meant = {found: name for name in _RFM if name in missing and (found := _found(_RFM[name], there))}
    yield (
        f"rename what is meant: frame.rename(columns={meant}), where {recency!r} counts days since the last order (that of lifetimes is an age) "
        "and frequency every order (that of lifetimes leaves out the first)"
    )
