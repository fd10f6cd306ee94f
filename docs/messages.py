"""Compare what docs/reference/messages.md says with what the library says: python -m docs.messages [--write].

Each entry of the page is a heading of the third level, an example and the message that it gives. With --write the messages
given now take the place of those on the page.
"""

import argparse
import contextlib
import importlib
import math
import re
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from crmmodels import exceptions
from crmmodels.plotting.drawing import fonts

PAGE = Path(__file__).resolve().parent / "reference" / "messages.md"
SOURCES = Path(__file__).resolve().parent.parent / "crmmodels"
BASES = {"CrmModelsError", "CrmModelsWarning"}
ENTRY = re.compile(r"^### (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")
OPEN = "[…]"
TOLERANCE = 0.01
OPTIONAL_PACKAGES = ("duckdb", "matplotlib", "polars", "pyarrow", "python_calamine")


@dataclass(frozen=True)
class Entry:
    """One message: its heading, the example that gives it, and its text."""

    section: str
    heading: str
    code: str
    said: str
    rest: str


def entries(page: str) -> list[Entry]:
    """The entries of the page, in order."""
    found = []
    for part in re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]:
        section = part.partition("\n")[0].removeprefix("## ")
        for heading, body in ENTRY.findall(part):
            code, said = CODE.findall(body), SAID.findall(body)
            if len(code) != 1 or len(said) != 1:
                msg = f"the entry {heading!r} must have one example (```python) and one message (```text)"
                raise ValueError(msg)
            found.append(Entry(section, heading, code[0], said[0], SAID.sub("", CODE.sub("", body))))
    return found


def setup(page: str) -> str:
    """The lines that all examples begin with."""
    return CODE.findall(re.split(r"^## ", page, flags=re.MULTILINE)[0])[0]


def given(entry: Entry, begin: str) -> list[str]:
    """Messages that an example gives: its warnings, then what it raises, each as Python prints it."""
    namespace: dict[str, object] = {"__name__": "example"}
    raised = []
    with _in_a_folder(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(begin, namespace)  # noqa: S102  (our own page)
        caught.clear()
        with _conditions(entry):
            try:
                exec(entry.code, namespace)  # noqa: S102
            except Exception as error:  # noqa: BLE001  (one of another kind is shown as what it is)
                raised = [f"{type(error).__name__}: {error}"]
    return [f"{warning.category.__name__}: {warning.message}" for warning in caught] + raised


def is_same(there: str, here: str) -> bool:
    """Whether a message is what the page says, but for line breaks, digits of numbers beyond the second, and what is left open."""
    there, here = (" ".join(text.split()) for text in (there, here))
    words = [re.escape(part).replace(re.escape(OPEN), ".+?") for part in NUMBER.split(there)]
    found = re.fullmatch(f"({NUMBER.pattern})".join(words), here)
    if found is None:
        return False
    pairs = zip(NUMBER.findall(there), found.groups(), strict=True)
    return all(math.isclose(_value(a), _value(b), rel_tol=TOLERANCE) for a, b in pairs)


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def given_classes() -> set[str]:
    """Exception and warning classes of which the library makes messages somewhere."""
    sources = "\n".join(path.read_text("utf-8") for path in SOURCES.rglob("*.py") if path != SOURCES / "exceptions.py")
    return {name for name in exceptions.__all__ if name not in BASES and re.search(rf"\b{name}[(.]", sources)}


def problems_of(page: str) -> Iterator[str]:
    """Say what is wrong with the page, one sentence each."""
    found = entries(page)
    classes = {name for name in exceptions.__all__ if name not in BASES}
    documented = {entry.said.partition(":")[0] for entry in found}
    for name in sorted(given_classes() - documented):
        yield f"no entry has a message of {name}; add a heading with an example that gives one"
    for name in sorted(documented - classes):
        yield f"{name} is no exception or warning of crmmodels"
    for name in sorted(BASES):
        if f"`{name}`" not in page:
            yield f"the page does not name {name}"
    for entry in found:
        if "**Cause.**" not in entry.rest or "**What to do.**" not in entry.rest:
            yield f"the entry {entry.heading!r} lacks its cause or what to do"
        messages = given(entry, setup(page))
        if not any(is_same(entry.said, message) for message in messages):
            shown = "\n".join(messages) or "nothing"
            yield f"the entry {entry.heading!r} is of the message\n{entry.said}but its example gives\n{shown}"


def rewritten(page: str) -> str:
    """The page with the messages that are given now; of several the one of the class that stands there."""
    begin = setup(page)
    for entry in entries(page):
        name = entry.said.partition(":")[0].strip()
        messages = [message for message in given(entry, begin) if message.partition(":")[0] == name]
        if messages:
            before = f"{entry.code}```\n\n```text\n"
            said = entry.said if is_same(entry.said, messages[0]) else wrapped(messages[0])
            page = page.replace(f"{before}{entry.said}", f"{before}{said}")
    return page


def wrapped(message: str) -> str:
    """A message with line breaks where a page has them; they count for nothing."""
    lines = (
        textwrap.fill(line, 112, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for line in message.splitlines()
    )
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _in_a_folder() -> Iterator[None]:
    """An empty folder, for examples that write files."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        yield


@contextlib.contextmanager
def _conditions(entry: Entry) -> Iterator[None]:
    """What an example cannot bring about by itself."""
    with contextlib.ExitStack() as stack:
        if entry.section == "Optional packages":
            stack.enter_context(mock.patch.dict(sys.modules, dict.fromkeys(OPTIONAL_PACKAGES)))
        if entry.said.startswith("MissingGlyphWarning"):
            stack.enter_context(mock.patch.object(fonts, "candidate_families", return_value=()))
        if entry.said.startswith("UnconvergedWarning"):
            learning = importlib.import_module("crmmodels.models.lifecycle.record")
            stack.enter_context(mock.patch.object(learning, "_MOST_ITERATIONS", 1))
        yield


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the messages given now into the page")
    page = PAGE.read_text("utf-8")
    if parser.parse_args().write:
        page = rewritten(page)
        PAGE.write_text(page, "utf-8")
    problems = list(problems_of(page))
    for problem in problems:
        print(problem, end="\n\n")
    print(f"{len(entries(page))} messages checked, {len(problems)} problems")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
