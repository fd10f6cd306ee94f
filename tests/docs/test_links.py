"""Links between pages and from the README files lead to something that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md"]
    + [page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts and "jupyter_execute" not in page.parts]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
IMAGE = re.compile(r"^```\{image\} (\S+)", re.MULTILINE)
CARD = re.compile(r"^:link: (\S+)", re.MULTILINE)
LABEL = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    text = page.read_text("utf-8")
    headings = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(LABEL.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    broken = []
    for link in LINK.findall(text) + IMAGE.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else page.parent / path
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    broken += [card for card in CARD.findall(text) if not (page.parent / f"{card}.md").is_file()]
    assert broken == []


def test_every_page_is_in_a_toctree():
    """Sphinx would warn; here it is known before."""
    for index in (page for page in PAGES if page.name == "index.md"):
        listed = set()
        for block in re.findall(r"```\{toctree\}\n(.*?)```", index.read_text("utf-8"), re.DOTALL):
            listed |= {line.strip() for line in block.splitlines() if line.strip() and not line.startswith(":")}
        beside = {page.stem for page in index.parent.glob("*.md")} - {"index"}
        below = {f"{page.parent.name}/index" for page in index.parent.glob("*/index.md")}
        assert listed == beside | below, index


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_pictures_of_the_readme_are_drawn_by_the_script(name):
    script = (ROOT / "docs" / "images" / "make_images.py").read_text("utf-8")
    drawn = set(re.findall(r'^ +"(\w+)": plotting\.', script, re.MULTILINE))
    pictures = re.findall(r"\]\(docs/images/([\w-]+)\.png\)", (ROOT / name).read_text("utf-8"))
    suffix = "-zh" if name == "README.zh-CN.md" else ""
    assert pictures
    assert {picture.removesuffix("-zh") for picture in pictures} <= drawn
    assert all(picture.endswith("-zh") == bool(suffix) for picture in pictures)
