"""Logs in files: what the first afternoon met, and its neighbours."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pytest

import crmmodels as crm


def orders_of(path: Any, **options: Any) -> crm.Orders:
    return crm.Orders(path, **{"customer": "id", "time": "date", "amount": "spend", **options})


def spends(path: Any, **options: Any) -> dict[Any, float]:
    return orders_of(path, **options).customers().set_index("customer_id")["spend"].to_dict()


def refusal_of(path: Any, **options: Any) -> str:
    with pytest.raises(crm.DataError) as caught:
        orders_of(path, **options).customers()
    return str(caught.value)


class TestTextOfCsv:
    def test_days_of_any_order_are_refused_with_the_format_to_give(self, tmp_path: Path) -> None:
        wednesdays = [dt.date(2025, 1, 1) + dt.timedelta(7 * i) for i in range(52)]
        rows = "".join(f"a;{day:%d-%m-%y};1\n" for day in wednesdays)
        (tmp_path / "log.csv").write_text("id;date;spend\n" + rows)
        said = refusal_of(tmp_path / "log.csv")
        assert "52 rows whose time (column 'date') is no ISO date like '1997-01-31', give date_format='%d-%m-%y'" in said
        assert "log.csv line 2: (customer='a', time='01-01-25', amount=1.0)" in said
        customers = orders_of(tmp_path / "log.csv", date_format="%d-%m-%y").customers()
        assert customers["first_order"][0] == pd.Timestamp("2025-01-01")
        assert customers["last_order"][0] == pd.Timestamp("2025-12-24")

    def test_ids_stay_as_they_are_written(self, tmp_path: Path) -> None:
        rows = "".join(
            f"{name},2026-01-01,1\n" for name in ("1e5", "100000", "007", "7", " 7", "NA", "nan", "TRUE", "2026-01-01")
        )
        (tmp_path / "log.csv").write_text("id,date,spend\n" + rows)
        assert set(spends(tmp_path / "log.csv")) == {"1e5", "100000", "007", "7", " 7", "NA", "nan", "TRUE", "2026-01-01"}

    def test_csv_and_memory_read_the_same_dates(self, tmp_path: Path) -> None:
        texts = ["2026-01-31", "2026-01-31T10:00", "2026-01-31 10:00:00+01:00", "2026-01-31 10:00:00 +0100", "2026-1-31", "2026-02-30",
                 "0000-01-01", "-999-01-01", "2026-01-31\n", "20260131", "2026-01-31 25:00", "２０２６-01-31", "2026-W05-6"]  # fmt: skip
        for text in texts:
            frame = pd.DataFrame({"id": ["a"], "date": [text], "spend": [1.0]})
            frame.to_csv(tmp_path / "log.csv", index=False)
            outcomes = []
            for native in (frame, pl.from_pandas(frame).lazy(), duckdb.connect().from_df(frame), tmp_path / "log.csv"):
                try:
                    answer: Any = orders_of(native).customers(as_of="2026-12-31")
                except crm.DataError:
                    outcomes.append(None)
                else:
                    answer = (
                        answer.collect()
                        if isinstance(answer, pl.LazyFrame)
                        else answer.df()
                        if hasattr(answer, "df")
                        else answer
                    )
                    outcomes.append(str(answer["first_order"][0])[:10])
            assert len(set(outcomes)) == 1, (text, outcomes)

    def test_instants_of_text_need_no_zone_and_take_none(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("id,date,spend\na,2026-01-03T23:30:00Z,1\n")
        assert orders_of(tmp_path / "log.csv").customers()["first_order"][0] == pd.Timestamp("2026-01-03")
        assert "time_zone='Asia/Shanghai' cannot be applied" in refusal_of(tmp_path / "log.csv", time_zone="Asia/Shanghai")

    @pytest.mark.parametrize(
        ("text", "decimal", "number"),
        [
            ("12.50", None, 12.5), ("-.5e1", None, -5.0), ("+7", None, 7.0), (" 7 ", None, 7.0), ("1,50", None, None), ("1_000", None, None),
            ("inf", None, None), ("nan", None, None), ("1e400", None, None), ("$5", None, None), ("5-", None, None), ("0x10", None, None),
            ("1.234,50", ",", 1234.5), ("1234,5", ",", 1234.5), ("1 234,5", ",", 1234.5), ("1'234", ",", 1234.0), ("-1.234.567", ",", -1234567.0),
            ("12.50", ",", None), ("1.23", ",", None), ("1,234.50", ".", 1234.5), ("1,234", ".", 1234.0), ("1,23", ".", None), ("12.5", ".", 12.5),
            (",5", ",", 0.5), ("€ 5", ",", None), ("1\u00a0234,50", ",", 1234.5),
        ],
    )  # fmt: skip
    def test_numbers_are_plain_or_of_the_decimal_sign(
        self, text: str, decimal: Any, number: float | None, tmp_path: Path
    ) -> None:
        (tmp_path / "log.csv").write_text(
            f'id;date;spend\nz;2026-01-01;1\na;2026-01-01;"{text}"\nb;2026-01-01;1000\n', encoding="utf-8"
        )
        if number is None:
            said = refusal_of(tmp_path / "log.csv", decimal=decimal)
            assert f"log.csv line 3: (customer='a', time='2026-01-01', amount={text!r})" in said
            assert ("give decimal=','" in said) is (decimal is None)
        else:
            total = sum(spends(tmp_path / "log.csv", decimal=decimal).values()) if number >= 0 else None
            assert total is None or total == pytest.approx(1001 + number)
            assert orders_of(tmp_path / "log.csv", decimal=decimal).lines().fetchall()[1][2] == number

    def test_numbers_of_further_roles_are_read_by_the_same_rule(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("id;date;qty;price\na;2026-01-01;2;1,50\na;2026-01-02;x;1,00\n")
        said = refusal_of(tmp_path / "log.csv", amount=None, quantity="qty", unit_price="price", decimal=",")
        assert "1 row whose quantity (column 'qty') is no number like '-1.234,50'" in said
        assert "line 3: (customer='a', time='2026-01-02', quantity='x', unit_price=1.0" in said


class TestDelimiters:
    @pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
    def test_the_sign_at_which_the_names_come_apart_is_taken(self, sign: str, tmp_path: Path) -> None:
        text = f"id{sign}date{sign}spend{sign}a;b,c\n1{sign}2026-01-01{sign}5{sign}x\n".replace("a;b,c", "note")
        (tmp_path / "log.csv").write_text(text)
        assert spends(tmp_path / "log.csv") == {"1": 5.0}

    def test_another_sign_is_given(self, tmp_path: Path) -> None:
        (tmp_path / "log.txt").write_text("id~date~spend\n1~2026-01-01~5\n")
        assert "delimiter=" in refusal_of(tmp_path / "log.txt")
        assert spends(tmp_path / "log.txt", delimiter="~") == {"1": 5.0}

    @pytest.mark.parametrize("value", ["", ";;", "\n", '"', 5])
    def test_what_is_no_sign_is_refused(self, value: Any, tmp_path: Path) -> None:
        with pytest.raises(crm.ParameterError, match=r"Orders\(delimiter=\.\.\.\) must be one character"):
            orders_of(tmp_path / "log.csv", delimiter=value)
        with pytest.raises(crm.ParameterError, match="another sign than that before decimals"):
            orders_of(tmp_path / "log.csv", delimiter=",", decimal=",")


class TestSeveralFiles:
    def test_csv_files_are_put_together_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "1.csv").write_text("id,spend,quantity,date\n1,100,1,2026-01-01\n2,30,2,2026-01-02\n")
        (tmp_path / "2.csv").write_text("id,quantity,spend,date\n1,3,60,2026-02-01\n2,1,20,2026-02-02\n")
        assert spends(tmp_path / "*.csv") == {"1": 160.0, "2": 50.0}

    def test_a_file_without_a_line_of_names_is_refused_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "1.csv").write_text("id,date,spend\n1,2026-01-01,100\n")
        (tmp_path / "2.csv").write_text("1,2026-02-01,60\n2,2026-02-02,20\n")
        assert "file '2.csv' lacks ['id', 'date', 'spend'] and has ['1', '2026-02-01', '60'] besides" in refusal_of(
            tmp_path / "*.csv"
        )
        assert "file '2.csv' names no column 'id' (customer: who bought) in its first line" in refusal_of(tmp_path / "2.csv")

    @pytest.mark.parametrize(
        ("second", "said"),
        [
            (
                "id,date,total\n",
                "file '2.csv' lacks ['spend'] and has ['total'] besides, by its first line, compared with '1.csv'",
            ),
            ("id,date,spend,note\n", "file '2.csv' has ['note'] besides"),
            ("id,date\n", "file '2.csv' lacks ['spend'], by"),
            ("id,date,spend,spend\n", "file '2.csv' names columns ['spend'] more than once"),
            ("", "file '2.csv' begins with an empty line"),
            ("id;date;spend\n", "file '2.csv' lacks"),
        ],
    )
    def test_files_with_other_names_are_refused_by_name(self, second: str, said: str, tmp_path: Path) -> None:
        (tmp_path / "1.csv").write_text("id,date,spend\n1,2026-01-01,100\n")
        (tmp_path / "2.csv").write_text(second)
        assert said in refusal_of(tmp_path / "*.csv")

    def test_money_of_parquet_files_is_widened_without_loss(self, tmp_path: Path) -> None:
        pd.DataFrame({"id": [1], "date": ["2025-01-01"], "spend": [0]}).to_parquet(tmp_path / "2025.parquet")
        pd.DataFrame({"id": [1, 1, 2], "date": ["2026-01-01"] * 3, "spend": [10.49, 20.49, 30.49]}).to_parquet(
            tmp_path / "2026.parquet"
        )
        assert sum(spends(tmp_path / "*.parquet").values()) == pytest.approx(61.47)

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ("1::TINYINT", "2::BIGINT", {1, 2}),
            ("1::INTEGER", "2.7::DOUBLE", {1.0, 2.7}),
            ("9007199254740993::BIGINT", "2.5::DOUBLE", "numbers too long for it"),
            ("1::UBIGINT", "-1::BIGINT", {1, -1}),
            ("'a'", "1::INTEGER", "column 'id' (customer: who bought) is INTEGER in '2.parquet' and VARCHAR in '1.parquet'"),
            ("'a'", "'b'::ENUM('b')", {"a", "b"}),
            ("1::DECIMAL(10,2)", "2::INTEGER", {1.0, 2.0}),
        ],
    )
    def test_ids_of_several_types_are_widened_or_refused(self, first: str, second: str, expected: Any, tmp_path: Path) -> None:
        connection = duckdb.connect()
        for name, value in (("1", first), ("2", second)):
            connection.sql(f"SELECT {value} AS id, DATE '2026-01-01' AS date, 1.5 AS spend").write_parquet(
                str(tmp_path / f"{name}.parquet")
            )
        if isinstance(expected, str):
            assert expected in refusal_of(tmp_path / "*.parquet")
        else:
            assert set(spends(tmp_path / "*.parquet")) == expected

    def test_times_of_several_types_are_widened_or_refused(self, tmp_path: Path) -> None:
        connection = duckdb.connect()
        types = {"1": "DATE '2026-01-01'", "2": "TIMESTAMP '2026-01-02 10:00:00'", "3": "TIMESTAMP_NS '2026-01-03 10:00:00'"}
        for name, value in types.items():
            connection.sql(f"SELECT 1 AS id, {value} AS date, 1.5 AS spend").write_parquet(str(tmp_path / f"{name}.parquet"))
        assert orders_of(tmp_path / "*.parquet").customers()["frequency"].tolist() == [2]
        connection.sql("SELECT 1 AS id, '2026-01-04' AS date, 1.5 AS spend").write_parquet(str(tmp_path / "4.parquet"))
        assert "column 'date' (time: when) is VARCHAR in '4.parquet' and TIMESTAMP_NS in '3.parquet'" in refusal_of(
            tmp_path / "*.parquet"
        )

    def test_columns_of_no_role_may_differ_between_parquet_files(self, tmp_path: Path) -> None:
        connection = duckdb.connect()
        for name, more in (("1", "[1] AS x, 5 AS y"), ("2", "'t' AS x")):
            connection.sql(f"SELECT 1 AS id, DATE '2026-01-01' AS date, 1.5 AS spend, {more}").write_parquet(
                str(tmp_path / f"{name}.parquet")
            )
        assert spends(tmp_path / "*.parquet") == {1: 3.0}

    def test_a_parquet_file_without_a_column_is_refused_by_name(self, tmp_path: Path) -> None:
        pd.DataFrame({"id": [1], "date": ["2025-01-01"], "spend": [0]}).to_parquet(tmp_path / "1.parquet")
        pd.DataFrame({"id": [1], "date": ["2025-01-01"], "Spend_": [0]}).to_parquet(tmp_path / "2.parquet")
        said = refusal_of(tmp_path / "*.parquet")
        assert "file '2.parquet': column 'spend' (amount: money of the line; negative for a return) is missing" in said
        assert "did you mean 'Spend_'?" in said

    def test_files_of_several_kinds_are_refused(self, tmp_path: Path) -> None:
        for name in ("1.csv", "2.parquet"):
            (tmp_path / name).touch()
        assert "matches files of several kinds (csv, parquet); give a glob of one kind" in refusal_of(tmp_path / "*")


class TestEncodings:
    TEXT = "客户,日期,金额\n李雷,2026-01-03,5\nMüller,2026-01-04,7\n"

    @pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8", "utf-8-sig", "utf-16-le", "utf-32"])
    @pytest.mark.parametrize("packed", [False, True])
    def test_every_encoding_is_read(self, encoding: str, packed: bool, tmp_path: Path) -> None:
        content = self.TEXT.encode(encoding)
        path = tmp_path / ("log.csv.gz" if packed else "log.csv")
        path.write_bytes(gzip.compress(content) if packed else content)
        orders = crm.Orders(path, customer="客户", time="日期", amount="金额", encoding=encoding)
        assert orders.customers()["customer_id"].tolist() == ["Müller", "李雷"]

    @pytest.mark.parametrize("encoding", ["gb18030", "latin-1", "utf-16", "shift_jis"])
    def test_another_encoding_than_utf_8_is_refused_with_the_way(self, encoding: str, tmp_path: Path) -> None:
        name = "é" if encoding == "latin-1" else "甲"
        (tmp_path / "log.csv").write_bytes(f"id,date,spend\n{name},2026-01-03,5\n".encode(encoding))
        said = refusal_of(tmp_path / "log.csv")
        assert "file 'log.csv'" in said
        assert "is no text of the encoding 'utf-8'" in said
        assert "give encoding=" in said
        assert len(said.splitlines()) == 2

    def test_a_bad_byte_far_down_is_found_by_line(self, tmp_path: Path) -> None:
        rows = "".join(f"{i},2026-01-01,1\n" for i in range(40_000)).encode()
        (tmp_path / "log.csv").write_bytes(b"id,date,spend\n" + rows + "é,2026-01-01,1\n".encode("latin-1"))
        said = refusal_of(tmp_path / "log.csv")
        assert "file 'log.csv', line 40002: is no text of the encoding 'utf-8'; give encoding=" in said
        assert "file 'log.csv', line 40002" in refusal_of(tmp_path / "log.csv", encoding="ascii")
        (tmp_path / "log.csv").write_bytes(b"id,date,spend\n" + rows + b"\xff\xff\xff,2026-01-01,1\n")
        assert "is no text of the encoding 'gb18030'" in refusal_of(tmp_path / "log.csv", encoding="gb18030")

    @pytest.mark.parametrize("encoding", ["no-such", "base64", 5, ""])
    def test_what_is_no_encoding_is_refused(self, encoding: Any, tmp_path: Path) -> None:
        with pytest.raises(crm.ParameterError, match=r"Orders\(encoding=\.\.\.\) must be the name of a text encoding"):
            orders_of(tmp_path / "log.csv", encoding=encoding)


class TestBrokenLines:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("1,2026-01-01,5,6", "has 4 fields where the first line has 3 (1,2026-01-01,5,6); correct that line"),
            ("1,2026-01-01", "has 2 fields where the first line has 3"),
            ('1,2026-01-01,"5', "a quotation mark is not closed"),
        ],
    )
    def test_one_sentence_names_file_and_line(self, line: str, said: str, tmp_path: Path) -> None:
        rows = "1,2026-01-01,5\n" * 30_000
        (tmp_path / "1.csv").write_text("id,date,spend\n" + rows)
        (tmp_path / "2.csv").write_text("id,date,spend\n" + rows + line + "\n")
        message = refusal_of(tmp_path / "*.csv")
        assert said in message
        assert "file '2.csv', line 30002" in message
        assert len(message.splitlines()) == 2
        assert "strict_mode" not in message

    def test_a_bad_cell_far_down_is_found_by_line(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("id,date,spend\n" + "1,2026-01-01,5\n" * 30_000 + "1,2026-13-01,5\n")
        assert "log.csv line 30002: (customer='1', time='2026-13-01', amount=5.0)" in refusal_of(tmp_path / "log.csv")

    @pytest.mark.parametrize("encoding", [None, "gb18030"])
    def test_a_line_end_in_a_quoted_field_counts_as_a_line(self, encoding: str | None, tmp_path: Path) -> None:
        text = 'id,date,spend,"a\nnote"\n1,2026-01-01,5,"three\nlines\nof it"\n2,2026-01-02,5,one\n3,2026-13-01,5,one\n'
        (tmp_path / "log.csv").write_text(text, encoding=encoding)
        assert "log.csv line 7: (customer='3'" in refusal_of(
            tmp_path / "log.csv", **({} if encoding is None else {"encoding": encoding})
        )

    def test_rows_of_parquet_are_named_by_file_and_number(self, tmp_path: Path) -> None:
        pd.DataFrame({"id": ["a", None], "date": ["2026-01-01"] * 2, "spend": [1.0, 2.0]}).to_parquet(tmp_path / "log.parquet")
        assert "log.parquet row 1: (customer=missing, time='2026-01-01', amount=2.0)" in refusal_of(tmp_path / "log.parquet")


class TestPaths:
    def test_a_path_that_exists_is_no_pattern(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        frame = pd.DataFrame({"id": [1], "date": ["2026-01-01"], "spend": [5.0]})
        for name in ("[x].parquet", "what?.parquet", "a*b.parquet", "it's.parquet"):
            frame.to_parquet(tmp_path / name)
            assert spends(tmp_path / name) == {1: 5.0}
        monkeypatch.chdir(tmp_path)
        for folder in ("s3:", "https:", "hf:"):
            Path(folder).mkdir()
            frame.to_parquet(tmp_path / folder / "x.parquet")
            frame.to_csv(tmp_path / folder / "x.csv", index=False)
            assert spends(f"{folder}/x.parquet") == {1: 5.0}
            assert spends(f"{folder}//*.parquet") == {1: 5.0}
            assert spends(f"{folder}/x.csv") == {"1": 5.0}

    def test_nothing_is_fetched(self) -> None:
        for path in ("s3://bucket/log.parquet", "https://example.com/log.csv", "hf://datasets/a/b.parquet"):
            assert "only files of this machine are read; fetch remote ones first" in refusal_of(path)

    def test_no_extension_is_installed_or_loaded(self, tmp_path: Path) -> None:
        pd.DataFrame({"id": [1], "date": ["2026-01-01"], "spend": [5.0]}).to_parquet(tmp_path / "log.parquet")
        relation = orders_of(tmp_path / "log.parquet", output="duckdb").customers()
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
            asked = relation.query("answer", f"SELECT current_setting('{setting}')")
            assert asked.fetchall() == [(False,)]

    @pytest.mark.parametrize("absent", ["duckdb", "pyarrow"])
    def test_what_is_not_installed_is_named_with_the_command(self, absent: str, tmp_path: Path) -> None:
        (tmp_path / "log.parquet").touch()
        code = (
            f"import sys; sys.modules[{absent!r}] = None\nimport crmmodels as crm\n"
            f"try: crm.Orders({str(tmp_path / 'log.parquet')!r}, customer='id', time='date')\n"
            "except crm.MissingDependencyError as error: print(error)"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)  # noqa: S603
        assert f"Orders reading files needs the package {absent!r}, which is not installed" in said.stdout
        assert "python -m pip install 'crmmodels[duckdb]'" in said.stdout


class TestWorkbooks:
    FRAME = pd.DataFrame(
        {"id": ["007", "NA", "7"], "date": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]), "spend": [1, 2.5, 3]}
    )

    def test_cells_keep_their_type(self, tmp_path: Path) -> None:
        self.FRAME.to_excel(tmp_path / "log.xlsx", index=False)
        assert spends(tmp_path / "log.xlsx") == {"007": 1.0, "7": 3.0, "NA": 2.5}
        polars = orders_of(tmp_path / "log.xlsx", output="polars").customers()
        assert isinstance(polars, pl.DataFrame)

    def test_sheets_are_named_or_refused(self, tmp_path: Path) -> None:
        with pd.ExcelWriter(tmp_path / "log.xlsx") as book:
            self.FRAME.to_excel(book, sheet_name="Jan", index=False)
            self.FRAME[["spend", "id", "date"]].to_excel(book, sheet_name="Feb", index=False)
            pd.DataFrame({"other": [1]}).to_excel(book, sheet_name="Notes", index=False)
        assert (
            "has several sheets, ['Jan', 'Feb', 'Notes']; say which: sheet='Jan', or sheet=['Jan', 'Feb', 'Notes']"
            in refusal_of(tmp_path / "log.xlsx")
        )
        assert spends(tmp_path / "log.xlsx", sheet="Jan")["007"] == 1.0
        assert spends(tmp_path / "log.xlsx", sheet=["Jan", "Feb"])["007"] == 2.0
        assert "sheet 'Notes' has the columns ['other'], and sheet 'Jan' ['id', 'date', 'spend']" in refusal_of(
            tmp_path / "log.xlsx", sheet=["Jan", "Notes"]
        )
        with pytest.raises(
            crm.ParameterError, match=r"must be among the sheets of 'log.xlsx', \['Jan', 'Feb', 'Notes'\]; got 'Mar'"
        ):
            orders_of(tmp_path / "log.xlsx", sheet="Mar")

    def test_rows_are_named_as_the_spreadsheet_numbers_them(self, tmp_path: Path) -> None:
        self.FRAME.assign(id=["a", None, "b"]).to_excel(tmp_path / "log.xlsx", index=False, sheet_name="Jan")
        assert "sheet 'Jan' row 3: (customer=missing" in refusal_of(tmp_path / "log.xlsx")

    def test_ids_are_whole_numbers_or_text_as_the_cells_mean_them(self, tmp_path: Path) -> None:
        self.FRAME.assign(id=[13085.0, None, 7.0]).to_excel(tmp_path / "log.xlsx", index=False)
        with pytest.warns(crm.MissingRowsWarning):
            assert orders_of(tmp_path / "log.xlsx", missing="drop").customers()["customer_id"].tolist() == [7, 13085]
        self.FRAME.assign(id=[489434, "C489449", 7]).to_excel(tmp_path / "log.xlsx", index=False)
        assert set(spends(tmp_path / "log.xlsx")) == {"489434", "C489449", "7"}

    def test_what_is_no_workbook_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "log.xlsx").write_bytes(b"no workbook")
        assert "file 'log.xlsx' cannot be read as a workbook" in refusal_of(tmp_path / "log.xlsx")
        (tmp_path / "log.xlsx").write_bytes(b"PK\x03\x04 broken")
        assert "file 'log.xlsx' cannot be read as a workbook" in refusal_of(tmp_path / "log.xlsx")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("log.parquet", {"encoding": "gb18030"}, r"Orders\(encoding=...\) must be left out for files like 'log.parquet'"),
        ("log.parquet", {"sheet": "x"}, r"Orders\(sheet=...\) must be left out for files like 'log.parquet'"),
        ("log.xlsx", {"decimal": ","}, r"Orders\(decimal=...\) must be left out for files like 'log.xlsx'"),
        ("log.xlsx", {"output": "duckdb"}, "'pandas', 'polars' or 'pyarrow' for workbooks"),
        ("log.csv", {"decimal": ";"}, "must be one of '.', ',', 'None'; got ';'"),
        ("log.csv", {"date_format": "%d/%m"}, "this one names a year not once; got '%d/%m'"),
        ("log.csv", {"date_format": 5}, "this one is no text; got 5"),
        ("log.csv", {"sheet": []}, r"Orders\(sheet=...\) must be the name of a sheet, or a list of names; got \[\]"),
        ("log.csv", {"missing": "fill"}, r"Orders\(missing=...\) must be one of 'refuse', 'drop'; got 'fill'"),
    ],
)
def test_options_that_do_not_fit_are_refused(name: str, options: dict[str, Any], said: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(crm.ParameterError, match=said):
        orders_of(tmp_path / name, **options)


def test_options_of_files_are_refused_for_frames() -> None:
    frame = pd.DataFrame({"id": [1], "date": ["2026-01-01"], "spend": [5.0]})
    for name, value in {"encoding": "gb18030", "delimiter": ";", "decimal": ",", "sheet": "a"}.items():
        with pytest.raises(crm.ParameterError, match=rf"Orders\({name}=\.\.\.\) must be left out unless frame is a path"):
            orders_of(frame, **{name: value})


class TestFoldersAndCase:
    def test_a_folder_never_takes_the_place_of_a_column(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"id": [1, 2], "date": ["2026-01-02", "2026-03-01"], "spend": [5.0, 7.0]})
        for folder in ("date=2026-11-30", "id=7", "Spend=9", "export/id=7"):
            (tmp_path / folder).mkdir(parents=True)
            frame.to_parquet(tmp_path / folder / "log.parquet")
            assert spends(tmp_path / folder / "log.parquet") == {1: 5.0, 2: 7.0}
            assert orders_of(tmp_path / folder / "*.parquet").customers()["first_order"].nunique() == 2

    def test_a_folder_gives_a_column_that_no_file_has(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"id": [1], "date": ["2026-01-02"], "spend": [5.0]})
        for shop in ("Ulm", "007"):
            (tmp_path / f"shop={shop}").mkdir()
            frame.to_parquet(tmp_path / f"shop={shop}" / "log.parquet")
        lines = orders_of(tmp_path / "*" / "*.parquet", channel="shop").lines()
        assert sorted(row[3] for row in lines.fetchall()) == ["007", "Ulm"]

    def test_names_that_differ_in_case_alone_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "log.csv").write_text("id,date,spend,Spend\na,2026-01-01,10.5,2\n")
        said = "columns 'Spend' and 'spend' differ in case alone, which DuckDB does not tell apart"
        assert said in refusal_of(tmp_path / "log.csv", amount="Spend")
        pl.DataFrame({"id": ["a"], "date": ["2026-01-01"], "spend": [10.5], "Spend": [2.0]}).write_parquet(
            tmp_path / "log.parquet"
        )
        assert said in refusal_of(tmp_path / "log.parquet", amount="Spend")

    def test_a_part_without_a_value_is_of_any_type(self, tmp_path: Path) -> None:
        pd.DataFrame({"id": [1], "date": ["2026-01-02"], "spend": [5.0]}).to_parquet(tmp_path / "1.parquet")
        pd.DataFrame({"id": [2], "date": ["2026-01-02"], "spend": [None]}).to_parquet(tmp_path / "2.parquet")
        with pytest.warns(crm.MissingRowsWarning):
            assert spends(tmp_path / "*.parquet", missing="drop") == {1: 5.0}

    def test_whole_rows_of_parts_with_other_columns_are_compared(self, tmp_path: Path) -> None:
        pd.DataFrame({"id": [1, 1], "date": ["2026-01-02"] * 2, "spend": [5.0] * 2, "note": ["a", "a"]}).to_parquet(
            tmp_path / "1.parquet"
        )
        pd.DataFrame({"id": [1], "date": ["2026-01-02"], "spend": [5.0]}).to_parquet(tmp_path / "2.parquet")
        with pytest.warns(crm.DuplicatesWarning, match="1 row repeating"):
            assert spends(tmp_path / "*.parquet", duplicates="drop") == {1: 10.0}

    def test_the_broken_part_is_named(self, tmp_path: Path) -> None:
        pd.DataFrame({"id": [1], "date": ["2026-01-02"], "spend": [5.0]}).to_parquet(tmp_path / "1.parquet")
        (tmp_path / "2.parquet").write_bytes(b"no parquet")
        assert "DuckDB cannot read '2.parquet'" in refusal_of(tmp_path / "*.parquet")

    def test_paths_that_are_none_and_folders_are_refused(self, tmp_path: Path) -> None:
        assert "is no path" in refusal_of("x" * 5_000 + ".csv")
        (tmp_path / "log.csv").write_text("sep=;\nid;date;spend\n")
        assert "begins with 'sep=;', by which spreadsheets are told of a delimiter; remove that line" in refusal_of(
            tmp_path / "log.csv"
        )
        assert f"is a folder; give a glob such as '{tmp_path}/*.csv'" in refusal_of(tmp_path)

    @pytest.mark.parametrize("threads", [0, -1, 10**9, 1.5, "2", True])
    def test_threads_are_bounded(self, threads: Any, tmp_path: Path) -> None:
        with pytest.raises(crm.ParameterError, match=r"Orders\(threads=\.\.\.\) must be a whole number from 1 to 1,024"):
            orders_of(tmp_path / "log.csv", threads=threads)


class TestSheets:
    def test_ids_of_too_many_digits_are_refused(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        for row in (
            ("id", "date", "spend"),
            (1234567890123456789, dt.datetime(2026, 1, 1), 1),
            (1234567890123456788, dt.datetime(2026, 1, 1), 1),
        ):
            book.active.append(row)
        book.save(tmp_path / "log.xlsx")
        assert "holds 2 numbers of more digits than a spreadsheet keeps" in refusal_of(tmp_path / "log.xlsx")

    def test_names_repeated_and_empty_rows(self, tmp_path: Path) -> None:
        def written(*rows: tuple[Any, ...]) -> Path:
            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            book.save(tmp_path / "log.xlsx")
            return tmp_path / "log.xlsx"

        day = dt.datetime(2026, 1, 1)
        assert "names columns ['spend'] more than once" in refusal_of(
            written(("id", "date", "spend", "spend"), ("a", day, 1, 2))
        )
        assert spends(written(("id", "date", "spend"), ("a", day, 1), (None, None, None), ("b", day, 2))) == {
            "a": 1.0,
            "b": 2.0,
        }
        assert "row 4: (customer=missing" in refusal_of(
            written(("id", "date", "spend"), ("a", day, 1), (None, None, None), (None, day, 2))
        )
        assert "must be numeric; it holds str such as '1.5' in row 1" in refusal_of(
            written(("id", "date", "spend"), ("a", day, 1), ("b", day, "1.5"))
        )
        assert "column 'date' (time) mixes datetime such as" in refusal_of(
            written(("id", "date", "spend"), ("a", day, 1), ("b", "2026-01-02", 1))
        )
