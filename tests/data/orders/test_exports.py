"""The exports that people bring, read as the page says."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import crmmodels as crm

EXPORTS = Path(__file__).parent / "exports"
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "bring-your-orders.md"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the cells of the page define, up to the six exports' end."""
    text = PAGE.read_text(encoding="utf-8").partition("## Six exports")[2].partition("## Name the roles")[0]
    names: dict[str, Any] = {}
    for cell in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", text, re.DOTALL):
        code = re.sub(r"^:tags:.*$", "", cell, flags=re.MULTILINE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", crm.CrmModelsWarning)
            exec(code.replace('Path("../../tests/data/orders/exports")', repr(EXPORTS).replace("PosixPath", "Path")), names)  # noqa: S102
    return names


SPENDS = {
    "retail": {13078: 2.55 * 12 + 2.55 * 6, 13085: (6.95 + 6.75) * 12 - 6.75 * 2 + 4.95 * 3},
    "shopify": {"ann@example.com": 104.90, "bob@example.com": 14.90},
    "till": {"Groß": 89.90, "Müller": 1279.50},
    "shop": {"李雷": 1408.0, "韩梅梅": 88.5},
    "olist": {"ann": 20.00 + 18.71 + 179.12, "bob": 141.46},
}


@pytest.mark.parametrize("name", SPENDS)
def test_exports_are_read_in_one_line_as_on_the_page(page: dict[str, Any], name: str) -> None:
    customers = page[name].customers().set_index("customer_id")
    assert customers["spend"].to_dict() == pytest.approx(SPENDS[name])
    assert (customers["mean_repeat_spend"] >= 0).all()


def test_cancelled_invoices_are_returns_and_their_customer_stays(page: dict[str, Any]) -> None:
    customers = page["retail"].customers().set_index("customer_id")
    assert customers.loc[13085, "n_orders"] == 2  # the cancelled one is none
    assert customers["Country"].to_dict() == {13078: "France", 13085: "United Kingdom"}


def test_what_was_left_out_of_the_workbook_is_said() -> None:
    with (
        pytest.warns(crm.MissingRowsWarning, match=r"2 of 8 rows left out: 2 without customer \(column 'Customer ID'\)"),
        pytest.warns(crm.DuplicatesWarning, match=r"1 row repeating another in every column left out"),
    ):
        crm.Orders(
            EXPORTS / "online_retail.xlsx",
            sheet=["Year 2009-2010", "Year 2010-2011"],
            customer="Customer ID",
            time="InvoiceDate",
            missing="drop",
            duplicates="drop",
        )


def test_a_log_without_dates_is_refused_with_the_reason() -> None:
    for column in ("order_dow", "order_number", "days_since_prior_order"):
        with pytest.raises(
            crm.DataError, match=r"a number like this counts something .* and is no date: give a column with dates"
        ):
            crm.Orders(EXPORTS / "instacart.csv", customer="user_id", time=column).customers()
    frame = pd.read_csv(EXPORTS / "instacart.csv")
    with pytest.raises(crm.DataError, match="and is no date: give a column with dates"):
        crm.Orders(frame, customer="user_id", time="order_dow")


def test_the_files_are_those_of_the_script(tmp_path: Path) -> None:
    script = (EXPORTS / "make_exports.py").read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "make_exports", "__file__": str(tmp_path / "make_exports.py")}
    exec(compile(script, "make_exports.py", "exec"), names)  # noqa: S102
    names["main"]()
    for path in sorted(EXPORTS.glob("*.csv")):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    ours, theirs = (
        pd.read_excel(folder / "online_retail.xlsx", sheet_name=None, engine="calamine") for folder in (EXPORTS, tmp_path)
    )
    for name, sheet in ours.items():
        pd.testing.assert_frame_equal(sheet, theirs[name])
