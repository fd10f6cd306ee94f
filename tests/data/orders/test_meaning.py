"""What rows and columns of a log mean: money of lines, duplicates, what is missing, names of columns, columns carried along."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm

LINES = pd.DataFrame(
    {
        "id": ["a", "a", "b", "b"],
        "date": ["2026-01-01", "2026-01-05", "2026-01-02", "2026-01-09"],
        "qty": [5, -5, 2, 1],
        "price": [10.0, 10.0, 1.5, 4.0],
    }
)


def orders_of(native: Any, **options: Any) -> crm.Orders:
    return crm.Orders(native, **{"customer": "id", "time": "date", **options})


def refusal_of(native: Any, **options: Any) -> str:
    with pytest.raises(crm.DataError) as caught:
        orders_of(native, **options).customers()
    return str(caught.value)


class TestUnitPrice:
    def test_money_is_quantity_times_unit_price(self, engine: Any, tmp_path: Path, as_pandas: Any) -> None:
        orders = orders_of(engine.make(LINES, tmp_path), quantity="qty", unit_price="price")
        customers = as_pandas(orders.customers()).set_index("customer_id")
        assert customers["spend"].to_dict() == {"a": 0.0, "b": 7.0}
        assert customers["n_orders"].to_dict() == {"a": 1, "b": 2}
        assert as_pandas(orders.panel("Y"))["spend"].tolist() == [0.0, 7.0]
        lines = as_pandas(orders.lines(), "customer")
        assert sorted(lines["amount"]) == [-50.0, 3.0, 4.0, 50.0]

    def test_a_returned_line_with_positive_money_asks_for_the_unit(self, engine: Any, tmp_path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", crm.UnitPriceWarning)
            said = refusal_of(engine.make(LINES, tmp_path), quantity="qty", amount="price")
        assert (
            "1 row with a quantity (column 'qty') below 0 and an amount above 0 (column 'price'): if that is the price" in said
        )
        assert "give unit_price='price' in its place, else correct them first" in said
        assert "quantity=" in said

    @pytest.mark.parametrize("name", ["price", "UnitPrice", "unit_price", "Unit price", "Einzelpreis", "单价"])
    def test_a_column_named_as_a_price_is_said_to_be_taken_for_the_line(self, name: str) -> None:
        frame = LINES.iloc[[0, 2, 3]].rename(columns={"price": name})
        with pytest.warns(crm.UnitPriceWarning, match=f"give unit_price='{name}' in place of amount='{name}'"):
            orders_of(frame, quantity="qty", amount=name)
        orders_of(frame, amount=name)
        orders_of(frame.rename(columns={name: "total price"}), quantity="qty", amount="total price")

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"unit_price": "price"}, "must be given together with quantity="),
            ({"unit_price": "price", "quantity": "qty", "amount": "price"}, "must be left out where amount= is given"),
        ],
    )
    def test_roles_that_exclude_each_other_are_refused(self, options: dict[str, str], said: str) -> None:
        with pytest.raises(crm.ParameterError, match=said):
            orders_of(LINES, **options)

    @pytest.mark.parametrize("column", ["qty", "price"])
    def test_what_misses_or_is_infinite_is_refused(self, engine: Any, column: str, tmp_path: Path) -> None:
        noun = {"qty": "quantity", "price": "unit price"}[column]
        missing = LINES.astype({"qty": float}).assign(**{column: [1.0, np.nan, 1.0, 1.0]})
        assert f"1 row without a {noun} (column {column!r})" in refusal_of(
            engine.make(missing, tmp_path), quantity="qty", unit_price="price"
        )
        infinite = LINES.astype({"qty": float}).assign(**{column: [1.0, np.inf, 1.0, 1.0]})
        assert f"{noun} (column {column!r})" in refusal_of(engine.make(infinite, tmp_path), quantity="qty", unit_price="price")

    def test_value_reads_the_money_that_they_make(self) -> None:
        frame = LINES.assign(qty=[5, 1, 2, 1])
        by_unit = orders_of(frame, quantity="qty", unit_price="price")
        by_line = orders_of(frame.assign(money=frame["qty"] * frame["price"]), quantity="qty", amount="money")
        pd.testing.assert_frame_equal(by_unit.customers(), by_line.customers())
        assert by_unit.known_roles == by_line.known_roles | {"unit_price"}


class TestDuplicates:
    INVOICE = pd.DataFrame(
        {
            "invoice": [1] * 7,
            "id": ["a"] * 7,
            "date": ["2026-01-01"] * 7,
            "money": [15.30, 20.34, 22.00, 20.34, 20.34, 15.30, 25.50],
            "sku": list("tuvwxyz"),
        }
    )

    def test_lines_that_differ_in_a_column_without_a_role_are_none(self, engine: Any, tmp_path: Path, as_pandas: Any) -> None:
        native = engine.make(self.INVOICE, tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            customers = as_pandas(orders_of(native, amount="money", order_id="invoice", duplicates="drop").customers())
        assert customers["spend"].tolist() == [pytest.approx(139.12)]

    @settings(max_examples=10)
    @given(
        rows=st.lists(
            st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.integers(1, 2), st.sampled_from(["x", None])),
            min_size=1,
            max_size=12,
        )
    )
    def test_every_engine_leaves_as_many_out_and_says_so(
        self, engine: Any, tmp_path_factory: Any, as_pandas: Any, rows: list[Any]
    ) -> None:
        frame = pd.DataFrame(rows, columns=["id", "day", "money", "note"])
        frame = frame.assign(
            date="2026-01-0" + frame["day"].astype(str), note=frame["note"].astype("str").where(frame["note"].notna(), None)
        )
        n = int(frame.duplicated().sum())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            native = engine.make(frame, tmp_path_factory.mktemp("log"))
            customers = as_pandas(orders_of(native, amount="money", duplicates="drop").customers())
        said = [str(warning.message) for warning in caught if warning.category is crm.DuplicatesWarning]
        assert said == ([f"Orders: {n} row{'s' * (n > 1)} repeating another in every column left out"] if n else [])
        assert customers["n_orders"].sum() == len(frame) - n

    def test_rows_are_named_as_in_the_frame_before_any_was_left_out(self) -> None:
        frame = pd.concat([self.INVOICE.iloc[[0, 0]], self.INVOICE.iloc[[1]].assign(id=None)])
        assert "row 2: (customer=missing" in refusal_of(frame, amount="money", duplicates="drop")

    def test_rows_that_cannot_be_compared_are_refused(self) -> None:
        frame = self.INVOICE.assign(tags=[["x"]] * 7)
        for how in ("drop", "refuse"):
            assert "rows cannot be compared" in refusal_of(frame, amount="money", duplicates=how)
        orders_of(frame, amount="money")


class TestMissing:
    def test_rows_that_miss_something_are_left_out_as_asked_and_counted(
        self, engine: Any, tmp_path: Path, as_pandas: Any
    ) -> None:
        frame = LINES.assign(id=["a", None, "b", "b"], price=[10.0, 10.0, np.nan, 4.0])
        with pytest.warns(crm.MissingRowsWarning) as caught:
            orders = orders_of(engine.make(frame, tmp_path), amount="price", missing="drop")
        assert str(caught[0].message) == (
            "Orders: 2 of 4 rows left out: 1 without customer (column 'id'), 1 without amount (column 'price')"
        )
        assert as_pandas(orders.customers())["spend"].tolist() == [10.0, 4.0]
        assert len(as_pandas(orders.lines(), "customer")) == 2

    def test_a_log_of_nothing_else_is_refused(self) -> None:
        assert "all 4 rows miss something: 4 without customer (column 'id')" in refusal_of(
            LINES.assign(id=None), missing="drop"
        )

    def test_what_cannot_be_read_is_not_missing(self, tmp_path: Path) -> None:
        frame = LINES.assign(price=["1", "x", None, "2"])
        frame.to_csv(tmp_path / "log.csv", index=False)
        with pytest.warns(crm.MissingRowsWarning, match="1 of 4 rows"):
            said = refusal_of(tmp_path / "log.csv", amount="price", missing="drop")
        assert "1 row whose amount (column 'price') is no plain number" in said
        assert "without" not in said

    def test_empty_text_is_no_customer(self, engine: Any, tmp_path: Path) -> None:
        said = refusal_of(engine.make(LINES.assign(id=["a", "", "b", ""]), tmp_path))
        assert "2 rows without a customer (column 'id')" in said


class TestProblemsTogether:
    def test_a_mixed_column_does_not_hide_what_others_miss(self) -> None:
        frame = LINES.assign(invoice=[1, "C2", 3.5, 4], id=["a", None, None, "b"], price=[1.0, np.inf, 1.0, 1.0])
        lines = refusal_of(frame, order_id="invoice", amount="price").splitlines()
        assert lines[1] == (
            "- column 'invoice' (order_id) mixes float such as 3.5, int such as 4, str such as 'C2'; make all of them text: "
            "frame['invoice'] = frame['invoice'].astype('string')"
        )
        assert lines[2].startswith("- 2 rows without a customer (column 'id'), drop or correct them first; rows 1, 2: ")
        assert lines[3].startswith("- 1 row with an infinite amount (column 'price')")

    def test_the_line_that_it_writes_repairs_the_column(self) -> None:
        frame = LINES.assign(invoice=[1, "C2", 3, 4])
        with pytest.raises(crm.DataError) as caught:
            orders_of(frame, order_id="invoice")
        exec(str(caught.value).rpartition("text: ")[2], {"frame": frame})  # noqa: S102
        assert orders_of(frame, order_id="invoice").customers()["n_orders"].tolist() == [2, 2]


class TestNamesOfColumns:
    @pytest.mark.parametrize("name", ["^price.*$", "*", "^.*$", "a b", 'a"b', "列", "c0", "day", "amount", "customer"])
    def test_names_are_exact_in_every_role(self, engine: Any, name: str, tmp_path: Path, as_pandas: Any) -> None:
        frame = pd.DataFrame({"price_net": [1.0], "who": ["a"], "when": ["2026-01-01"], name: [5.0]})
        orders = crm.Orders(engine.make(frame, tmp_path), customer="who", time="when", amount=name, keep=["price_net"])
        customers = as_pandas(orders.customers())
        assert customers["spend"].tolist() == [5.0]
        assert [float(value) for value in customers["price_net"]] == [1.0]
        keyed = pd.DataFrame({"price_net": [1.0], name: ["a"], "when": ["2026-01-01"]})
        assert as_pandas(crm.Orders(engine.make(keyed, tmp_path), customer=name, time="when").customers())[
            "customer_id"
        ].tolist() == ["a"]
        timed = pd.DataFrame({"who": ["a"], name: ["01.02.2026"]})
        log = crm.Orders(engine.make(timed, tmp_path), customer="who", time=name, date_format="%d.%m.%Y")
        assert str(as_pandas(log.customers())["first_order"][0])[:10] == "2026-02-01"

    @pytest.mark.parametrize(
        ("frame", "said"),
        [
            (
                pd.DataFrame({("id", "x"): [1], ("date", "y"): [2]}),
                "its columns have names of 2 levels, such as ('id', 'x'); make them one first",
            ),
            (
                pd.DataFrame({"id": [[1], [2]], "date": ["2026-01-01"] * 2}),
                "column 'id' (customer) holds list, which name nothing",
            ),
            (
                pd.DataFrame({"id": [{}, {}], "date": ["2026-01-01"] * 2}),
                "column 'id' (customer) holds dict, which name nothing",
            ),
            (
                pd.DataFrame({"id": ["a", ["b"]], "date": ["2026-01-01"] * 2}),
                "column 'id' (customer) holds list, str, which name nothing",
            ),
            (pl.DataFrame({"id": [[1], [2]], "date": ["2026-01-01"] * 2}), "it is List(Int64) such as [1]: convert it first"),
            (pl.LazyFrame({"id": [{"a": 1}], "date": ["2026-01-01"]}), "must name something by text or numbers; it is Struct"),
            (pa.table({"id": [[1], [2]], "date": ["2026-01-01"] * 2}), "it is List(Int64) such as [1]: convert it first"),
        ],
    )
    def test_what_names_nothing_is_refused(self, frame: Any, said: str) -> None:
        assert said in refusal_of(frame)

    def test_columns_named_by_numbers_do_not_disturb(self) -> None:
        assert orders_of(LINES.rename(columns={"qty": 0, "price": 1})).customers()["n_orders"].tolist() == [2, 2]


class TestKeep:
    def test_the_last_value_that_is_not_missing_is_carried_along(self, engine: Any, tmp_path: Path, as_pandas: Any) -> None:
        frame = LINES.assign(town=["Ulm", None, "Bonn", "Kiel"], level=[3.0, 1.0, 2.0, np.nan])
        orders = orders_of(engine.make(frame, tmp_path), keep=["town", "level"])
        customers = as_pandas(orders.customers()).set_index("customer_id")
        assert customers["town"].to_dict() == {"a": "Ulm", "b": "Kiel"}
        assert customers["level"].astype(float).to_dict() == {"a": 1.0, "b": 2.0}
        early = as_pandas(orders.customers(as_of="2026-01-03")).set_index("customer_id")
        assert early["town"].to_dict() == {"a": "Ulm", "b": "Bonn"}
        split = as_pandas(orders.split("2026-01-04").customers()).set_index("customer_id")
        assert split["town"].to_dict() == {"a": "Ulm", "b": "Bonn"}
        assert list(as_pandas(orders.lines(), "customer").columns[-2:]) == ["town", "level"]

    @settings(max_examples=10)
    @given(
        rows=st.lists(
            st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.sampled_from(["x", "y", "z", None])),
            min_size=1,
            max_size=15,
        )
    )
    def test_every_engine_and_row_order_keeps_the_same(
        self, engine: Any, tmp_path_factory: Any, as_pandas: Any, rows: list[Any]
    ) -> None:
        frame = pd.DataFrame(rows, columns=["id", "day", "town"]).assign(
            date=lambda f: pd.to_datetime("2026-01-0" + f["day"].astype(str))
        )
        expected = {
            name: next(
                (
                    row[2]
                    for row in sorted((r for r in rows if r[0] == name and r[2]), key=lambda r: (r[1], r[2]), reverse=True)
                ),
                None,
            )
            for name in frame["id"].unique()
        }
        for part in (frame, frame.sample(frac=1.0, random_state=1)):
            native = engine.make(part, tmp_path_factory.mktemp("log"))
            customers = as_pandas(orders_of(native, keep=["town"]).customers()).set_index("customer_id")
            found = {name: None if town is None or town != town else town for name, town in customers["town"].to_dict().items()}
            assert found == expected

    @pytest.mark.parametrize(
        ("keep", "said"),
        [
            ("town", "must be a list of names of columns, each once; got 'town'"),
            (["town", "town"], "must be a list of names of columns, each once"),
            ([1], "must be a list of names of columns, each once"),
            (
                ["spend"],
                r"must be columns that are not named as one of the table of customers, as \['spend'\] are; rename them in the log first",
            ),
        ],
    )
    def test_what_cannot_be_kept_is_refused(self, keep: Any, said: str) -> None:
        with pytest.raises(crm.ParameterError, match=said):
            orders_of(LINES, keep=keep)
        with pytest.raises(crm.DataError, match=r"column 'twon' \(keep\) is missing"):
            orders_of(LINES, keep=["twon"])

    def test_models_score_a_table_with_columns_kept(self) -> None:
        orders = orders_of(LINES.iloc[:3].assign(town="Ulm"), amount="price", keep=["town"])
        assert len(crm.RFMModel(segments="four").fit(orders).segment(orders)) == 2


def test_the_same_warning_is_given_once_a_log() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "date": ["2026-01-01"] * 2, "price": [5.0, -1.0]})
    orders = orders_of(frame, amount="price")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            orders.customers()
            orders.panel()
    assert [warning.category for warning in caught].count(crm.ReturnsOnlyWarning) == 1


class TestOrderIds:
    def test_ids_that_come_back_weeks_later_are_counted_in_a_warning(self, engine: Any, tmp_path: Path, as_pandas: Any) -> None:
        frame = pd.DataFrame(
            {
                "id": ["a", "a", "a", "b", "b", "b"],
                "date": ["2026-01-01", "2026-02-01", "2026-01-05", "2026-01-01", "2026-01-08", "2026-03-01"],
                "no": [1, 1, 2, 1, 1, 1],
                "money": [5.0, 5.0, 5.0, 5.0, 5.0, -5.0],
            }
        )
        orders = orders_of(engine.make(frame, tmp_path), amount="money", order_id="no")
        with pytest.warns(crm.OrderIdWarning) as caught:
            customers = as_pandas(orders.customers(as_of="2026-04-01"))
        assert len(caught) == 1
        assert "1 order id (column 'no') with purchases more than 7 days apart, of customers such as ['a']" in str(
            caught[0].message
        )
        assert customers["n_orders"].tolist() == [2, 1]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            orders.customers()  # said once a log
            orders_of(engine.make(frame, tmp_path), amount="money", order_id="no").customers(as_of="2026-01-31")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"country": "Country"},
            r"Orders has no argument 'country'; Further columns are carried along by keep=\['Country'\], and the arguments are frame, ",
        ),
        ({"amout": "price"}, "Orders has no argument 'amout'; did you mean 'amount'?"),
    ],
)
def test_an_argument_that_does_not_exist_is_told_of(arguments: dict[str, str], said: str) -> None:
    with pytest.raises(crm.ParameterError, match=said):
        orders_of(LINES, **arguments)
    assert list(inspect.signature(crm.Orders).parameters)[:4] == ["frame", "customer", "time", "amount"]


def test_a_line_of_an_order_begun_before_the_days_that_count_ends_the_log_in_every_engine(
    engine: Any, tmp_path: Path, as_pandas: Any
) -> None:
    frame = pd.DataFrame(
        {
            "id": ["a", "a", "b"],
            "date": pd.to_datetime(["2026-01-01", "2026-01-03", "2026-01-02"]),
            "no": [1, 1, 2],
            "paid": 5.0,
        }
    )
    orders = orders_of(engine.make(frame, tmp_path), order_id="no", amount="paid", after="2026-01-01")
    customers = as_pandas(orders.customers())
    assert customers["customer_id"].to_list() == ["b"]
    assert customers["as_of"].to_list() == [pd.Timestamp("2026-01-04")]
    assert customers["days_since_last"].to_list() == [2]


@pytest.mark.parametrize("verb", ["customers", "panel"])
def test_days_before_1970_count_as_later_ones_in_every_engine(engine: Any, verb: str, tmp_path: Path, as_pandas: Any) -> None:
    """The calendar of 1942 is that of 2026."""
    dates = pd.to_datetime(["2026-01-01", "2026-05-03", "2026-01-02", "2026-03-31"])
    frame = pd.DataFrame({"id": ["a", "a", "b", "b"], "date": dates, "paid": [5.0, 7.0, 9.0, -2.0]})
    answers = []
    for name, years in (("late", 0), ("early", 84)):
        (tmp_path / name).mkdir()
        shifted = frame.assign(date=frame["date"] - pd.DateOffset(years=years))
        answer = as_pandas(getattr(orders_of(engine.make(shifted, tmp_path / name), amount="paid"), verb)())
        for column in answer.columns.intersection(["first_order", "last_order", "as_of", "period"]):
            answer[column] += pd.DateOffset(years=years)
        answers.append(answer)
    pd.testing.assert_frame_equal(*answers, check_dtype=False)


@pytest.mark.parametrize(("first", "later"), [(1e15, 0.1), (1e12, 0.01), (1e9, 1e-3), (1e15, 0.0), (5.0, 0.0), (0.0, 1e15)])
def test_money_after_the_first_day_has_all_its_digits_in_every_engine(
    engine: Any, first: float, later: float, tmp_path: Path, as_pandas: Any
) -> None:
    frame = pd.DataFrame({"id": "a", "date": pd.to_datetime(["2026-01-01", "2026-01-02"]), "paid": [first, later]})
    customers = as_pandas(orders_of(engine.make(frame, tmp_path), amount="paid").customers())
    assert customers["mean_repeat_spend"].to_list() == pytest.approx([later], rel=1e-12, abs=1e-9)
    assert customers["spend"].to_list() == pytest.approx([first + later], rel=1e-12)


def test_a_line_after_the_last_order_counts_in_every_engine(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = pd.DataFrame({"id": ["b", "b"], "date": ["2026-01-01", "2026-01-05"], "money": [20.0, -20.0], "no": ["2", "2"]})
    orders = orders_of(engine.make(frame, tmp_path), amount="money", order_id="no")
    customers = as_pandas(orders.customers())
    assert customers["spend"].tolist() == [0.0]
    assert str(customers["as_of"][0])[:10] == "2026-01-06"
    assert as_pandas(orders.customers(as_of="2026-01-02"))["spend"].tolist() == [20.0]
    assert as_pandas(orders.panel("Y"))["spend"].tolist() == [0.0]


@pytest.mark.parametrize("values", [[[1], [2], [3], [4]], [{}, {}, {}, {}], [1, "x", None, 2.5]])
def test_columns_that_have_no_order_cannot_be_kept(values: list[Any]) -> None:
    assert "column 'odd' (keep)" in refusal_of(LINES.assign(odd=values), keep=["odd"])


def test_categories_are_kept_as_what_they_name(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = pd.DataFrame(
        {"id": ["a", "a"], "date": ["2026-01-01"] * 2, "kind": pd.Categorical(["x", "y"], categories=["y", "x"])}
    )
    assert as_pandas(orders_of(engine.make(frame, tmp_path), keep=["kind"]).customers())["kind"].tolist() == ["y"]


def test_dates_that_stand_as_floats_are_read_by_their_digits(engine: Any, tmp_path: Path, as_pandas: Any) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "date": [20260105.0, np.nan]})
    if engine.name != "csv":
        with pytest.warns(crm.MissingRowsWarning):
            customers = as_pandas(orders_of(engine.make(frame, tmp_path), date_format="%Y%m%d", missing="drop").customers())
        assert str(customers["first_order"][0])[:10] == "2026-01-05"
