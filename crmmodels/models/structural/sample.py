"""The respondents that a structural model is estimated on, and why some answers cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmmodels._typing import AnyArray, BoolArray, FloatArray
from crmmodels.base import Values
from crmmodels.exceptions import ConvergenceError, DataError
from crmmodels.kernels.moments.missing import em_moments
from crmmodels.kernels.moments.moments import Moments, moments
from crmmodels.models.structural.graph import StructuralGraph
from crmmodels.models.structural.scores import MissingPolicy
from crmmodels.wording import count_of

_NOUN: Final = "survey"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Answers that estimates rest on.

    Attributes
    ----------
    answers : ndarray of float64, shape (n_respondents, n_items)
        NaN for none.
    weight : ndarray of float64, shape (n_respondents,), or None
        Respondent weights.
    kept : ndarray of bool, shape (n_rows,)
        Rows of the survey that these are.
    missing : {"mean", "listwise", "em"}
        What becomes of missing answers.
    """

    answers: FloatArray
    weight: FloatArray | None
    kept: BoolArray
    missing: MissingPolicy

    @property
    def n_left_out(self) -> int:
        """Rows of the survey that are not used."""
        return int(self.kept.size - self.kept.sum())

    @property
    def share_replaced(self) -> float:
        """Share of the answers that is missing."""
        return float(np.isnan(self.answers).mean())

    def part(self, rows: AnyArray) -> Sample:
        """Some of the respondents, in this order."""
        weight = None if self.weight is None else self.weight[rows]
        return Sample(self.answers[rows], weight, self.kept, self.missing)

    def with_columns(self, columns: Callable[[FloatArray], FloatArray], reader: str) -> Sample:
        """The same respondents with further columns, made of complete answers: a product of a mean is no mean of products."""
        if n_missing := int(np.isnan(self.answers).sum()):
            problem = f"{count_of(n_missing, 'answer')} missing, but interactions need complete answers; use missing='listwise'"
            raise DataError(reader, [problem], _NOUN)
        return Sample(np.hstack([self.answers, columns(self.answers)]), self.weight, self.kept, self.missing)

    def in_canonical_order(self, seed: int) -> Sample:
        """The same respondents in an order that depends on their answers and the seed alone, and is as good as random."""
        keys = list(self.answers.T) if self.weight is None else [self.weight, *self.answers.T]
        order = np.lexsort(keys)
        return self.part(order[np.random.default_rng(seed).permutation(len(order))])

    def is_exact(self) -> bool:
        """Whether sums of products of the answers are exact, so that the order of the respondents cannot matter."""
        return self.weight is None and bool(((self.answers == np.rint(self.answers)) | np.isnan(self.answers)).all())

    @property
    def needs_em(self) -> bool:
        """Whether covariances come from the EM algorithm: answers are missing and are not to count as the mean."""
        return self.missing == "em" and bool(np.isnan(self.answers).any())

    def moments(self, reader: str, *, is_batch: bool = False) -> Moments:
        """Means and covariances under the policy for missing answers, perhaps as a batch of one."""
        found = self._most_likely(reader) if self.needs_em else moments(self.answers, self.weight)
        return _one_batch(found) if is_batch else found

    def _most_likely(self, reader: str) -> Moments:
        found = em_moments(self.answers, self.weight)
        if not found.has_converged:
            reason = (
                f"the covariances of the incomplete answers did not settle in {int(found.n_iterations)} iterations; too few respondents "
                "answered some pairs of items: leave items out, or use missing='mean'"
            )
            raise ConvergenceError.because(reader, [reason])
        return found.moments


def _one_batch(found: Moments) -> Moments:
    n = np.array([float(found.n_observations)])
    return Moments(found.mean[np.newaxis], found.covariance[np.newaxis], n)


def sample_of(values: Values, items: tuple[str, ...], weight: str | None, missing: MissingPolicy, reader: str) -> Sample:
    """The respondents who answered something, or listwise everything, and have a weight above 0; two or more."""
    answers = np.array([values[item] for item in items]).T
    absent = np.isnan(answers)
    n_rows = len(answers)
    kept = np.ones(n_rows, bool)
    if absent.any():
        kept = ~(absent.any(axis=1) if missing == "listwise" else absent.all(axis=1))
    given = None if weight is None else values[weight]
    if given is not None:
        kept &= given > 0
    n_kept = int(kept.sum())
    if n_kept < 2:
        why = "with all answers (missing='listwise')" if missing == "listwise" else "with an answer and a weight above 0"
        advice = "; use missing='mean' or 'em'" if missing == "listwise" else ""
        problem = f"{count_of(n_kept, 'respondent')} of {n_rows:,} {why} left; a model needs two or more{advice}"
        raise DataError(reader, [problem], _NOUN)
    if n_kept == n_rows:
        return Sample(answers, given, kept, missing)
    return Sample(answers[kept], None if given is None else given[kept], kept, missing)


def check_answers(graph: StructuralGraph, sample: Sample, reader: str) -> None:
    """Refuse answers from which the model cannot be estimated: constant items, and constructs of more items than respondents."""
    problems = [*_constant_items(graph, sample), *_few_respondents(graph, sample)]
    if problems:
        raise DataError(reader, problems, _NOUN)


def _constant_items(graph: StructuralGraph, sample: Sample) -> Iterator[str]:
    low, high = np.fmin.reduce(sample.answers, axis=0), np.fmax.reduce(sample.answers, axis=0)
    listwise = " after respondents with a missing answer are left out (missing='listwise')" if sample.n_left_out else ""
    after = listwise if sample.missing == "listwise" else ""
    for item, least, most in zip(graph.items, low.tolist(), high.tolist(), strict=True):
        if least != least:  # noqa: PLR0124  (NaN)
            yield f"item {item!r} has no answers; leave it out of the model"
        elif least == most:
            yield f"item {item!r} has the same answer, {least:g}, from all{after}; without variance it measures nothing: leave it out"


def _few_respondents(graph: StructuralGraph, sample: Sample) -> Iterator[str]:
    n = len(sample.answers)
    for name, block in graph.blocks.items():
        if n < len(block):
            yield f"construct {name!r} has {len(block)} items, but there are {count_of(n, 'respondent')}; more respondents than items are needed"
