"""The CDNOW orders, and what happens without the package that brings them."""

from __future__ import annotations

import pytest

import crmmodels as crm
from crmmodels.data import datasets


def test_the_whole_log_has_the_published_size() -> None:
    # Fader & Hardie (2001): 23,570 customers, 69,659 transactions, 1997-01-01 to 1998-06-30.
    log = crm.datasets.load_cdnow(sample=False)
    assert len(log) == 69_659
    assert log["customer_id"].nunique() == 23_570
    assert str(log["date"].min().date()) == "1997-01-01"
    assert str(log["date"].max().date()) == "1998-06-30"
    assert str(log.groupby("customer_id")["date"].min().max().date()) == "1997-03-25"


def test_the_sample_is_every_tenth_customer_of_the_whole() -> None:
    sample, whole = crm.datasets.load_cdnow(), crm.datasets.load_cdnow(sample=False)
    assert len(sample) == 6_919
    assert sample["customer_id"].nunique() == 2_357
    assert sample.dtypes.equals(whole.dtypes)
    of_them = whole[whole["customer_id"].isin(sample["customer_id"])]
    columns = list(sample.columns)
    assert of_them.sort_values(columns).to_numpy().tolist() == sample.sort_values(columns).to_numpy().tolist()


def test_without_lifetimes_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "find_spec", lambda name: None)
    with pytest.raises(crm.MissingDependencyError) as caught:
        crm.datasets.load_cdnow()
    assert str(caught.value) == (
        "load_cdnow needs the package 'lifetimes', which is not installed; install it with: "
        "python -m pip install 'crmmodels[examples]'"
    )
