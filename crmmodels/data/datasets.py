"""Order logs that installed packages bring along; nothing is downloaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pandas as pd

from crmmodels.exceptions import MissingDependencyError

_COLUMNS: Final = ("customer_id", "date", "n_cds", "spend")


def load_cdnow(*, sample: bool = True) -> pd.DataFrame:
    """Orders of the CDNOW customers who first bought in the first quarter of 1997, until June 1998.

    Parameters
    ----------
    sample : bool, default True
        Only every tenth customer: the 2,357 customers of the published examples. Otherwise all 23,570.

    Returns
    -------
    pandas.DataFrame
        ``customer_id`` (int), ``date`` (datetime64), ``n_cds`` (int), ``spend`` (float, US dollars); one row per order,
        69,659 in all and 6,919 in the sample.

    Raises
    ------
    MissingDependencyError
        If the package lifetimes, which brings the file, is not installed.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2001). Forecasting Repeat Sales at CDNOW: A Case Study. Interfaces 31(3), S94-S107.

    Examples
    --------
    >>> from crmmodels.data import datasets
    >>> orders = datasets.load_cdnow()
    >>> len(orders), orders["customer_id"].nunique()
    (6919, 2357)
    """
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        raise MissingDependencyError.needed("load_cdnow", "lifetimes", "examples")
    folder = Path(spec.origin).parent / "datasets"
    name, skipped = ("CDNOW_sample.txt", 0) if sample else ("CDNOW_master.txt", 1)
    raw = pd.read_csv(folder / name, sep=r"\s+", header=None, skiprows=skipped, dtype=str)
    # The sample numbers its customers anew in a column after the original number.
    raw.columns = pd.Index(_COLUMNS if raw.shape[1] == len(_COLUMNS) else ("customer_id", "sample_id", *_COLUMNS[1:]))
    return pd.DataFrame(
        {
            "customer_id": raw["customer_id"].astype("int64"),
            "date": pd.to_datetime(raw["date"], format="%Y%m%d"),
            "n_cds": raw["n_cds"].astype("int64"),
            "spend": raw["spend"].astype("float64"),
        }
    )
