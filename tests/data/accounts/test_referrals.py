"""Referral logs and cost tables: what is read, and what is refused in which words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmmodels.data.accounts.referrals import CustomerCosts, Referrals
from crmmodels.exceptions import DataError, ParameterError


def referrals(by: list[Any], whom: list[Any], **columns: list[Any]) -> Referrals:
    frame = pd.DataFrame({"by": by, "whom": whom, **columns})
    return Referrals(frame, referrer="by", referee="whom", **{name: name for name in columns})


def costs(who: list[Any], paid: list[Any], **columns: list[Any]) -> CustomerCosts:
    frame = pd.DataFrame({"id": who, "paid": paid, **columns})
    return CustomerCosts(frame, customer="id", cost="paid", **{name: name for name in columns})


def problems(make: Any, *arguments: Any, **columns: Any) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        make(*arguments, **columns)
    return caught.value.problems


class TestReading:
    def test_every_kind_of_frame_is_read_alike(self, engine, tmp_path):
        if engine.name in {"parquet", "csv"}:
            pytest.skip("referrals are handed over as a frame, not as a path")
        frame = pd.DataFrame(
            {
                "by": ["a", "a", "b"],
                "whom": ["b", "c", "d"],
                "when": pd.to_datetime(["2026-01-02 23:59", "2026-01-03 00:00", "2026-02-01 12:00"]),
                "paid": [3.0, 0.0, 2.5],
            }
        )
        read = Referrals(engine.make(frame, tmp_path), referrer="by", referee="whom", time="when", reward="paid")
        table = read._table
        assert table.columns.tolist() == ["referrer", "referee", "time", "reward"]
        assert table["referrer"].tolist() == ["a", "a", "b"]
        assert table["referee"].tolist() == ["b", "c", "d"]
        assert table["reward"].tolist() == [3.0, 0.0, 2.5]
        assert table["time"].dt.strftime("%Y-%m-%d").tolist() == ["2026-01-02", "2026-01-03", "2026-02-01"]
        spent = CustomerCosts(engine.make(frame, tmp_path), customer="whom", cost="paid", time="when")
        assert spent._table["cost"].tolist() == [3.0, 0.0, 2.5]

    @pytest.mark.parametrize(
        "when",
        [
            ["2026-01-02", "2026-01-03T10:00"],
            [dt.date(2026, 1, 2), dt.date(2026, 1, 3)],
            [dt.datetime(2026, 1, 2, 23, 59), dt.datetime(2026, 1, 3)],
            list(pd.to_datetime(["2026-01-02 23:59+08:00", "2026-01-03 00:01+08:00"])),
        ],
        ids=["text", "date", "datetime", "zoned"],
    )
    def test_times_are_days_on_their_own_clock(self, when):
        table = referrals(["a", "a"], ["b", "c"], time=when)._table
        assert table["time"].tolist() == [pd.Timestamp("2026-01-02"), pd.Timestamp("2026-01-03")]

    def test_the_index_of_pandas_does_not_matter(self):
        frame = pd.DataFrame({"by": ["a", "a"], "whom": ["b", "c"], "paid": [1.0, 2.0]}, index=[7, 7])
        assert Referrals(frame, referrer="by", referee="whom", reward="paid")._table["reward"].tolist() == [1.0, 2.0]

    def test_the_caller_s_frame_is_not_changed_and_not_watched(self):
        frame = pd.DataFrame({"id": ["a"], "paid": [15.0]})
        read = CustomerCosts(frame, customer="id", cost="paid")
        frame.loc[0, "paid"] = -1.0
        assert read._table["cost"].tolist() == [15.0]

    def test_categorical_customers_are_compared_by_name(self):
        frame = pd.DataFrame({"by": pd.Categorical(["a", "a"]), "whom": pd.Categorical(["b", "c"])})
        assert len(Referrals(frame, referrer="by", referee="whom")._table) == 2
        own = pd.DataFrame({"by": pd.Categorical(["a", "a"]), "whom": pd.Categorical(["b", "a"])})
        with pytest.raises(DataError, match="who referred themselves"):
            Referrals(own, referrer="by", referee="whom")

    def test_an_empty_log_holds_no_referral(self):
        frame = pd.DataFrame({"by": pd.Series([], dtype=str), "whom": pd.Series([], dtype=str)})
        assert repr(Referrals(frame, referrer="by", referee="whom")).startswith("Referrals(0 referrals by 0 customers")

    def test_reprs_count(self):
        read = referrals(["a", "a", "b"], ["b", "c", "d"], reward=[1, 2, 3])
        assert repr(read) == "Referrals(3 referrals by 2 customers; referrer='by', referee='whom', reward='reward')"
        assert repr(costs(["a", "a"], [1.25, 1000], time=["2026-01-01", "2026-01-02"])) == (
            "CustomerCosts(2 costs of 1 customer, 1,001.25 in all)"
        )


class TestRefusedReferrals:
    def test_two_referrers(self):
        assert problems(referrals, ["a", "b", "a"], ["c", "c", "d"]) == (
            "1 customer with two referrers or more (such as ['c']); keep the one who counts",
        )

    def test_the_same_referral_twice_is_two_referrers(self):
        assert problems(referrals, ["a", "a"], ["c", "c"])[0].startswith("1 customer with two referrers or more")

    def test_oneself(self):
        assert problems(referrals, ["a", "b"], ["a", "c"]) == (
            "1 customer who referred themselves (such as ['a']); leave these rows out",
        )

    def test_circles_name_those_on_them_only(self):
        found = problems(referrals, ["a", "b", "c", "c", "x"], ["b", "c", "a", "z", "y"])
        assert len(found) == 1
        assert found[0].startswith("3 customers who referred each other in a circle (such as [")
        assert found[0].endswith("one of them came first by itself")
        assert all(f"'{name}'" in found[0] for name in "abc")
        assert not any(f"'{name}'" in found[0] for name in "xyz")

    def test_everything_at_once(self):
        found = problems(referrals, ["a", "b", "d"], ["c", "c", "d"])
        assert len(found) == 2

    def test_long_chains_are_no_circle(self):
        names = [f"k{i}" for i in range(5000)]
        assert len(referrals(names[:-1], names[1:])._table) == 4999

    def test_long_circles_are(self):
        names = [f"k{i}" for i in range(5000)]
        assert problems(referrals, names, [*names[1:], names[0]])[0].startswith(
            "5,000 customers who referred each other in a circle"
        )

    @pytest.mark.parametrize("reward", [-1.0, np.inf, -np.inf])
    def test_rewards_below_zero_or_infinite(self, reward):
        assert problems(referrals, ["a", "a"], ["b", "c"], reward=[1.0, reward]) == (
            f"column 'reward' (reward) has 1 value below 0 or infinite (such as {reward:g})",
        )

    def test_missing_values(self):
        found = problems(referrals, ["a", None], ["b", "c"], reward=[np.nan, np.nan])
        assert found == (
            "column 'by' (referrer) misses 1 value; every row needs one",
            "column 'reward' (reward) misses 2 values; every row needs one",
        )

    @pytest.mark.parametrize("reward", [["much"], [dt.date(2026, 1, 1)], ["3.0"]], ids=["word", "date", "numeral"])
    def test_rewards_that_are_no_numbers(self, reward):
        assert problems(referrals, ["a"], ["b"], reward=reward)[0].startswith(
            "column 'reward' (reward) must be numeric; it holds"
        )

    @pytest.mark.parametrize("when", [["soon"], [20260101], [1.5], [True]], ids=["word", "int", "float", "bool"])
    def test_times_that_are_none_are_never_guessed(self, when):
        """As an order log does: 20260101 nanoseconds after 1970 is no day in 2026."""
        found = problems(referrals, ["a"], ["b"], time=when)
        assert found[0].startswith("column 'time' (time) must hold dates, timestamps or ISO strings; it holds")

    def test_a_missing_column_is_named_with_those_there(self):
        frame = pd.DataFrame({"by": ["a"], "whom": ["b"]})
        with pytest.raises(DataError) as caught:
            Referrals(frame, referrer="By_", referee="who", reward="paid")
        assert str(caught.value) == (
            "Referrals cannot read this referral log:\n"
            "- columns 'By_' (referrer), 'who' (referee) and 'paid' (reward) are missing; it has ['by', 'whom']; did you mean 'by' and 'whom'?"
        )

    def test_repeated_columns(self):
        frame = pd.DataFrame([["a", "b", "c"]], columns=["by", "whom", "by"])
        with pytest.raises(DataError, match="by"):
            Referrals(frame, referrer="by", referee="whom")

    @pytest.mark.parametrize("frame", [None, [("a", "b")], {"by": ["a"]}, "referrals.csv", np.zeros((2, 2))])
    def test_no_dataframe(self, frame):
        with pytest.raises(DataError, match=rf"expected a dataframe .*got {type(frame).__name__}"):
            Referrals(frame, referrer="by", referee="whom")

    @pytest.mark.parametrize("name", ["referrer", "referee", "time", "reward"])
    def test_names_of_columns_are_text(self, name):
        frame = pd.DataFrame({"by": ["a"], "whom": ["b"]})
        must = "the name of a column" + (", or None" if name in {"time", "reward"} else "")
        with pytest.raises(ParameterError) as caught:
            Referrals(frame, **{"referrer": "by", "referee": "whom", name: 3})  # type: ignore[arg-type]
        assert str(caught.value) == f"Referrals({name}=...) must be {must}; got 3."


class TestRefusedCosts:
    def test_two_costs_without_a_time(self):
        assert problems(costs, ["a", "a", "b"], [1, 2, 3]) == (
            "1 customer with two costs or more (such as ['a']); add them up, or name the time",
        )

    def test_two_costs_with_a_time_are_two_costs(self):
        assert len(costs(["a", "a"], [1, 2], time=["2026-01-01", "2026-01-01"])._table) == 2

    def test_costs_below_zero(self):
        assert problems(costs, ["a", "b"], [1.0, -2.5]) == (
            "column 'paid' (cost) has 1 value below 0 or infinite (such as -2.5)",
        )

    def test_who_and_what_is_missing(self):
        with pytest.raises(DataError) as caught:
            CustomerCosts(pd.DataFrame({"id": ["a"], "paid": [1.0]}), customer="id", cost="cost")
        assert str(caught.value).startswith("CustomerCosts cannot read this cost table:\n- column 'cost' (cost) is missing")

    def test_times_are_read_with_costs(self):
        assert "must hold dates" in problems(costs, ["a"], [1.0], time=[19700101])[0]
