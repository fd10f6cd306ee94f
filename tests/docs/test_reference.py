"""The reference lists every public name once, and nothing else."""

from pathlib import Path

from crmmodels import kernels
from docs.reference_lists import REFERENCE, listed, modules_of, pages, public, with_name, without_name


def test_every_file_of_the_kernels_is_looked_into():
    files = [path for path in Path(kernels.__file__).parent.rglob("*.py") if path.name != "__init__.py"]
    assert len(modules_of(kernels)) == len(files) >= 80
    assert len(public()) >= 500


def test_every_public_name_is_in_the_reference():
    assert sorted(public() - set(listed())) == [], "python -m docs.reference_lists --write puts them in"


def test_the_reference_has_no_other_name():
    assert sorted(set(listed()) - public()) == [], "python -m docs.reference_lists --write takes them out"


def test_no_name_is_listed_twice():
    names = listed()
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_page_of_the_reference_is_in_its_index():
    index = (REFERENCE / "index.md").read_text("utf-8")
    toctree = index.split("```{toctree}")[1].split("```")[0].split()
    found = {page.stem for page in REFERENCE.glob("*.md")} - {"index"}
    assert found == set(toctree) & found
    assert all(f"({page}.md)" in index for page in found)


def test_a_name_that_is_taken_out_is_put_in_again():
    for name in ("crmmodels.kernels.rfm.nested_cuts", "crmmodels.RFMModel", "crmmodels.kernels.purchase.nbd"):
        without = without_name(pages(), name)
        assert all(f":: {name}\n" not in text and f":: {name}()" not in text for text in without.values()), name
        assert any(f":: {name}\n" in text for text in with_name(without, name).values()), name
