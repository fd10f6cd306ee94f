"""Names that the reference lists: python -m docs.reference_lists says which are missing or gone, --write puts them in and out.

What is put in stands at the end of the section of its module, or of its page; move it where a reader looks for it.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import crmmodels
from crmmodels import interop, kernels, metrics, plotting, simulate, testing

REFERENCE = Path(__file__).resolve().parent / "reference"
DIRECTIVE = re.compile(r"^\.\. (?:auto(?:class|function|exception|module)|py:module):: ([\w.]+)", re.MULTILINE)
_OF_KERNELS = {"Channel", "LIFECYCLE_STAGES", "ParetoNBDParameters", "RetailerParameters"}
_PAGES = {
    "kernels": "kernels.md",
    "metrics": "metrics.md",
    "plotting": "plotting.md",
    "testing": "testing.md",
    "interop": "interop.md",
}
"""Page of what is new, by the first part of its name; all else is among the models."""


def pages():
    """Text of each page of the reference."""
    return {page.name: page.read_text("utf-8") for page in sorted(REFERENCE.glob("*.md"))}


def listed():
    """Names that the pages list, in their order."""
    return [name for text in pages().values() for name in DIRECTIVE.findall(text)]


def modules_of(package):
    """Modules in a package and its folders, without the folders themselves."""
    walked = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [module.name for module in walked if not module.ispkg]


def defined_in(module_name):
    """Public classes and functions that a module defines."""
    module = importlib.import_module(module_name)
    own = [(name, value) for name, value in vars(module).items() if getattr(value, "__module__", "") == module_name]
    return {f"{module_name}.{name}" for name, value in own if not name.startswith("_") and callable(value)}


def public():
    """Every name that the reference must list."""
    names = {f"crmmodels.{name}" for name in crmmodels.__all__}
    names |= {f"crmmodels.datasets.{name}" for name in _functions(crmmodels.datasets)}
    names |= {f"crmmodels.simulate.{name}" for name in simulate.__all__ if name not in _OF_KERNELS}
    names |= {f"crmmodels.metrics.{name}" for name in metrics.__all__}
    names |= {"crmmodels.plotting", *(f"crmmodels.plotting.{name}" for name in plotting.__all__)}
    names |= {"crmmodels.testing", *(f"crmmodels.testing.{name}" for name in testing.__all__), "crmmodels.testing.strategies"}
    for module in [*modules_of(kernels), *modules_of(interop)]:
        names |= {module, *defined_in(module)}
    return names


def _functions(module):
    own = inspect.getmembers(module, inspect.isfunction)
    return [name for name, value in own if value.__module__ == module.__name__ and not name.startswith("_")]


def with_name(texts, name):
    """The pages with one name more."""
    owner, _, leaf = name.rpartition(".")
    value = (
        importlib.import_module(name)
        if inspect.ismodule(sys.modules.get(name))
        else getattr(importlib.import_module(owner), leaf)
    )
    if inspect.ismodule(value):
        page = _PAGES.get(name.split(".")[1], "models.md")
        section = f"\n## {leaf.replace('_', ' ').capitalize()}\n\n`{name}`: {(value.__doc__ or '').splitlines()[0]}\n\n"
        return {**texts, page: f"{texts[page]}{section}```{{eval-rst}}\n.. py:module:: {name}\n```\n"}
    directive = f".. autoclass:: {name}\n   :members:" if inspect.isclass(value) else f".. autofunction:: {name}"
    page = next((page for page, text in texts.items() if f".. py:module:: {owner}\n" in text), None)
    if page is None:
        page = _PAGES.get(name.split(".")[1], "models.md")
        return {**texts, page: f"{texts[page]}\n```{{eval-rst}}\n{directive}\n```\n"}
    start = texts[page].index(f".. py:module:: {owner}\n")
    end = texts[page].index("\n```", start)
    return {**texts, page: f"{texts[page][:end]}\n\n{directive}{texts[page][end:]}"}


def without_name(texts, name):
    """The pages with one name less."""
    gone = re.compile(rf"^\.\. (?:auto\w+|py:module):: {re.escape(name)}(?:\(\))?\n(?:   .*\n)*\n?", re.MULTILINE)
    return {page: gone.sub("", text) for page, text in texts.items()}


def main():
    """Say what is missing and gone, and mend it where asked to."""
    missing, gone = sorted(public() - set(listed())), sorted(set(listed()) - public())
    print(f"{len(public())} public names; missing {missing}, gone {gone}")
    if "--write" in sys.argv[1:]:
        texts = pages()
        for name in gone:
            texts = without_name(texts, name)
        for name in missing:
            texts = with_name(texts, name)
        for page, text in texts.items():
            (REFERENCE / page).write_text(text, "utf-8")
        return 0
    return int(bool(missing or gone))


if __name__ == "__main__":
    sys.exit(main())
