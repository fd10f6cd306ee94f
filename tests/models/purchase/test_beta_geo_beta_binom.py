"""BG/BB from order logs by calendar periods, and its answers against exact sums over lifetimes."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import duckdb
import mpmath as mp
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels.testing.strategies import order_logs

ROLES = {"customer": "customer_id", "time": "date"}
PERIODS = {"D": "D", "W": "W-SUN", "M": "M", "Q": "Q", "Y": "Y"}
DONATIONS = (1.20352235, 0.749716358, 0.656718209, 2.78344223)


def at(values: Any = DONATIONS, **options: Any) -> Any:
    return crm.BetaGeoBetaBinomModel.from_parameters(
        crm.BetaGeoBetaBinomModel._family.parameters(*values), **{"horizon": 5, "unit": "Y", **options}
    )


def customers(*rows: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["frequency", "age_at_last", "age"]).rename_axis("customer_id").reset_index()


# From an order log


def opportunities(log: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Whole periods after that of the first order up to the day after the last order, where a log ends; counted with pandas."""
    dates = pd.to_datetime(log["date"]).dt.normalize()
    end = dates.max() + pd.Timedelta(days=1)
    period = dates.dt.to_period(PERIODS[unit])
    last = end.to_period(PERIODS[unit])
    whole = last if last.end_time.normalize() <= end else last - 1
    rows = []
    for customer, own in period.groupby(log["customer_id"]):
        numbers = {(p - own.min()).n for p in own if p <= whole} - {0}
        rows.append((customer, len(numbers), max(numbers, default=0), max(0, (whole - own.min()).n)))
    return pd.DataFrame(rows, columns=["customer_id", "frequency", "age_at_last", "age"])


def read(log: pd.DataFrame, unit: str) -> pd.DataFrame:
    table = crm.BetaGeoBetaBinomModel(horizon=1, unit=unit)._table_of(crm.Orders(log, **ROLES))
    return (
        pd.DataFrame(table)[["customer_id", "frequency", "age_at_last", "age"]]
        .sort_values("customer_id")
        .reset_index(drop=True)
    )


@pytest.mark.parametrize("unit", PERIODS)
def test_calendar_periods_with_orders_are_counted(unit):
    log = crm.datasets.load_cdnow()[["customer_id", "date"]]
    log = log[log["customer_id"] < 4000]
    expected = opportunities(log, unit)
    pd.testing.assert_frame_equal(read(log, unit), expected, check_dtype=False)
    if unit in ("W", "M"):
        assert expected["frequency"].sum() > 100


@settings(max_examples=40)
@given(log=order_logs(max_days=200), unit=st.sampled_from(list(PERIODS)))
def test_any_log_is_counted_by_calendar_periods(log, unit):
    log = pd.DataFrame({"customer_id": log.iloc[:, 0], "date": log.iloc[:, 1]})
    pd.testing.assert_frame_equal(read(log, unit), opportunities(log, unit), check_dtype=False)


def test_a_log_is_fitted_and_scored_as_its_table_in_every_engine():
    log = crm.datasets.load_cdnow()[["customer_id", "date"]]
    table = opportunities(log, "M")
    model = crm.BetaGeoBetaBinomModel(horizon=6)
    expected = model.fit(table).score(table)
    record = model.fitted
    arrow = pa.Table.from_pandas(log, preserve_index=False)
    for frame in (log, pl.from_arrow(arrow), pl.from_arrow(arrow).lazy(), arrow, duckdb.connect().from_arrow(arrow)):
        orders = crm.Orders(frame, **ROLES)
        assert model.fit(orders).fitted.values.tobytes() == record.values.tobytes()
        found = model.score(orders)
        found = found.collect() if isinstance(found, pl.LazyFrame) else found
        found = (
            found.df()
            if isinstance(found, duckdb.DuckDBPyRelation)
            else found
            if isinstance(found, pd.DataFrame)
            else found.to_pandas()
        )
        if "customer_id" in found:
            found = found.set_index("customer_id").loc[table["customer_id"]]
        np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())


def test_a_large_arrow_table_is_read_in_order_every_time():
    """Engines that join in parallel may return the rows of a large table in another order than they got them."""
    log = crm.datasets.load_cdnow()[["customer_id", "date"]]
    log = pd.concat([log.assign(customer_id=log["customer_id"] + 100_000 * copy) for copy in range(8)])
    arrow = pa.Table.from_pandas(log, preserve_index=False)
    model = crm.BetaGeoBetaBinomModel(horizon=6)
    expected = pd.DataFrame(model._table_of(crm.Orders(log, **ROLES)))
    for _ in range(6):
        found = model._table_of(crm.Orders(arrow, **ROLES)).to_pandas()
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_customers_without_a_whole_period_tell_nothing():
    """Who first ordered in the last, unfinished month has met no opportunity, and one customer is left."""
    log = pd.DataFrame({"customer_id": [1, 1, 2], "date": ["2026-01-05", "2026-02-20", "2026-03-10"]})
    table = read(log, "M")
    assert table["age"].tolist() == [1, 0]
    with pytest.raises(crm.ConvergenceError, match="customers: 1 customer does not tell how customers differ"):
        crm.BetaGeoBetaBinomModel(horizon=1).fit(crm.Orders(log, **ROLES))


# Exact


def exact(x: int, t_x: int, n: int, horizon: int, values: Any) -> dict[str, Any]:
    """Every possible end of a life by itself, with rational parameters: the beta integrals are exact fractions."""
    alpha, beta, gamma, delta = (Fraction(value) for value in values)

    def ratio(a: Fraction, b: Fraction, up: int, down: int) -> Fraction:
        """B(a + up, b + down) / B(a, b)."""
        result = Fraction(1)
        for i in range(up):
            result *= (a + i) / (a + b + i)
        for i in range(down):
            result *= (b + i) / (a + b + up + i)
        return result

    # Alive at opportunity t and not at t + 1; never dying within n + horizon has the rest of the mass.
    total, alive, expected, later = Fraction(0), Fraction(0), Fraction(0), [Fraction(0)] * (horizon + 1)
    for end in range(t_x, n + horizon + 1):
        dies = ratio(gamma, delta, 1, end) if end < n + horizon else ratio(gamma, delta, 0, end)
        met = min(end, n)
        seen = ratio(alpha, beta, x, met - x) * dies
        total += seen
        if end >= n:
            alive += seen
            ahead = end - n
            for taken in range(ahead + 1):
                ways = Fraction(int(mp.binomial(ahead, taken)))
                chance = ways * ratio(alpha, beta, x + taken, met - x + ahead - taken) * dies
                later[taken] += chance
                expected += taken * chance
        else:
            later[0] += seen
    return {
        "likelihood": total,
        "alive": alive / total,
        "expected": expected / total,
        "none": later[0] / total,
        "distribution": [chance / total for chance in later],
    }


CASES = [(0, 0, 6), (1, 1, 6), (1, 6, 6), (3, 4, 6), (6, 6, 6), (2, 9, 10), (0, 0, 1)]


@pytest.mark.parametrize("values", [("6/5", "3/4", "2/3", "14/5"), ("1", "1", "1", "1"), ("1/4", "7", "5", "1/3")])
@pytest.mark.parametrize(("x", "t_x", "n"), CASES)
def test_answers_are_those_of_exact_fractions(x, t_x, n, values):
    horizon, who = 7, customers((x, t_x, n))
    expected = exact(x, t_x, n, horizon, values)
    numbers = [float(Fraction(value)) for value in values]
    model = at(numbers)
    rows = model._table_from(model._read(model._open(who)))
    likelihood = model._family.log_likelihood(np.log(numbers), rows).value
    assert np.exp(likelihood) == pytest.approx(float(expected["likelihood"]), rel=1e-12)
    assert model.probability_alive(who).iloc[0, 0] == pytest.approx(float(expected["alive"]), rel=1e-12)
    assert model.expected_purchases(who, horizon).iloc[0, 0] == pytest.approx(float(expected["expected"]), rel=1e-12)
    assert model.probability_no_purchase(who, horizon).iloc[0, 0] == pytest.approx(float(expected["none"]), rel=1e-12)
    found = model.purchase_distribution(who, horizon, 12).iloc[0].to_numpy()
    np.testing.assert_allclose(found[: horizon + 1], [float(chance) for chance in expected["distribution"]], rtol=1e-11)
    assert (found[horizon + 1 :] == 0).all()
    score = at(numbers, horizon=horizon).score(who).iloc[0]
    assert score.tolist() == pytest.approx([float(expected[name]) for name in ("alive", "expected", "none")], rel=1e-12)


def test_the_chances_of_all_histories_sum_to_one():
    """Over every sequence of five opportunities."""
    n, total, model = 5, 0.0, at()
    for taken in product((0, 1), repeat=n):
        x, t_x = sum(taken), max((i + 1 for i, one in enumerate(taken) if one), default=0)
        rows = model._table_from(model._read(model._open(customers((x, t_x, n)))))
        total += float(np.exp(model._family.log_likelihood(np.log(DONATIONS), rows).value))
    assert total == pytest.approx(1.0, rel=1e-12)


def test_a_new_customer_takes_opportunities_as_one_without_history():
    values = ("6/5", "3/4", "2/3", "14/5")
    expected = exact(0, 0, 0, 9, values)
    model = at([float(Fraction(value)) for value in values])
    assert model.expected_purchases_new(9) == pytest.approx(float(expected["expected"]), rel=1e-12)
    np.testing.assert_allclose(
        model.purchase_distribution_new(9, 9), [float(chance) for chance in expected["distribution"]], rtol=1e-11
    )
    assert (model.purchase_distribution_new(9, 20)[10:] == 0).all()
    assert model.purchase_distribution_new(9, 3).shape == (4,)


# Published (Fader, Hardie & Shang 2010; see the specification)


def test_published_answers():
    model = at()
    assert model.expected_purchases_new(10) == pytest.approx(3.17982902869, rel=3e-9)
    # The paper's chance to be alive is for the next opportunity.
    who = customers((0, 0, 6), (2, 4, 6), (1, 6, 6), (6, 6, 6))
    found = model.probability_alive(who, 1)["probability_alive"]
    np.testing.assert_allclose(found, [0.1081332818086, 0.5896571847473, 0.9304335755129, 0.9304335755129], rtol=3e-9)
    assert model.discounted_purchases(customers((6, 6, 6)), 0.1).iloc[0, 0] == pytest.approx(5.90989424561, rel=3e-9)


@pytest.mark.parametrize("horizon", [1, 12])
def test_discounted_orders_are_the_sum_over_opportunities(horizon):
    """The first one is a period away."""
    model, who = at(), customers((2, 4, 6), (0, 0, 6), (6, 6, 6))
    expected = [0.0, *(model.expected_purchases(who, k)["expected_purchases"].to_numpy() for k in range(1, horizon + 1))]
    worth = sum((expected[k] - expected[k - 1]) / 1.1**k for k in range(1, horizon + 1))
    np.testing.assert_allclose(model.discounted_purchases(who, 0.1, horizon)["discounted_purchases"], worth, rtol=1e-11)


def test_endless_discounted_orders_and_lifetime_are_limits():
    model, who = at(), customers((2, 4, 6), (0, 0, 6), (6, 6, 6))
    for verb in ("discounted_purchases", "discounted_lifetime"):
        endless = getattr(model, verb)(who, 0.2)
        pd.testing.assert_frame_equal(getattr(model, verb)(who, 0.2, 250), endless, rtol=1e-9)


def test_the_discounted_lifetime_is_the_sum_of_chances_to_be_alive():
    """At a rate of 10 % a year; from the next opportunity on, as the orders are."""
    model, who, horizon = at(), customers((2, 4, 6), (0, 0, 6), (6, 6, 6)), 8
    alive = [model.probability_alive(who, k)["probability_alive"].to_numpy() for k in range(horizon + 1)]
    found = model.discounted_lifetime(who, 0.1, horizon)["discounted_lifetime"]
    np.testing.assert_allclose(found, sum(alive[k] / 1.1**k for k in range(1, horizon + 1)), rtol=1e-11)


def test_arguments_are_whole_numbers():
    model, who = at(), customers((2, 4, 6))
    for verb in ("expected_purchases", "probability_no_purchase", "purchase_distribution"):
        with pytest.raises(
            crm.ParameterError, match=rf"{verb}\(horizon=\.\.\.\) must be a whole number above 0, of opportunities; got 2.5"
        ):
            getattr(model, verb)(who, 2.5)
        pd.testing.assert_frame_equal(getattr(model, verb)(who, 2.0), getattr(model, verb)(who, 2))
    with pytest.raises(
        crm.ParameterError, match=r"ahead=\.\.\.\) must be a whole number, 0 or more, of opportunities; got 0.5"
    ):
        model.probability_alive(who, 0.5)
    with pytest.raises(crm.ParameterError, match=r"horizon=\.\.\.\) must be one or more whole numbers"):
        model.expected_purchases_new([1, 2.5])
    with pytest.raises(crm.ParameterError, match=r"simulate\(horizon=\.\.\.\)"):
        model.simulate(3, 1.5)
    with pytest.raises(crm.ParameterError, match=r"unit=\.\.\.\) must be one of 'D', 'W', 'M', 'Q', 'Y'; got 'H'"):
        crm.BetaGeoBetaBinomModel(horizon=1, unit="H")


def test_more_orders_than_opportunities_are_refused():
    for bad in ((5, 3, 6), (7, 6, 6)):
        with pytest.raises(crm.DataError, match="1 customer in row 1"):
            at().score(customers((2, 4, 6), bad))
