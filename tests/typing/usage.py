"""What a user writes, as type checkers see it: checked by `make types`, never run."""

from __future__ import annotations

import datetime as dt
from typing import Any, assert_type

import numpy as np
import pandas as pd
import polars as pl

import crmmodels as crm
from crmmodels.testing import CheckReport, check_model

frame = pd.DataFrame({"id": [1], "date": ["2026-01-01"], "spend": [1.0]})
orders = crm.Orders(frame, customer="id", time="date", amount="spend")
customers: pd.DataFrame = orders.customers(as_of=dt.date(2026, 1, 2), unit="W", window_days=30)
orders.customers(as_of=np.datetime64("2026-01-02"))
split = orders.split("2026-01-01")
assert_type(split, crm.Split)
assert_type(split.calibration, crm.Orders)

rfm = crm.RFMModel(segments="eight", labels="zh", weights=[5, 3, 2])
assert_type(rfm.fit(customers), crm.RFMModel)
assert_type(rfm.fitted, crm.RFMFit)
assert_type(rfm.score(customers), pd.DataFrame)
assert_type(rfm.segment(customers), "pd.Series[str]")
assert_type(rfm.score(pl.DataFrame(frame)), pl.DataFrame)
assert_type(rfm.segment(pl.LazyFrame()), pl.LazyFrame)
assert_type(rfm.score(orders), Any)
assert_type(rfm.migration(customers, customers), crm.Migration)
customers["segment"] = rfm.segment(customers)

rules = [crm.SegmentRule("lapsed", r=[1, 2]), crm.SegmentRule("active", r=(3, 5))]
crm.RFMModel(segments=rules, thresholds={"spend": [1, 2, 3, 4]})
crm.RFMModel(segments="twelve")  # type: ignore[arg-type]
crm.RFMModel(labels="de")  # type: ignore[arg-type]
crm.RFMModel(5)  # type: ignore[call-arg]
orders.customers(unit="H")  # type: ignore[arg-type]

abc = crm.ABCModel(method="computed", a=0.7).fit(customers)
assert_type(abc.fitted.gini, float)
assert_type(check_model(abc), CheckReport)

pareto = crm.ParetoNBDModel(horizon=39, unit="W", prior={"s": crm.GammaPrior(2.0, 1.0)}, cut_points=[0.2, 0.5, 0.8])
assert_type(pareto.fit(customers), crm.ParetoNBDModel)
assert_type(pareto.fitted.log_likelihood, float)
assert_type(pareto.fitted.parameters.beta, float)
assert_type(crm.BetaGeoModel(horizon=39).fit(orders).fitted.parameters.a, float)
assert_type(pareto.score(customers), pd.DataFrame)
assert_type(pareto.segment(customers), "pd.Series[str]")
assert_type(pareto.score(pl.DataFrame(frame)), pl.DataFrame)
assert_type(pareto.fitted.interval(0.9), pd.DataFrame)
draws = pareto.sample_posterior(orders, 1000, rng=np.random.default_rng(1))
assert_type(draws, crm.PosteriorDraws)
assert_type(pareto.expected_purchases(customers, 52, draws=draws, level=0.9), pd.DataFrame)
assert_type(pareto.expected_purchases(orders), Any)
assert_type(pareto.discounted_lifetime(pl.DataFrame(frame), 0.1), pl.DataFrame)
assert_type(rfm.summary(pl.DataFrame(frame)), pl.DataFrame)
assert_type(crm.GammaGammaModel().expected_spend(customers), pd.DataFrame)
assert_type(crm.CLVModel().components(orders), Any)
pareto.discounted_purchases(customers, 0.15)
pareto.probability_alive(customers, ahead=4)
pareto.tracking(orders, 78, length=1.0)
assert_type(pareto.simulate(10, [1.0] * 10, rng=1), pd.DataFrame)
compared = crm.compare([pareto, crm.NBDModel(horizon=39, unit="W")], split)
assert_type(compared, crm.Comparison)
assert_type(compared.by_frequency, pd.DataFrame | None)
assert_type(crm.GammaGammaModel().fit(customers).population_mean_spend(), float)
assert_type(crm.ShiftedBetaGeoModel(horizon=3, weight="n").survivor_curve(12), pd.DataFrame)
assert_type(crm.BetaGeoBetaBinomModel(horizon=3, unit="Q").unit, str)
crm.BetaGeoModel()  # type: ignore[call-arg]
crm.BetaGeoModel(horizon="39")  # type: ignore[arg-type]
crm.NBDModel(horizon=39, prior={"r": 1.0})  # type: ignore[dict-item]
pareto.fitted.log_likelihood = 0.0  # type: ignore[misc]


def nightly(model: crm.Model, data: pd.DataFrame) -> Any:
    """Any model will do."""
    return model.fit(data).segment(data)


nightly(rfm, customers)
nightly(abc, customers)
nightly(pareto, customers)
