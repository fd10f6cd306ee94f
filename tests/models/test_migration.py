"""Moves between segments, by hand and against crosstab."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

BEFORE = pd.DataFrame({"customer_id": list("uvwxyz"), "spend": [50.0, 30.0, 10.0, 5.0, 3.0, 2.0]})
AFTER = pd.DataFrame({"customer_id": list("zyxwvN"), "spend": [50.0, 3.0, 30.0, -1.0, 29.0, 4.9]})


def test_moves_of_six_customers_by_hand() -> None:
    """Boundaries of before: A from 30, B from 5. u left; z rose from C to A, x from B to A; w fell to D, v to B."""
    migration = crm.ABCModel().migration(BEFORE, AFTER)
    expected = pd.DataFrame(0, index=list("DCBA"), columns=list("DCBA"))
    for start, end in ["CA", "CC", "BA", "BD", "AB"]:
        expected.loc[start, end] += 1
    np.testing.assert_array_equal(migration.counts, expected)
    assert (migration.counts.index.name, migration.counts.columns.name) == ("before", "after")
    assert migration.counts.index.tolist() == migration.counts.columns.tolist() == list("DCBA")
    assert migration.arrived.to_dict() == {"D": 0, "C": 1, "B": 0, "A": 0}
    assert migration.departed.to_dict() == {"D": 0, "C": 0, "B": 0, "A": 1}
    np.testing.assert_array_equal(migration.shares, [[np.nan] * 4, [0, 0.5, 0, 0.5], [0.5, 0, 0, 0.5], [0, 0, 1, 0]])


@pytest.mark.parametrize("model", [crm.RFMModel(), crm.RFMModel(segments="eight"), crm.ABCModel()])
def test_the_cut_points_are_those_of_before(model: Any) -> None:
    before, after = type(model).example(n_customers=300, seed=1), type(model).example(n_customers=300, seed=2)
    after["spend"] *= 5
    fitted = type(model)(segments=model.segments) if isinstance(model, crm.RFMModel) else crm.ABCModel()
    fitted.fit(before)
    labels = list(fitted.segment_labels())
    expected = pd.crosstab(np.asarray(fitted.segment(before)), np.asarray(fitted.segment(after)))
    found = model.migration(before, after)
    np.testing.assert_array_equal(found.counts, expected.reindex(index=labels, columns=labels, fill_value=0))
    np.testing.assert_allclose(found.shares.sum(axis=1)[found.counts.sum(axis=1) > 0], 1.0)
    assert not model.is_fitted


def test_a_fitted_model_keeps_its_own_cut_points() -> None:
    model = crm.RFMModel().fit(crm.RFMModel.example(n_customers=50, seed=3))
    record = model.fitted
    model.migration(crm.RFMModel.example(n_customers=60, seed=4), crm.RFMModel.example(n_customers=60, seed=5))
    assert model.fitted is record


def test_other_kinds_of_dataframe_are_counted_alike() -> None:
    polars = pytest.importorskip("polars")
    found = crm.ABCModel().migration(polars.from_pandas(BEFORE), polars.from_pandas(AFTER))
    pd.testing.assert_frame_equal(found.counts, crm.ABCModel().migration(BEFORE, AFTER).counts)


def test_a_notebook_shows_the_counts() -> None:
    migration = crm.ABCModel().migration(BEFORE, AFTER)
    assert migration._repr_html_() == migration.counts.to_html()


def test_a_table_of_either_date_is_checked() -> None:
    for before, after in [(BEFORE, AFTER.drop(columns="spend")), (BEFORE.drop(columns="spend"), AFTER)]:
        with pytest.raises(crm.DataError, match="column 'spend' is missing"):
            crm.ABCModel().migration(before, after)
