"""The reference lists every public name once, and nothing else."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import crmmodels
from crmmodels import interop, kernels, metrics, plotting, simulate, testing

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
_OF_KERNELS = {"Channel", "LIFECYCLE_STAGES", "ParetoNBDParameters", "RetailerParameters"}
DIRECTIVE = re.compile(r"^\.\. (?:auto(?:class|function|exception|module)|py:module):: ([\w.]+)", re.MULTILINE)


def listed() -> list[str]:
    return [name for page in sorted(REFERENCE.glob("*.md")) for name in DIRECTIVE.findall(page.read_text("utf-8"))]


def modules_of(package) -> list[str]:
    """Modules in a package and its folders, without the folders themselves."""
    walked = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [module.name for module in walked if not module.ispkg]


def kernel_modules() -> list[str]:
    return modules_of(kernels)


def defined_in(module_name: str) -> set[str]:
    module = importlib.import_module(module_name)
    own = [(name, value) for name, value in vars(module).items() if getattr(value, "__module__", "") == module_name]
    return {f"{module_name}.{name}" for name, value in own if not name.startswith("_") and callable(value)}


def public() -> set[str]:
    names = {f"crmmodels.{name}" for name in crmmodels.__all__}
    names |= {f"crmmodels.datasets.{name}" for name in _functions(crmmodels.datasets)}
    names |= {f"crmmodels.simulate.{name}" for name in simulate.__all__ if name not in _OF_KERNELS}
    names |= {f"crmmodels.metrics.{name}" for name in metrics.__all__}
    names |= {"crmmodels.plotting", *(f"crmmodels.plotting.{name}" for name in plotting.__all__)}
    names |= {"crmmodels.testing", *(f"crmmodels.testing.{name}" for name in testing.__all__), "crmmodels.testing.strategies"}
    for module in [*kernel_modules(), *modules_of(interop)]:
        names |= {module, *defined_in(module)}
    return names


def _functions(module) -> list[str]:
    own = inspect.getmembers(module, inspect.isfunction)
    return [name for name, value in own if value.__module__ == module.__name__ and not name.startswith("_")]


def test_every_file_of_the_kernels_is_looked_into():
    files = [path for path in Path(kernels.__file__).parent.rglob("*.py") if path.name != "__init__.py"]
    assert len(kernel_modules()) == len(files) >= 80
    assert len(public()) >= 500


def test_every_public_name_is_in_the_reference():
    assert sorted(public() - set(listed())) == []


def test_the_reference_has_no_other_name():
    assert sorted(set(listed()) - public()) == []


def test_no_name_is_listed_twice():
    names = listed()
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_page_of_the_reference_is_in_its_index():
    index = (REFERENCE / "index.md").read_text("utf-8")
    toctree = index.split("```{toctree}")[1].split("```")[0].split()
    pages = {page.stem for page in REFERENCE.glob("*.md")} - {"index"}
    assert pages == set(toctree) & pages
    assert all(f"({page}.md)" in index for page in pages)
