"""What takes long on large data says how far it is: fits, comparisons, draws, replicates, parts and blocks."""

from __future__ import annotations

import functools
import io
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import crmmodels as crm
from crmmodels import progress
from crmmodels.data.accounts import partitions as account_parts
from crmmodels.testing import check_model


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crm.CrmModelsWarning)
        yield


@functools.cache
def people() -> pd.DataFrame:
    return crm.BetaGeoModel.example(n_customers=300, seed=1)


@functools.cache
def purchase() -> crm.BetaGeoModel:
    return crm.BetaGeoModel(horizon=39, unit="W").fit(people())


@functools.cache
def orders() -> crm.Orders:
    lines = purchase().simulate(200, rng=1)
    return crm.Orders(lines.assign(money=10.0), customer="customer_id", time="date", amount="money")


@functools.cache
def accounts() -> pd.DataFrame:
    return crm.CLVModel.example(n_customers=100, seed=1)


@functools.cache
def value() -> crm.CLVModel:
    return crm.CLVModel(n_draws=5).fit(accounts())


@functools.cache
def survey() -> SimpleNamespace:
    return crm.simulate.simulate_survey(150, rng=1)


@functools.cache
def index() -> crm.SatisfactionIndexModel:
    return crm.SatisfactionIndexModel(indicators=survey().indicators, n_bootstrap=20)


@functools.cache
def fitted_index() -> crm.SatisfactionIndexModel:
    return index().fit(survey().answers)


@functools.cache
def panel() -> pd.DataFrame:
    return crm.simulate.simulate_lifecycle(80, rng=1).panel


def compared() -> object:
    models = [crm.NBDModel(horizon=39, unit="W"), crm.BetaGeoModel(horizon=39, unit="W")]
    return crm.compare(models, people())


def over_draws() -> object:
    return purchase().expected_purchases(people(), draws=purchase().sample_posterior(people(), 200, rng=1))


CALLS = {
    "purchase fit": (lambda: crm.BetaGeoModel(horizon=39, unit="W").fit(people()), "BetaGeoModel.fit: 3 likelihoods"),
    "spend fit": (
        lambda: crm.GammaGammaModel().fit(crm.GammaGammaModel.example(n_customers=200, seed=1)),
        "GammaGammaModel.fit: 3 likelihoods",
    ),
    "compare": (compared, "1/2 models"),
    "compare, within": (compared, "BetaGeoModel.fit: 2 likelihoods"),
    "tracking": (lambda: purchase().tracking(orders(), 20), "days of first orders"),
    "posterior": (lambda: purchase().sample_posterior(people(), 200, rng=1), "BetaGeoModel.sample_posterior:"),
    "interval": (over_draws, "/200 draws"),
    "score": (lambda: purchase().score(people()), "blocks of customers"),
    "value fit": (lambda: crm.CLVModel(n_draws=5).fit(orders()), "1/2 steps"),
    "value fit, within": (lambda: crm.CLVModel(n_draws=5).fit(orders()), "CLVModel.accounts: 2/4 steps"),
    "value score": (lambda: value().score(accounts()), "4/5 draws"),
    "value draws": (lambda: value().sample(accounts(), 7), "6/7 draws"),
    "concentration": (
        lambda: crm.ABCModel(n_bootstrap=9).fit(crm.ABCModel.example(n_customers=50, seed=1)),
        "ABCModel.fit:  89%|",
    ),
    "index fit": (lambda: index().fit(survey().answers), "20/20 replicates"),
    "index fit, within": (lambda: index().fit(survey().answers), "drawn: 20/20 replicates"),
    "groups": (
        lambda: fitted_index().compare_groups(survey().answers.assign(branch=np.arange(150) % 2), "branch", n_permutations=20),
        "permutations: 20/20 dealt",
    ),
    "folds": (lambda: fitted_index().predict_quality(survey().answers, folds=4), "3/4 folds"),
    "lifecycle fit": (lambda: crm.LifecycleModel(n_starts=2).fit(panel()), "LifecycleModel.fit: 2 passes"),
    "lifecycle starts": (lambda: crm.LifecycleModel(n_starts=2).fit(panel()), "starts: 2/80 passes"),
    "lifecycle choice": (lambda: crm.LifecycleModel(n_starts=1).choice(panel(), [2]), "1/2 lifecycles"),
    "check_model": (lambda: check_model(crm.ABCModel(), n_customers=20), "check_model:"),
}


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.delenv(progress.SWITCH, raising=False)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    monkeypatch.setattr(progress, "_room", lambda: (300, 20))
    stream = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    return stream


@pytest.mark.parametrize(("call", "words"), CALLS.values(), ids=CALLS)
def test_it_is_shown_and_taken_away(call, words, terminal):
    call()
    shown = terminal.getvalue()
    assert words in shown, shown[-2000:]
    assert shown.endswith(" \r")
    assert shown.removesuffix("\r").rpartition("\r")[2].strip() == ""


def test_parts_of_a_log_are_shown(terminal, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.setattr(account_parts, "LINES_AT_ONCE", 100)
    lines = purchase().simulate(200, rng=1).assign(money=10.0)
    with duckdb.connect() as connection:
        log = connection.from_df(lines)
        crm.CLVModel(n_draws=5).fit(crm.Orders(log, customer="customer_id", time="date", amount="money"))
    assert "customers: 1/" in terminal.getvalue()
    assert "parts of the log" in terminal.getvalue()


@pytest.mark.parametrize(("call", "words"), [CALLS["compare"], CALLS["value score"], CALLS["index fit"]])
def test_answers_are_those_without_it(call, words, terminal, monkeypatch):
    shown = call()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=None))
    unseen = call()
    if isinstance(shown, pd.DataFrame):
        pd.testing.assert_frame_equal(shown, unseen)
    else:
        assert repr(shown) == repr(unseen)
