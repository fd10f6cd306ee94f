"""Every warning and error class is on the page of messages, and every message there is what its example gives."""

import importlib.util
import sys
from pathlib import Path

import pytest

from crmmodels import exceptions

SCRIPT = Path(__file__).parents[2] / "docs" / "messages.py"
_spec = importlib.util.spec_from_file_location("messages_of_docs", SCRIPT)
messages = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = messages
_spec.loader.exec_module(messages)

PAGE = messages.PAGE.read_text("utf-8")
ENTRIES = messages.entries(PAGE)
SMALL = """# Messages

`CrmModelsError` and `CrmModelsWarning`.

```python
import crmmodels as crm
```

## Parameters

### A value out of range

```python
crm.BetaGeoModel(horizon=-1, unit="W")
```

```text
ParameterError: BetaGeoModel(horizon=...) must be a number above 0,
  of weeks; got -1.
```

**Cause.** It is below 0.

**What to do.** Give another.
"""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.heading)
def test_a_message_is_what_its_example_gives(entry):
    given = messages.given(entry, messages.setup(PAGE))
    assert any(messages.is_same(entry.said, message) for message in given), "\n".join([entry.said, *given])


def test_every_class_is_on_the_page():
    """Run python -m docs.messages for what is wrong with each entry, and with --write to take over changed texts."""
    documented = {entry.said.partition(":")[0] for entry in ENTRIES}
    missing = messages.given_classes() - documented
    assert missing == set(), f"add an entry with an example that gives a message of {sorted(missing)}"


def test_every_class_is_exported_and_in_its_tree():
    classes = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, (exceptions.CrmModelsError, exceptions.CrmModelsWarning))
    }
    assert classes == set(exceptions.__all__)
    tree = (messages.PAGE.parent / "exceptions.md").read_text("utf-8").split("```text")[1].split("```")[0]
    assert sorted(name for name in classes if name not in tree or name not in exceptions.__doc__) == []


def test_the_page_covers_the_errors_met_most():
    assert sum("Error:" in entry.said.partition(" ")[0] for entry in ENTRIES) >= 25
    assert {entry.section for entry in ENTRIES} == {
        "Reading an order log",
        "Customer tables",
        "Parameters",
        "Fitting",
        "Saved models",
        "Models of one's own",
        "Optional packages",
        "Plots",
    }


def problems_but_of_classes(page: str) -> list[str]:
    return [problem for problem in messages.problems_of(page) if not problem.startswith("no entry")]


def test_a_small_page_is_right_but_for_the_classes_that_it_lacks():
    assert problems_but_of_classes(SMALL) == []
    lacking = [problem for problem in messages.problems_of(SMALL) if problem.startswith("no entry")]
    assert len(lacking) == len(messages.given_classes()) - 1 >= 20
    assert any("UnitWarning" in problem for problem in lacking)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("a number above 0", "a number above 1", "but its example gives"),
        ("a number above", "a figure above", "but its example gives"),
        ("ParameterError", "ParamError", "is no exception or warning"),
        ("horizon=-1", "horizon=1", "but its example gives\nnothing"),
        ("horizon=-1", "horizons=1", "TypeError"),
        ("**Cause.**", "Cause.", "lacks its cause"),
        ("`CrmModelsWarning`", "warnings", "does not name CrmModelsWarning"),
    ],
)
def test_what_has_drifted_is_found(before, after, problem):
    assert any(problem in found for found in problems_but_of_classes(SMALL.replace(before, after)))


def test_an_entry_without_an_example_is_refused():
    with pytest.raises(ValueError, match="'A value out of range' must have one example"):
        messages.entries(SMALL.replace("```text", "```console"))


def test_a_changed_text_is_taken_over_and_the_rest_stays():
    drifted = SMALL.replace("must be a number above 0,\n  of weeks", "is wrong")
    assert messages.rewritten(SMALL) == SMALL
    assert messages.rewritten(drifted) == SMALL.replace(",\n  of", ", of")


@pytest.mark.parametrize(
    ("there", "here", "same"),
    [
        ("k is 1.06, above", "k is 1.062,  above", True),
        ("k is 1.06, above", "k is 1.16, above", False),
        ("in '[…]' now", "in '/a/b' now", True),
        ("in '[…]' now", "in '' now", False),
        ("1,000 rows", "1,001 rows", True),
        ("1 row", "1 column", False),
    ],
)
def test_texts_are_compared_but_for_line_breaks_and_last_digits(there, here, same):
    assert messages.is_same(there, here) is same
