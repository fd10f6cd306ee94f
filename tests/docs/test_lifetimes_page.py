"""The page for those who come from lifetimes: its examples run, it names every public call, and its counterparts exist."""

import doctest
import inspect
import re
from pathlib import Path

import lifetimes
import lifetimes.datasets
import lifetimes.generate_data
import lifetimes.plotting
import lifetimes.utils
import pytest

import crmmodels
from crmmodels import plotting
from crmmodels.kernels.simulation import purchases as simulation
from docs.figures import differences

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "coming-from-lifetimes.md").read_text("utf-8")
BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (.*?) \| (.*?) \|$", re.MULTILINE)
FITTERS = [getattr(lifetimes, name) for name in lifetimes.__all__ if name.endswith("Fitter")]
OF_INSTANCES = {
    "params_",
    "summary",
    "standard_errors_",
    "confidence_intervals_",
    "variance_matrix_",
    "predict",
    "generate_new_data",
}
HELPERS = {"coalesce", "forceAspect"}


class Rounded(doctest.OutputChecker):
    """Outputs whose numbers may differ by one unit of the last place that the page shows."""

    def check_output(self, want, got, optionflags):
        found, expected = (" ".join(text.split()) for text in (got, want))
        return super().check_output(want, got, optionflags) or not list(differences(found, expected, rtol=1e-9))


def public_calls() -> set[str]:
    names = {fitter.__name__ for fitter in FITTERS} | OF_INSTANCES
    names |= {name for fitter in FITTERS for name, _ in inspect.getmembers(fitter, inspect.isfunction)}
    for module in (lifetimes.utils, lifetimes.plotting, lifetimes.generate_data, lifetimes.datasets):
        own = inspect.getmembers(module, lambda value: inspect.isfunction(value) or inspect.isclass(value))
        names |= {name for name, value in own if value.__module__ == module.__name__}
    return {name for name in names if not name.startswith("_")} - HELPERS


def table() -> str:
    return TEXT.split("(every-call)=")[1]


def test_the_examples_are_true():
    blocks = list(BLOCK.finditer(TEXT))
    lines = [""] * TEXT.count("\n")
    for block in blocks:
        first = TEXT[: block.start(1)].count("\n")
        code = block[1].splitlines()
        lines[first : first + len(code)] = code
    page = doctest.DocTestParser().get_doctest("\n".join(lines) + "\n", {}, "coming-from-lifetimes.md", None, 0)
    assert len(page.examples) > 60
    said = []
    runner = doctest.DocTestRunner(Rounded(), optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(page, out=said.append)
    if said:
        pytest.fail("".join(said))
    assert runner.summarize(verbose=False).attempted == len(page.examples)


def test_every_public_call_of_lifetimes_is_in_the_tables():
    left = " ".join(row[0] for row in ROW.findall(table()))
    named = {name for span in re.findall(r"`([^`]+)`", left) for name in re.findall(r"\w+", span)}
    assert sorted(public_calls() - named) == []


@pytest.mark.parametrize(("prefix", "owner"), [("crm", crmmodels), ("plotting", plotting), ("simulation", simulation)])
def test_the_counterparts_exist(prefix, owner):
    right = " ".join(row[1] for row in ROW.findall(table()))
    names = set(re.findall(rf"`{prefix}\.(\w+)", right))
    assert names
    assert sorted(name for name in names if not hasattr(owner, name)) == []


@pytest.mark.parametrize(("prefix", "owner"), [("model", crmmodels.BetaGeoModel), ("spend", crmmodels.GammaGammaModel)])
def test_the_verbs_exist(prefix, owner):
    right = " ".join(row[1] for row in ROW.findall(table()))
    names = set(re.findall(rf"`{prefix}\.(\w+)", right))
    assert names
    assert sorted(name for name in names if not hasattr(owner, name)) == []
    assert sorted(name for name in re.findall(r"`model\.fitted\.(\w+)", right) if not _of_fit(name)) == []


def _of_fit(name: str) -> bool:
    return hasattr(crmmodels.ParametricFit, name)
