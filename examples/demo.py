"""The main job: the CDNOW orders in, RFM segments and ABC classes out.

Run it with ``make demo``, or ``python examples/demo.py [folder]`` where ``crmmodels[all]`` is installed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pandas as pd

import crmmodels as crm

AS_OF = "1998-07-01"


def shown(column: pd.Series, pattern: str) -> pd.Series:
    """Format numbers; a mean of nobody is a dash."""
    return column.map(lambda value: "–" if pd.isna(value) else pattern.format(value))


def segment_report(summary: pd.DataFrame) -> str:
    """Lay the segments out for a manager."""
    table = pd.DataFrame(
        {
            "segment": summary["segment"].astype(str),
            "customers": shown(summary["n_customers"], "{:,}"),
            "share": shown(summary["share_of_customers"], "{:.1%}"),
            "share of spend": shown(summary["share_of_spend"], "{:.1%}"),
            "days since last": shown(summary["mean_days_since_last"], "{:.0f}"),
            "orders": shown(summary["mean_n_orders"], "{:.1f}"),
            "spend": shown(summary["mean_spend"], "{:,.2f}"),
        }
    )
    return table.to_string(index=False)


def class_report(summary: pd.DataFrame, fitted: crm.ABCFit) -> str:
    """Lay the classes and the concentration out for a manager."""
    table = pd.DataFrame(
        {
            "class": summary["segment"].astype(str),
            "customers": shown(summary["n_customers"], "{:,}"),
            "share": shown(summary["share_of_customers"], "{:.1%}"),
            "share of spend": shown(summary["share_of_spend"], "{:.1%}"),
            "spend": shown(summary["mean_spend"], "{:,.2f}"),
        }
    )
    figures = (
        f"The top 20 % of the customers who spent make {fitted.top_20_share:.1%} of the spend; "
        f"{fitted.share_for_80:.1%} of them ({fitted.n_for_80:,}) make 80 % of it; Gini coefficient {fitted.gini_corrected:.3f}."
    )
    return f"{table.to_string(index=False)}\n\n{figures}"


def main(folder: Path) -> None:
    started = time.perf_counter()
    frame = crm.datasets.load_cdnow(sample=False)
    orders = crm.Orders(frame, customer="customer_id", time="date", amount="spend")
    customers = orders.customers(as_of=AS_OF)
    rfm = crm.RFMModel().fit(customers)
    abc = crm.ABCModel().fit(customers)
    scored = customers.join(rfm.score(customers)).join(abc.score(customers))
    scored = scored.assign(segment=rfm.segment(customers), abc_class=abc.segment(customers))
    modelled = time.perf_counter() - started

    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / name for name in ("customers.parquet", "segments.png", "concentration.png")]
    scored.to_parquet(written[0], index=False)
    for ax, path in (
        (crm.plotting.plot_segments(rfm, customers), written[1]),
        (crm.plotting.plot_concentration(abc), written[2]),
    ):
        figure = ax.get_figure(root=True)
        assert figure is not None  # noqa: S101  (for the type checker: these axes stand in a figure)
        figure.savefig(path, dpi=150)

    print(f"CDNOW: {len(frame):,} orders of {len(customers):,} customers, as of {AS_OF}, US dollars\n")
    print(segment_report(rfm.summary(customers)), end="\n\n")
    print(class_report(abc.summary(customers), abc.fitted), end="\n\n")
    print("Written: " + ", ".join(str(path) for path in written))
    print(f"Reading, scoring and labelling took {modelled:.1f} s; all of it {time.perf_counter() - started:.1f} s.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo"))
