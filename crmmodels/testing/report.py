"""What ran, what passed, and why something did not."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["passed", "failed", "expected failure", "not run"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check.

    Attributes
    ----------
    name : str
        The check.
    promise : str
        What it checks, in one sentence.
    status : {"passed", "failed", "expected failure", "not run"}
        The outcome.
    reason : str
        Why it failed or did not run; empty where it passed.
    """

    name: str
    promise: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The outcome of all checks of one model.

    Attributes
    ----------
    model : str
        The model's class.
    results : tuple of CheckResult
        One per check, in the order in which they ran.
    """

    model: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.named("failed")

    @property
    def n_run(self) -> int:
        """Number of checks that ran."""
        return len(self.results) - len(self.named("not run"))

    def named(self, status: Status) -> tuple[str, ...]:
        """Names of the checks with one outcome.

        Parameters
        ----------
        status : {"passed", "failed", "expected failure", "not run"}
            The outcome.

        Returns
        -------
        tuple of str
            The names.
        """
        return tuple(result.name for result in self.results if result.status == status)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [f"{self.model}: {len(self.named('passed'))} of {self.n_run} checks passed"]
        lines += [
            f"- {result.name} {result.status}: {result.promise} {result.reason}".rstrip()
            for result in self.results
            if result.status != "passed"
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{html.escape(result.promise)}</td>'
            f'<td style="text-align:left">{result.status} {html.escape(result.reason)}</td></tr>'
            for result in self.results
        )
        return f"<div><b>{html.escape(str(self).splitlines()[0])}</b><table>{rows}</table></div>"
