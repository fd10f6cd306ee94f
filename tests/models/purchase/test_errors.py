"""What the purchase and spend models refuse, and what they warn of, word for word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm

CONTINUOUS = (crm.BetaGeoModel, crm.ModifiedBetaGeoModel, crm.ParetoNBDModel, crm.NBDModel)
GOOD = crm.ParetoNBDModel.example(n_customers=300, seed=0)


def changed(**values: Any) -> pd.DataFrame:
    """The good table with other values in its first rows."""
    table = GOOD.astype({"frequency": float, "age_at_last": float})
    for name, new in values.items():
        table.loc[range(len(new)), name] = new
    return table


@pytest.mark.parametrize("kind", CONTINUOUS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            changed(frequency=[-1.0]),
            "- column 'frequency' has 1 value below 0 (such as -1) in row 0; drop or correct them first",
        ),
        (
            changed(frequency=[1.5, 2.5]),
            "- column 'frequency' has 2 values that should be whole numbers (such as 1.5) in rows 0, 1; round or correct them first",
        ),
        (
            changed(frequency=[2.0], age_at_last=[40.0], age=[39.0]),
            "- 1 customer in row 0 whose age_at_last is above age; the last order cannot be after the end of observation",
        ),
        (
            changed(frequency=[2.0, 3.0], age_at_last=[0.0, 0.0]),
            "- 2 customers in rows 0, 1 with repeat orders (frequency above 0) but age_at_last 0; orders of one day count as one",
        ),
        (
            changed(frequency=[0.0], age_at_last=[3.0]),
            "- 1 customer in row 0 without repeat orders (frequency 0) but age_at_last above 0; set it to 0",
        ),
        (
            changed(frequency=[2.0], age_at_last=[0.0], age=[0.0]),
            "- 1 customer in row 0 with repeat orders (frequency above 0) but age_at_last 0; orders of one day count as one",
        ),
    ],
    ids=["negative", "not whole", "after the end", "no time", "no orders", "age 0"],
)
def test_bad_rows_are_refused_by_row_in_fit_and_score(kind, table, message):
    model = kind(horizon=10, unit="W")
    with pytest.raises(crm.DataError) as caught:
        model.fit(table)
    assert str(caught.value) == f"{kind.__name__} cannot read this table:\n{message}"
    assert not model.is_fitted
    model.fit(GOOD)
    with pytest.raises(crm.DataError) as caught:
        model.score(table)
    assert message in str(caught.value)


def test_all_conflicts_are_reported_at_once():
    table = changed(frequency=[2.0, 0.0], age_at_last=[0.0, 1.0])
    with pytest.raises(crm.DataError) as caught:
        crm.BetaGeoModel(horizon=10, unit="W").fit(table)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("kind", CONTINUOUS, ids=lambda kind: kind.__name__)
def test_no_repeat_orders_are_an_error_that_says_so(kind):
    table = pd.DataFrame({"customer_id": range(240), "frequency": 0, "age_at_last": 0.0, "age": 30.0})
    with pytest.raises(crm.ConvergenceError) as caught:
        kind(horizon=10, unit="W").fit(table)
    assert str(caught.value) == (
        f"{kind.__name__} found no best parameters for these data; check them for:\n"
        "- repeat orders: all 240 customers have frequency 0, which no rate of ordering and of dropout explains better than another; "
        "observe longer, or count repeat orders only (not the first)"
    )


@pytest.mark.parametrize("kind", CONTINUOUS, ids=lambda kind: kind.__name__)
def test_one_customer_is_an_error_that_says_so(kind):
    with pytest.raises(crm.ConvergenceError, match="1 customer does not tell how customers differ; fit many, then score one"):
        kind(horizon=10, unit="W").fit(GOOD[GOOD["frequency"] > 0].head(1))


def test_few_customers_are_a_warning():
    prior = {name: crm.LogNormalPrior(1.0, 1.0) for name in ("r", "alpha", "a", "b")}
    with pytest.warns(crm.FewCustomersWarning) as caught:
        crm.BetaGeoModel(horizon=10, unit="W", prior=prior).fit(GOOD.head(9))
    assert str(caught[0].message) == (
        "BetaGeoModel: 9 customers for 4 parameters, whose estimates mean little below 10 customers; give priors (prior=...) or more customers"
    )
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("factor", "unit", "message"),
    [
        (
            7 * 86_400.0,
            "D",
            (
                "BetaGeoModel: there are ages of up to 2.35872e+07 days, which are 64,578 years; they look like seconds, hours or another smaller unit than "
                "unit='D'"
            ),
        ),
        (
            7 / 365.25,
            "D",
            "BetaGeoModel: ages of at most 0.747433 days are very short; they look like years or another larger unit than unit='D'",
        ),
    ],
)
def test_a_unit_that_cannot_be_is_a_warning_that_names_it(factor, unit, message):
    table = GOOD.assign(age=GOOD["age"] * factor, age_at_last=GOOD["age_at_last"] * factor)
    with pytest.warns(crm.UnitWarning) as caught:
        crm.BetaGeoModel(horizon=10, unit=unit).fit(table)
    assert [str(warning.message) for warning in caught] == [message]


@pytest.mark.parametrize("horizon", [0, -1, float("inf"), float("nan"), "39", None, True])
def test_a_horizon_that_is_none_is_refused(horizon):
    with pytest.raises(crm.ParameterError, match=r"BetaGeoModel\(horizon=\.\.\.\) must be a number above 0, of weeks; got"):
        crm.BetaGeoModel(horizon=horizon, unit="W")
    model = crm.BetaGeoModel(horizon=39, unit="W").fit(GOOD)
    if horizon is None:
        return
    for verb in ("expected_purchases", "probability_no_purchase", "purchase_distribution"):
        with pytest.raises(crm.ParameterError, match=rf"{verb}\(horizon=\.\.\.\) must be a number above 0, of weeks; got"):
            getattr(model, verb)(GOOD, horizon)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"unit": "weeks"}, "unit=...) must be one of 'D', 'W', 'M', 'Y'; got 'weeks'."),
        (
            {"cut_points": (0.5, 0.2, 0.8)},
            "cut_points=...) must be three ascending probabilities between 0 and 1; got (0.5, 0.2, 0.8).",
        ),
        ({"cut_points": (0.2, 0.8)}, "cut_points=...) must be three ascending probabilities between 0 and 1; got (0.2, 0.8)."),
        (
            {"cut_points": (0.0, 0.5, 1.0)},
            "cut_points=...) must be three ascending probabilities between 0 and 1; got (0.0, 0.5, 1.0).",
        ),
        ({"weight": 3}, "weight=...) must be the name of a column, or None; got 3."),
        (
            {"labels": {"gone": "x"}},
            "labels=...) must be a mapping whose keys are among ['lapsed', 'at risk', 'cooling', 'active']; got ['gone'].",
        ),
        (
            {"prior": {"s": crm.GammaPrior(1.0, 1.0)}},
            "prior=...) must be a mapping whose keys are among ['r', 'alpha', 'a', 'b']; got ['s'].",
        ),
    ],
)
def test_parameters_out_of_range(parameters, message):
    with pytest.raises(crm.ParameterError) as caught:
        crm.BetaGeoModel(**{"horizon": 39, "unit": "W", **parameters})
    assert str(caught.value) == f"BetaGeoModel({message}"


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("probability_alive", (GOOD, -1), "probability_alive(ahead=...) must be a number, 0 or more, of weeks; got -1."),
        (
            "purchase_distribution",
            (GOOD, 10, -1),
            "purchase_distribution(n_max=...) must be a whole number from 0 to 100,000; got -1.",
        ),
        (
            "discounted_purchases",
            (GOOD, 0),
            (
                "discounted_purchases(discount_rate_annual=...) must be a number above 0, such as 0.15 for 15 % a year, or 0 where the horizon is "
                "finite; got 0."
            ),
        ),
        (
            "discounted_lifetime",
            (GOOD, -0.1, 52),
            (
                "discounted_lifetime(discount_rate_annual=...) must be a number above 0, such as 0.15 for 15 % a year, or 0 where the horizon is "
                "finite; got -0.1."
            ),
        ),
        (
            "expected_purchases_new",
            ([],),
            "expected_purchases_new(horizon=...) must be one or more numbers, 0 or more, of weeks; got [].",
        ),
        (
            "expected_purchases_new",
            (-1,),
            "expected_purchases_new(horizon=...) must be one or more numbers, 0 or more, of weeks; got -1.",
        ),
        ("simulate", (0,), "simulate(n_customers=...) must be a whole number, 1 or more; got 0."),
        (
            "simulate",
            (2, [1.0, 2.0, 3.0]),
            "simulate(horizon=...) must be one number, or one per customer, 0 or more, of weeks; got [1.0, 2.0, 3.0].",
        ),
        ("tracking", (GOOD, 3), "tracking(orders=...) must be an order log, such as crm.Orders(frame, ...); got 'DataFrame'."),
        ("sample_posterior", (GOOD, 0), "sample_posterior(n_draws=...) must be a whole number, 1 or more; got 0."),
    ],
)
def test_arguments_out_of_range(verb, arguments, message):
    with pytest.raises(crm.ParameterError) as caught:
        getattr(crm.BetaGeoModel(horizon=39, unit="W").fit(GOOD), verb)(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "verb",
    ["probability_alive", "expected_purchases", "probability_no_purchase", "purchase_distribution", "sample_posterior"],
)
def test_no_verb_answers_before_fit(verb):
    with pytest.raises(crm.NotFittedError, match=f"so {verb} has nothing to work with"):
        getattr(crm.BetaGeoModel(horizon=39, unit="W"), verb)(GOOD)


SPEND = crm.GammaGammaModel.example(n_customers=300, seed=0)


@pytest.mark.parametrize("spend", [0.0, -5.0])
def test_whose_repeat_orders_brought_nothing_is_taken_as_a_customer_without_them(spend):
    rows = np.flatnonzero(SPEND["frequency"] > 0)[:5]
    table, silent = SPEND.copy(), SPEND.copy()
    table.loc[rows, "mean_repeat_spend"] = spend
    silent.loc[rows, ["frequency", "mean_repeat_spend"]] = 0
    expected = crm.GammaGammaModel().fit(silent)
    with pytest.warns(crm.NegativeSpendWarning) as caught:
        model = crm.GammaGammaModel().fit(table)
    names = ", ".join(f"{SPEND['customer_id'][row]!r}: {spend:,.2f}" for row in rows[:3])
    assert [str(one.message) for one in caught] == [
        (
            "GammaGammaModel: 5 customers with repeat orders but mean_repeat_spend of 0 or less (returns exceed orders, or orders were free; "
            f"{names}, …), which no gamma distribution gives, taken as customers without repeat orders"
        )
    ]
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(model.fitted.values, expected.fitted.values)
    verbs = {
        "score": lambda model, data: model.score(data),
        "segment": lambda model, data: model.segment(data).to_frame(),
        "expected_spend": lambda model, data: model.expected_spend(data),
        "draws": lambda model, data: model.expected_spend(data, draws=expected.sample_posterior(silent, 20, rng=1)),
    }
    for verb in verbs.values():
        with pytest.warns(crm.NegativeSpendWarning) as caught:
            found = verb(model, table)
        assert len(caught) == 1
        pd.testing.assert_frame_equal(found, verb(expected, silent))
    assert model.score(silent).loc[rows, "expected_spend"].to_numpy() == pytest.approx(model.population_mean_spend())


@pytest.mark.parametrize("spend", [0.0, -5.0])
@pytest.mark.filterwarnings("ignore::crmmodels.NegativeSpendWarning")
def test_repeat_orders_that_all_brought_nothing_are_refused(spend):
    with pytest.raises(
        crm.ConvergenceError, match="all with mean_repeat_spend of 0 or less; look for amounts of the wrong sign"
    ):
        crm.GammaGammaModel().fit(SPEND.assign(mean_repeat_spend=spend))


@pytest.mark.filterwarnings("ignore::crmmodels.NegativeSpendWarning")
def test_weights_of_customers_whose_repeat_orders_brought_nothing_do_not_count():
    table = SPEND.assign(n=1.0, mean_repeat_spend=SPEND["mean_repeat_spend"].where(SPEND.index < 250, -1.0))
    model, paid = crm.GammaGammaModel(weight="n"), table[table["mean_repeat_spend"] >= 0]
    np.testing.assert_allclose(model.fit(table).fitted.values, model.fit(paid).fitted.values, rtol=1e-12)
    assert model.fit(table).fitted.n_customers == model.fit(paid).fitted.n_customers


def test_spend_of_customers_without_repeat_orders_is_not_read():
    silent = SPEND["frequency"] == 0
    other = SPEND.assign(mean_repeat_spend=SPEND["mean_repeat_spend"].where(~silent, -7.0))
    here, there = (crm.GammaGammaModel().fit(table).fitted for table in (SPEND, other))
    np.testing.assert_array_equal(here.values, there.values)


def test_spend_that_depends_on_frequency_is_a_warning_with_the_correlation():
    table = SPEND.assign(mean_repeat_spend=SPEND["mean_repeat_spend"] * (1.0 + SPEND["frequency"]))
    with pytest.warns(crm.SpendCorrelationWarning, match=r"correlate by \+0\.\d\d \(in logarithms\), beyond 0\.3"):
        crm.GammaGammaModel().fit(table)


def test_a_population_without_a_mean_is_said_and_never_negative():
    rng = np.random.default_rng(1)
    frequency = rng.integers(1, 30, 2000)
    rate = rng.gamma(0.8, 1.0, 2000)
    mean = rng.gamma(5.0 * frequency, 1.0) / frequency / rate
    table = pd.DataFrame({"customer_id": range(2000), "frequency": frequency, "mean_repeat_spend": mean})
    model = crm.GammaGammaModel()
    with pytest.warns(crm.HeavyTailWarning, match=r"q is 0.784"):
        model.fit(table)
    assert (model.score(table)["expected_spend"] > 0).all()
    with pytest.raises(crm.ParameterError, match=r"the population has no mean spend, for q is 0.784"):
        model.population_mean_spend()
    unknown = pd.DataFrame({"customer_id": ["new"], "frequency": [0], "mean_repeat_spend": [0.0]})
    with pytest.raises(crm.DataError, match="1 customer with too few repeat orders to have an expected spend"):
        model.score(unknown)


def test_gamma_gamma_without_repeat_orders():
    table = SPEND.assign(frequency=0)
    with pytest.raises(
        crm.ConvergenceError, match="all 300 customers have frequency 0, so nothing says what repeat orders cost"
    ):
        crm.GammaGammaModel().fit(table)


@pytest.mark.parametrize(
    ("tenure", "churned", "message"),
    [
        ([1, 2, 3], [0, 0, 0], "none of 3 customers has churned, so nothing says how fast they leave"),
        ([1, 1, 1], [1, 1, 1], "all 3 customers left at the first chance, so nothing says how long others stay"),
        ([0, 0, 0], [0, 0, 0], "none of 3 customers has met one (tenure 0); wait for the first renewals"),
    ],
)
def test_contracts_that_say_nothing(tenure, churned, message):
    table = pd.DataFrame({"customer_id": range(3), "tenure": tenure, "churned": churned})
    with pytest.raises(crm.ConvergenceError) as caught:
        crm.ShiftedBetaGeoModel(horizon=1).fit(table)
    assert message in str(caught.value)


def test_contracts_that_contradict_themselves():
    table = crm.ShiftedBetaGeoModel.example(n_customers=50, seed=0)
    with pytest.raises(crm.DataError, match="column 'churned' has 1 value above 1"):
        crm.ShiftedBetaGeoModel(horizon=1).fit(table.assign(churned=[2, *table["churned"][1:]]))
    broken = table.assign(churned=[1, *table["churned"][1:]], tenure=[0, *table["tenure"][1:]])
    with pytest.raises(crm.DataError, match="1 customer in row 0 who churned with tenure 0"):
        crm.ShiftedBetaGeoModel(horizon=1).fit(broken)


def test_an_order_log_holds_no_contracts():
    log = pd.DataFrame({"id": ["a"], "date": ["2026-01-01"]})
    with pytest.raises(crm.DataError, match="does not say who ended a contract and when"):
        crm.ShiftedBetaGeoModel(horizon=1).fit(crm.Orders(log, customer="id", time="date"))


def test_opportunities_are_whole_numbers():
    table = crm.BetaGeoBetaBinomModel.example(n_customers=200, seed=0)
    with pytest.raises(crm.ParameterError, match=r"must be a whole number above 0, of opportunities; got 2.5"):
        crm.BetaGeoBetaBinomModel(horizon=2.5)
    with pytest.raises(crm.DataError, match="column 'age' has 1 value that should be whole"):
        crm.BetaGeoBetaBinomModel(horizon=2).fit(table.assign(age=[30.5, *table["age"][1:]]))


def test_weights_that_are_none():
    with pytest.raises(crm.DataError, match="column 'n' is missing"):
        crm.BetaGeoModel(horizon=39, unit="W", weight="n").fit(GOOD)
    with pytest.raises(crm.DataError, match="column 'n' has 300 values below 0"):
        crm.BetaGeoModel(horizon=39, unit="W", weight="n").fit(GOOD.assign(n=-1))
    with pytest.raises(crm.ConvergenceError, match=r"weights \(column 'n'\) that are all 0"):
        crm.BetaGeoModel(horizon=39, unit="W", weight="n").fit(GOOD.assign(n=0))


def test_draws_must_be_those_of_the_model():
    model = crm.BetaGeoModel(horizon=39, unit="W").fit(GOOD)
    with pytest.raises(crm.ParameterError, match=r"draws=...\) must be what BetaGeoModel.sample_posterior returns"):
        model.expected_purchases(GOOD, draws=[1, 2])
    with pytest.raises(crm.DataError, match="it is not the one of fit"):
        model.sample_posterior(GOOD.head(200), n_draws=10, rng=0)
    draws = model.sample_posterior(GOOD, n_draws=10, rng=0)
    with pytest.raises(crm.ParameterError, match=r"level=...\) must be between 0 and 1; got 95"):
        model.expected_purchases(GOOD, draws=draws, level=95)
