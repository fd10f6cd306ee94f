"""Draw the pictures of the README files and of the landing page: python docs/images/make_images.py."""

from pathlib import Path

import matplotlib as mpl

import crmmodels as crm
from crmmodels import plotting

FOLDER = Path(__file__).parent
DPI = 110


def main():
    mpl.use("agg")
    frame = crm.datasets.load_cdnow(sample=False)
    orders = crm.Orders(frame, customer="customer_id", time="date", amount="spend")
    customers = orders.customers(as_of="1998-07-01")
    for suffix, labels in (("", "en"), ("-zh", "zh")):
        rfm = crm.RFMModel(labels=labels).fit(customers)
        eight = crm.RFMModel(segments="eight", labels=labels).fit(customers)
        abc = crm.ABCModel(labels=labels).fit(customers)
        moves = rfm.migration(orders.customers(as_of="1997-12-31"), customers)
        pictures = {
            "segments": plotting.plot_segments(rfm, customers),
            "treemap": plotting.plot_segments(eight, customers, kind="treemap"),
            "heatmap": plotting.plot_rf_heatmap(rfm, customers),
            "concentration": plotting.plot_concentration(abc),
            "migration": plotting.plot_migration(moves),
        }
        for name, axes in pictures.items():
            axes.figure.savefig(FOLDER / f"{name}{suffix}.png", dpi=DPI, bbox_inches="tight")


if __name__ == "__main__":
    main()
