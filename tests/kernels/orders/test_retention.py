"""Cohorts and flows of customers, against loops over sets."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crmmodels.kernels.orders.retention import cohort_activity, period_flows

N_PERIODS = 7
histories = st.lists(st.sets(st.integers(0, N_PERIODS - 1), min_size=1), min_size=1, max_size=12)


def cells(of_customers: list[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(customer, period) for customer, periods in enumerate(of_customers) for period in sorted(periods)]
    return tuple(np.array(pairs, np.int64).T)


@given(histories)
def test_cohorts_are_counted_as_by_a_loop(of_customers: list[set[int]]) -> None:
    found = cohort_activity(*cells(of_customers), N_PERIODS)
    size, active = np.zeros(N_PERIODS), np.zeros((N_PERIODS, N_PERIODS))
    for periods in of_customers:
        size[min(periods)] += 1
        for period in periods:
            active[min(periods), period - min(periods)] += 1
    np.testing.assert_array_equal(found.size, size)
    np.testing.assert_array_equal(found.active, active)


@given(histories)
def test_flows_are_counted_as_by_sets(of_customers: list[set[int]]) -> None:
    flows = period_flows(*cells(of_customers), N_PERIODS)
    ever: set[int] = set()
    before: set[int] = set()
    for period in range(N_PERIODS):
        now = {customer for customer, periods in enumerate(of_customers) if period in periods}
        counted = [getattr(flows, name)[period] for name in ("new", "retained", "resurrected", "churned", "active")]
        assert counted == [len(now - ever), len(now & before), len(now & ever - before), len(before - now), len(now)]
        ever, before = ever | now, now


def test_customers_numbered_with_gaps_are_told_apart() -> None:
    customer, period = np.array([3, 3, 8, 9]), np.array([0, 1, 1, 1])
    assert cohort_activity(customer, period, 2).size.tolist() == [1, 2]
    assert period_flows(customer, period, 2).new.tolist() == [1, 2]
