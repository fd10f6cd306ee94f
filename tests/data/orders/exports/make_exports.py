"""Writes the small made-up files in this folder, each of the shape of an export that people meet.

Run it from the root of the repository: ``python tests/data/orders/exports/make_exports.py``.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl

HERE = Path(__file__).parent

RETAIL = {
    "Year 2009-2010": [
        (489434, "85048", "GLASS BALL LIGHTS", 12, dt.datetime(2009, 12, 1, 7, 45), 6.95, 13085, "United Kingdom"),
        (489434, "79323P", "PINK CHERRY LIGHTS", 12, dt.datetime(2009, 12, 1, 7, 45), 6.75, 13085, "United Kingdom"),
        (489435, "22350", "CAT BOWL", 12, dt.datetime(2009, 12, 1, 7, 46), 2.55, 13078, "United Kingdom"),
        (489464, "21733", "HANGING HEART", -96, dt.datetime(2009, 12, 1, 10, 52), 0.0, None, "United Kingdom"),
        (536365, "85123A", "HANGING HEART", 6, dt.datetime(2010, 12, 1, 8, 26), 2.55, 13078, "France"),
    ],
    "Year 2010-2011": [
        (536365, "85123A", "HANGING HEART", 6, dt.datetime(2010, 12, 1, 8, 26), 2.55, 13078, "France"),
        ("C536379", "79323P", "PINK CHERRY LIGHTS", -2, dt.datetime(2010, 12, 1, 9, 41), 6.75, 13085, "United Kingdom"),
        (536544, "22960", "JAM MAKING SET", 1, dt.datetime(2010, 12, 1, 14, 32), 8.47, None, "United Kingdom"),
        (581587, "22138", "BAKING SET", 3, dt.datetime(2011, 12, 9, 12, 50), 4.95, 13085, "United Kingdom"),
    ],
}
RETAIL_COLUMNS = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")

SHOPIFY = """\
Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Total,Lineitem quantity,Lineitem name,Lineitem price,Created at
#1001,ann@example.com,paid,2026-01-03 10:15:00 +0100,EUR,60.00,4.90,64.90,1,Teapot,40.00,2026-01-03 10:15:00 +0100
#1001,ann@example.com,,,,,,,2,Cup,10.00,2026-01-03 10:15:00 +0100
#1002,bob@example.com,paid,2026-01-09 23:40:12 +0100,EUR,10.00,4.90,14.90,1,Cup,10.00,2026-01-09 23:40:11 +0100
#1003,ann@example.com,paid,2026-02-20 08:00:01 +0100,EUR,40.00,0.00,40.00,1,Teapot,40.00,2026-02-20 08:00:00 +0100
"""

GERMAN = """\
Kunde;Datum;Artikel;Betrag
Müller;03.01.2026;Schrank;1.234,50
Groß;09.01.2026;Stuhl;89,90
Müller;20.02.2026;Lampe;45,00
"""

CHINESE = """\
客户,下单时间,商品,金额
李雷,2026/1/3 10:15,茶壶,"1,288.00"
韩梅梅,2026/1/9 23:40,茶杯,88.50
李雷,2026/2/20 8:00,茶叶,120.00
"""

OLIST = {
    "olist_customers.csv": """\
customer_id,customer_unique_id,customer_city
c1,ann,sao paulo
c2,bob,campinas
c3,ann,sao paulo
""",
    "olist_orders.csv": """\
order_id,customer_id,order_status,order_purchase_timestamp
o1,c1,delivered,2017-10-02 10:56:33
o2,c2,delivered,2018-07-24 20:41:37
o3,c3,delivered,2018-08-08 08:38:49
""",
    "olist_payments.csv": """\
order_id,payment_sequential,payment_type,payment_value
o1,1,voucher,20.00
o1,2,credit_card,18.71
o2,1,boleto,141.46
o3,1,credit_card,179.12
""",
}

INSTACART = """\
order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order
2539329,1,prior,1,2,08,
2398795,1,prior,2,3,07,15.0
473747,1,prior,3,3,12,21.0
"""


def main() -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in RETAIL.items():
        sheet = book.create_sheet(name)
        for row in (RETAIL_COLUMNS, *rows):
            sheet.append(row)
    book.save(HERE / "online_retail.xlsx")
    (HERE / "shopify.csv").write_text(SHOPIFY, encoding="utf-8")
    (HERE / "kasse.csv").write_text(GERMAN, encoding="cp1252")
    (HERE / "dingdan.csv").write_text(CHINESE, encoding="gb18030")
    for name, text in OLIST.items():
        (HERE / name).write_text(text, encoding="utf-8")
    (HERE / "instacart.csv").write_text(INSTACART, encoding="utf-8")


if __name__ == "__main__":
    main()
