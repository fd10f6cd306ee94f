from __future__ import annotations

import numpy as np
import pytest

import crmmodels as crm
from crmmodels.plotting.drawing.arguments import MOST_CLASSES, check_choice, checked_bins, fitted_record


def test_choices_are_named():
    check_choice("plot_x", "kind", ("bar", "treemap"), "bar")
    with pytest.raises(crm.ParameterError, match=r"^plot_x\(kind=...\) must be one of 'bar', 'treemap'.*; got 'pie'"):
        check_choice("plot_x", "kind", ("bar", "treemap"), "pie")


def test_the_record_is_that_of_the_model(customers):
    model = crm.RFMModel().fit(customers)
    assert fitted_record("plot_x", model, crm.RFMModel, "a fitted RFMModel") is model.fitted
    with pytest.raises(crm.ParameterError, match=r"^plot_x\(model=...\) must be a fitted ABCModel; got <class .*RFMModel'>"):
        fitted_record("plot_x", model, crm.ABCModel, "a fitted ABCModel")
    with pytest.raises(crm.NotFittedError, match="RFMModel is not fitted yet, so plot_x has nothing to work with"):
        fitted_record("plot_x", crm.RFMModel(), crm.RFMModel, "a fitted RFMModel")


@pytest.mark.parametrize("bins", [None, 1, MOST_CLASSES])
def test_numbers_of_classes_are_kept(bins):
    assert checked_bins("plot_x", bins) == bins


@pytest.mark.parametrize("bins", [[0, 1, 2.5], (0, 1, 2.5), np.array([0, 1, 2.5])])
def test_bounds_of_classes_are_arrays(bins):
    np.testing.assert_array_equal(checked_bins("plot_x", bins), [0.0, 1.0, 2.5])


@pytest.mark.parametrize("bins", [0, 1001, 2.5, True, [1], [1, 1], [2, 1], [0, np.inf], ["a", "b"], "many", range(1002)])
def test_other_classes_are_refused(bins):
    with pytest.raises(
        crm.ParameterError, match=r"^plot_x\(bins=...\) must be a whole number from 1 to 1,000, or ascending bounds; got "
    ):
        checked_bins("plot_x", bins)
