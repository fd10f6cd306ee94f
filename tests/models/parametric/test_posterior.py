"""Draws from the posterior, against grids, an independent Metropolis sampler and brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln, gammaln

import crmmodels as crm
from crmmodels.kernels.inference.posterior import PosteriorSample
from crmmodels.models.parametric import model as parametric
from crmmodels.models.parametric import posterior as posterior_draws

CONTINUOUS = (crm.NBDModel, crm.BetaGeoModel, crm.ModifiedBetaGeoModel, crm.ParetoNBDModel)
PURCHASE = (*CONTINUOUS, crm.BetaGeoBetaBinomModel)
ALL = (*PURCHASE, crm.ShiftedBetaGeoModel, crm.GammaGammaModel)
of_purchase = pytest.mark.parametrize("kind", PURCHASE, ids=lambda kind: kind.__name__)
of_all = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


def new(kind: type, **changed: Any) -> Any:
    given = {} if kind is crm.GammaGammaModel else {"horizon": 5}
    return kind(**{**given, **({"unit": "W"} if kind in CONTINUOUS else {}), **changed})


def tame(kind: type) -> Any:
    """Priors that bound what the data of a Pareto/NBD hardly tell."""
    return {"s": crm.LogNormalPrior(0.6, 0.5), "beta": crm.LogNormalPrior(12.0, 0.5)} if kind is crm.ParetoNBDModel else None


def at(kind: type, values: Any) -> Any:
    return kind.from_parameters(kind._family.parameters(*values), **new(kind)._parameters())


# Distribution


def log_likelihood_nbd(log_r: Any, log_alpha: Any, table: pd.DataFrame) -> Any:
    """Of all customers, on arrays of parameters."""
    r, alpha = np.exp(log_r)[..., None], np.exp(log_alpha)[..., None]
    x, age = table["frequency"].to_numpy(), table["age"].to_numpy()
    return (gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)).sum(axis=-1)


def log_likelihood_contracts(log_alpha: Any, log_beta: Any, table: pd.DataFrame) -> Any:
    alpha, beta = np.exp(log_alpha)[..., None], np.exp(log_beta)[..., None]
    tenure, left = table["tenure"].to_numpy(), table["churned"].to_numpy()
    return (betaln(alpha + left, beta + tenure - left) - betaln(alpha, beta)).sum(axis=-1)


def log_likelihood_beta_geo(log_parameters: Any, table: pd.DataFrame) -> float:
    """Fader, Hardie & Lee's equation (6), in logs."""
    r, alpha, a, b = np.exp(log_parameters)
    x, t_x, age = (table[name].to_numpy(float) for name in ("frequency", "age_at_last", "age"))
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    there = betaln(a, b + x) - (r + x) * np.log(alpha + age)
    gone = np.where(x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
    return float((shared + np.logaddexp(there, gone)).sum())


def quantiles_on_grid(log_density: Any, points: Any) -> Any:
    """5, 50 and 95 % of each marginal of a density on a grid of two axes."""
    density = np.exp(log_density - log_density.max())
    found = []
    for axis in (0, 1):
        marginal = density.sum(axis=1 - axis)
        below = np.cumsum(marginal) - 0.5 * marginal
        found.append(np.interp([0.05, 0.5, 0.95], below / marginal.sum(), points[axis]))
    return np.array(found).T


@pytest.mark.parametrize(
    ("kind", "log_likelihood"),
    [(crm.NBDModel, log_likelihood_nbd), (crm.ShiftedBetaGeoModel, log_likelihood_contracts)],
    ids=["NBD", "sBG"],
)
@pytest.mark.parametrize("n", [60, 400])
def test_quantiles_are_those_of_the_posterior_on_a_grid(kind, log_likelihood, n):
    """Flat in the logarithms of the first parameter, log-normal in the second."""
    table = kind.example(n_customers=n, seed=1)
    second = kind._family.names[1]
    model = new(kind, prior={second: crm.LogNormalPrior(3.0, 0.8)}).fit(table)
    spread = np.sqrt(np.diag(model.fitted.covariance))
    points = [np.log(value) + error * np.linspace(-6, 7, 201) for value, error in zip(model.fitted.values, spread, strict=True)]
    first_axis, second_axis = np.meshgrid(*points, indexing="ij")
    density = np.concatenate(
        [log_likelihood(a, b, table) for a, b in zip(first_axis[:, None], second_axis[:, None], strict=True)]
    )
    density = density - 0.5 * ((second_axis - np.log(3.0)) / 0.8) ** 2
    expected = quantiles_on_grid(density, points)
    draws = model.sample_posterior(table, 10_000, rng=1)
    found = np.quantile(np.log(draws.values), [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_allclose(found / spread, expected / spread, atol=0.08)
    assert draws.pareto_k < 0.7


def test_quantiles_are_those_of_an_independent_metropolis_sampler():
    """BG/NBD with a prior on every parameter, from few customers."""
    table = crm.BetaGeoModel.example(n_customers=120, seed=3)
    prior = {
        "r": crm.LogNormalPrior(0.5, 1.0),
        "alpha": crm.LogNormalPrior(5.0, 1.0),
        "a": crm.GammaPrior(2.0, 2.0),
        "b": crm.GammaPrior(2.0, 0.7),
    }
    model = new(crm.BetaGeoModel, prior=prior).fit(table)
    counted = table.groupby(["frequency", "age_at_last", "age"], as_index=False).size()
    assert len(counted) > 30

    def log_posterior(y: Any) -> float:
        normal = -0.5 * ((y[0] - np.log(0.5)) ** 2 + (y[1] - np.log(5.0)) ** 2)
        gamma = 2.0 * y[2] - 2.0 * np.exp(y[2]) + 2.0 * y[3] - 0.7 * np.exp(y[3])
        return log_likelihood_beta_geo(y, table) + normal + gamma

    rng = np.random.default_rng(7)
    here = np.log(model.fitted.values)
    value, steps = log_posterior(here), 30_000
    moves = rng.multivariate_normal(np.zeros(4), 1.4 * model.fitted.covariance, steps)
    chance, chain = np.log(rng.random(steps)), np.empty((steps, 4))
    for step in range(steps):
        proposed = log_posterior(here + moves[step])
        if chance[step] < proposed - value:
            here, value = here + moves[step], proposed
        chain[step] = here
    chain = chain[1000:]
    spread = chain.std(axis=0)
    draws = model.sample_posterior(table, 10_000, rng=1)
    found, expected = (np.quantile(sample, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0) for sample in (np.log(draws.values), chain))
    np.testing.assert_allclose(found / spread, expected / spread, atol=0.17)
    np.testing.assert_allclose(np.corrcoef(np.log(draws.values).T), np.corrcoef(chain.T), atol=0.07)


@of_all
def test_many_customers_leave_draws_as_normal_as_the_fit_says(kind):
    table = kind.example(n_customers=3000, seed=4)
    model = new(kind, prior=tame(kind)).fit(table)
    draws = model.sample_posterior(table, 4000, rng=2)
    spread = np.sqrt(np.diag(model.fitted.covariance))
    z = (np.log(draws.values) - np.log(model.fitted.values)) / spread
    assert np.abs(z.mean(axis=0)).max() < 0.35
    assert np.abs(z.std(axis=0) - 1).max() < 0.35
    assert draws.pareto_k < 0.7
    assert draws.effective_size > 400


# The record


def test_a_seed_draws_the_same():
    table = crm.NBDModel.example(n_customers=400, seed=5)
    model = new(crm.NBDModel).fit(table)
    first, second, other = (model.sample_posterior(table, 100, rng=seed) for seed in (1, 1, 2))
    assert first.values.tobytes() == second.values.tobytes()
    assert first.pareto_k == second.pareto_k
    assert not np.array_equal(first.values, other.values)
    shuffled = model.sample_posterior(table.sample(frac=1.0, random_state=0), 100, rng=1)
    assert first.values.tobytes() == shuffled.values.tobytes()
    rng = np.random.default_rng(1)
    assert model.sample_posterior(table, 100, rng=rng).values.tobytes() == first.values.tobytes()
    assert model.sample_posterior(table, 100, rng=rng).values.tobytes() != first.values.tobytes()


def test_what_draws_show_of_themselves():
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 60.0]])
    draws = crm.PosteriorDraws(("r", "alpha"), values, 0.123, 2.5)
    assert len(draws) == 3
    assert repr(draws) == "PosteriorDraws(3 draws of r, alpha; Pareto k 0.12)"
    pd.testing.assert_frame_equal(draws.frame(), pd.DataFrame({"r": [1.0, 2.0, 3.0], "alpha": [10.0, 20.0, 60.0]}))
    found = draws.interval(0.5)
    assert found.index.tolist() == ["r", "alpha"]
    assert found["mean"].tolist() == [2.0, 30.0]
    assert found["median"].tolist() == [2.0, 20.0]
    assert found["lower"].tolist() == [1.5, 15.0]
    assert found["upper"].tolist() == [2.5, 40.0]
    assert found["standard_deviation"]["r"] == pytest.approx(np.sqrt(2 / 3))
    with pytest.raises(crm.ParameterError, match=r"interval\(level=\.\.\.\) must be between 0 and 1; got 1"):
        draws.interval(1)


def test_uneven_importance_weights_are_a_warning_with_the_diagnostic(monkeypatch):
    table = crm.NBDModel.example(n_customers=400, seed=6)
    model = new(crm.NBDModel).fit(table)

    def uneven(*arguments: Any, **options: Any) -> PosteriorSample:
        return PosteriorSample(np.zeros((7, 2)), 0.84, 3.0, 10, exact=True, surrogate_error=0.0)

    monkeypatch.setattr(parametric, "sample_posterior", uneven)
    with pytest.warns(crm.ImportanceWarning) as caught:
        draws = model.sample_posterior(table, 7, rng=0)
    assert str(caught[0].message) == (
        "NBDModel: the Pareto k of the importance weights is 0.84, above 0.7; the posterior is far from its approximation, so do not rely on "
        "the tails of these draws; more customers or priors help"
    )
    assert caught[0].filename == __file__
    assert (draws.values == 1.0).all()
    assert draws.pareto_k == 0.84


# Answers with draws


def verbs(kind: type) -> dict[str, tuple[Any, ...]]:
    if kind is crm.GammaGammaModel:
        return {"expected_spend": ()}
    if kind is crm.ShiftedBetaGeoModel:
        return {"probability_churn": (2,), "expected_renewals": (4,), "discounted_renewals": (0.1,)}
    return {
        "probability_alive": (3,),
        "expected_purchases": (7,),
        "probability_no_purchase": (7,),
        "purchase_distribution": (7, 2),
        "discounted_purchases": (0.1,),
        "discounted_lifetime": (0.1, 20),
    }


@of_all
def test_limits_are_quantiles_of_the_answers_of_every_draw(kind):
    table = kind.example(n_customers=300, seed=7)
    model = new(kind).fit(table)
    draws = model.sample_posterior(table, 15, rng=1)
    some = table.iloc[::7]
    for verb, arguments in verbs(kind).items():
        plain = getattr(model, verb)(some, *arguments)
        found = getattr(model, verb)(some, *arguments, draws=draws, level=0.8)
        answers = np.array([getattr(at(kind, values), verb)(some, *arguments).to_numpy() for values in draws.values])
        lower, upper = np.quantile(answers, [0.1, 0.9], axis=0)
        assert found.columns.tolist() == [f"{name}{end}" for name in plain for end in ("", "_lower", "_upper")]
        for place, name in enumerate(plain):
            np.testing.assert_array_equal(found[name], plain[name])
            np.testing.assert_allclose(found[f"{name}_lower"], lower[:, place], rtol=1e-9, atol=1e-14)
            np.testing.assert_allclose(found[f"{name}_upper"], upper[:, place], rtol=1e-9, atol=1e-14)
        assert found.index.tolist() == some.index.tolist()


@of_all
def test_intervals_mostly_hold_the_answer_at_the_estimates(kind):
    table = kind.example(n_customers=500, seed=8)
    model = new(kind, prior=tame(kind)).fit(table)
    draws = model.sample_posterior(table, 150, rng=1)
    table = table.head(100)
    for verb, arguments in verbs(kind).items():
        found = getattr(model, verb)(table, *arguments, draws=draws)
        name = found.columns[0]
        inside = found[name].between(found[f"{name}_lower"] - 1e-12, found[f"{name}_upper"] + 1e-12)
        assert inside.mean() > 0.95, verb
        assert (found[f"{name}_lower"] <= found[f"{name}_upper"]).all()
    narrow = getattr(model, verb)(table, *arguments, draws=draws, level=0.5)
    assert (narrow[f"{name}_upper"] - narrow[f"{name}_lower"] <= found[f"{name}_upper"] - found[f"{name}_lower"]).all()


def test_blocks_of_customers_do_not_show(monkeypatch):
    table = crm.BetaGeoModel.example(n_customers=300, seed=9)
    model = new(crm.BetaGeoModel).fit(table)
    draws = model.sample_posterior(table, 20, rng=1)
    whole = model.purchase_distribution(table, 7, 2, draws=draws)
    monkeypatch.setattr(posterior_draws, "_VALUES_AT_ONCE", 20 * 3 * 11)
    pd.testing.assert_frame_equal(model.purchase_distribution(table, 7, 2, draws=draws), whole, rtol=1e-12)


@pytest.mark.slow
def test_intervals_cover_what_they_promise():
    """The true expectation of a customer, in 60 tables drawn from one truth: 80 % intervals hold it about 80 % of the time."""
    truth = at(crm.NBDModel, (0.6, 8.0))
    customer = pd.DataFrame({"customer_id": ["c"], "frequency": [4], "age_at_last": [20.0], "age": [30.0]})
    expected = truth.expected_purchases(customer, 10).iloc[0, 0]
    inside = 0
    for seed in range(60):
        log = truth.simulate(150, 30.0, rng=seed)
        by_customer = log.groupby("customer_id")["age"]
        table = pd.DataFrame({"frequency": by_customer.size() - 1, "age_at_last": by_customer.max(), "age": 30.0}).reset_index()
        model = new(crm.NBDModel).fit(table)
        draws = model.sample_posterior(table, 200, rng=seed)
        limits = model.expected_purchases(customer, 10, draws=draws, level=0.8).iloc[0]
        inside += limits["expected_purchases_lower"] <= expected <= limits["expected_purchases_upper"]
    assert 36 <= inside <= 58  # four standard deviations around 48


def test_draws_of_another_model_are_refused():
    table = crm.BetaGeoModel.example(n_customers=300, seed=1)
    draws = new(crm.ParetoNBDModel).fit(table).sample_posterior(table, 10, rng=0)
    with pytest.raises(crm.ParameterError, match=r"must be what BetaGeoModel\.sample_posterior returns"):
        new(crm.BetaGeoModel).fit(table).expected_purchases(table, draws=draws)
