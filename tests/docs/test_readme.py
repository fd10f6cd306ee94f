"""The commands of the README files are targets of the Makefile, and their example runs."""

import re
import tomllib
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.zh-CN.md"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def targets() -> set[str]:
    return set(re.findall(r"^(\w+):(?!=)", text_of("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "docs/index.md"])
def test_commands_are_targets_of_the_makefile(name):
    text = text_of(name)
    commands = set(re.findall(r"^(?:    )?make (\w+)", text, re.MULTILINE)) | set(re.findall(r"`make (\w+)`", text))
    assert {"test"} <= commands <= targets()


@pytest.mark.parametrize("name", READMES)
def test_demo_and_test_stand_as_commands(name):
    commands = re.findall(r"^    make (\w+) ", text_of(name), re.MULTILINE)
    assert commands == ["demo", "test"]


@pytest.mark.parametrize("name", READMES)
def test_extras_exist(name):
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    text = text_of(name)
    assert "python -m pip install '.[all]'" in text
    assert all(f"`{extra}`" in text for extra in extras)


@pytest.mark.parametrize("name", READMES)
def test_the_examples_run(name, tmp_path, monkeypatch):
    example, outlook = re.findall(r"```python\n(.*?)```", text_of(name), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for code in (example, outlook):
            exec(compile(code, name, "exec"), names)  # noqa: S102  (our own examples)
    labels = names["rfm"].segment_labels()
    comment = re.search(r"# (\S.*?) < .*? < (?:\.\.\.|…) < (.*)", example)
    assert (labels[0], labels[-1]) == (comment[1], comment[2])
    assert (tmp_path / "rfm.json").is_file()
    assert list(names["outlook"].columns) == ["probability_alive", "expected_purchases", "probability_no_purchase"]
    assert list(names["spend"].columns) == ["expected_spend"]
    assert names["revenue"].index.tolist() == names["customers"]["customer_id"].tolist()
    assert (names["revenue"] > 0).all()


def test_both_readmes_have_the_same_parts():
    parts = {name: len(re.findall(r"^## ", text_of(name), re.MULTILINE)) for name in READMES}
    assert len(set(parts.values())) == 1
    links = {name: set(re.findall(r"\]\((docs/[^)]+\.md)\)", text_of(name))) for name in READMES}
    assert links["README.md"] == links["README.zh-CN.md"]
