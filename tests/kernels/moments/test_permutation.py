"""Moments of groups formed at random against groups written out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from crmmodels.kernels.moments import permutation as resampling_permutation
from crmmodels.kernels.moments import products as moment_products
from crmmodels.kernels.moments.moments import Moments, moments
from crmmodels.kernels.moments.permutation import grouped_moments, permuted_moments


def survey(seed: int, n: int = 30, p: int = 4, missing: float = 0.2, whole: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    items = rng.normal(6, 2, (n, 1)) + rng.normal(size=(n, p))
    items = np.clip(np.rint(items), 1, 10) if whole else items
    items[rng.random(items.shape) < missing] = np.nan
    items[0] = 5.0
    return items


def joined(batches) -> Moments:
    parts = list(batches)
    fields = ("mean", "covariance", "n_observations")
    return Moments(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))


def with_flags(items: np.ndarray) -> np.ndarray:
    """One more item for each respondent, 1 for that one only: its mean in a sample tells how often the respondent is in it."""
    return np.column_stack([items, np.eye(len(items))])


@pytest.mark.parametrize("rows", [None, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.25])
def test_every_group_is_the_group_written_out(
    monkeypatch: pytest.MonkeyPatch, rows: int | None, weighted: bool, missing: float
) -> None:
    if rows:
        monkeypatch.setattr(moment_products, "_MOST_ROWS", rows)
        monkeypatch.setattr(moment_products, "_FEWEST_ROWS", rows)
        monkeypatch.setattr(resampling_permutation, "_CELLS_AT_ONCE", 15)
        monkeypatch.setattr(resampling_permutation, "_LABELS_AT_ONCE", 18 * 7)
    items, group = survey(2, 18, 3, missing), np.repeat([0, 1, 2], [9, 4, 5])
    weight = np.random.default_rng(3).uniform(0.5, 2, 18) if weighted else None
    batches = list(permuted_moments(with_flags(items), group, 30, np.random.default_rng(1), weight=weight, batch=8))
    assert [len(batch.groups[0].mean) for batch in batches] == [8, 8, 8, 6]
    found = [joined(batch.groups[code] for batch in batches) for code in range(3)]
    members = np.stack([one.mean[:, 3:] > 1e-9 for one in found], axis=1)
    assert (members.sum(axis=1) == 1).all()
    assert (members.sum(axis=2) == [9, 4, 5]).all()
    assert len({row.tobytes() for row in members}) == 30
    for code, one in enumerate(found):
        for member, mean, covariance in zip(members[:, code], one.mean, one.covariance, strict=True):
            expected = moments(items[member], None if weight is None else weight[member])
            assert mean[:3] == pytest.approx(expected.mean, rel=1e-11, nan_ok=True)
            assert covariance[:3, :3] == pytest.approx(expected.covariance, rel=1e-9, abs=1e-9)


def test_every_dealing_is_as_likely_as_another() -> None:
    """Four respondents in two groups of two: six dealings."""
    from scipy.stats import chisquare

    batches = permuted_moments(np.eye(4), np.array([0, 0, 1, 1]), 6000, np.random.default_rng(1))
    first = np.concatenate([batch.groups[0].mean for batch in batches])
    seen = Counter(map(tuple, np.rint(first * 2).astype(int)))
    assert len(seen) == 6
    assert chisquare(list(seen.values())).pvalue > 0.001


def test_groups_as_they_are() -> None:
    items, group = survey(2, 18, 3), np.arange(18) % 3
    weight = np.random.default_rng(3).uniform(0.5, 2, 18)
    found = grouped_moments(items, group, weight=weight)
    for code, one in enumerate(found.groups):
        expected = moments(items[group == code], weight[group == code])
        assert one.mean.tolist() == expected.mean.tolist()
        assert one.n_observations == 6


def test_dealings_do_not_depend_on_how_many_are_handed_over_at_once() -> None:
    items, group = survey(2, 18, 3), np.arange(18) % 2
    one, other = (
        joined(batch.groups[1] for batch in permuted_moments(items, group, 20, np.random.default_rng(1), batch=size))
        for size in (3, 50)
    )
    assert one.covariance.tolist() == other.covariance.tolist()
