"""Execute the notebooks from start to end: python -m docs.notebooks [--write].

Fails where a cell raises or writes to the standard error, and where the text that a committed notebook shows is not the text
that it gives now, its numbers compared to three digits. With --write the executed notebooks take the place of the committed ones.
"""

import argparse
import copy
import os
import sys
from pathlib import Path

import matplotlib.font_manager  # noqa: F401  (builds the font cache here, not on the standard error of a cell)
import nbclient
import nbformat

from crmmodels.plotting.drawing.fonts import choose_fonts
from docs.figures import differences

ROOT = Path(__file__).resolve().parent.parent
SECONDS_PER_CELL = 300
THREE_DIGITS = 5e-3
"""Relative difference of numbers that agree to three digits; the processor decides the rest, for fits end at a tolerance."""
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown_text(cell):
    """Text that a cell shows, a line per output, without the widths of columns, which depend on the last digits.

    Of a table it is the plain text; of a picture there is none, for its size depends on the fonts.
    """
    texts = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            texts.append("".join(output.text))
        elif "data" in output and "image/png" not in output.data:
            texts.append("".join(output.data.get("text/plain", "")))
    return "\n".join(" ".join(text.split()) for text in texts)


def is_expected(text):
    """Whether a word on the standard error only says that this machine has no font for Chinese."""
    return "MissingGlyphWarning" in text and bool(choose_fonts("客户").missing)


def problems_of(committed, executed):
    """Say what is wrong with a notebook, one sentence per cell."""
    for number, (before, after) in enumerate(zip(code_cells(committed), code_cells(executed), strict=True)):
        for output in after.outputs:
            if output.output_type == "error":
                yield f"code cell {number} raises {output.ename}: {output.evalue}"
            if output.output_type == "stream" and output.name == "stderr" and not is_expected(output.text):
                yield f"code cell {number} writes to the standard error: {output.text}"
        for difference in differences(shown_text(after), shown_text(before), rtol=THREE_DIGITS):
            yield f"code cell {number} shows another text than committed: {difference}"


def execute(notebook):
    """Return an executed copy, with nothing in it that varies from run to run."""
    executed = copy.deepcopy(notebook)
    folder = str(ROOT / "notebooks")
    client = nbclient.NotebookClient(
        executed,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        allow_errors=True,
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    client.execute()
    executed.metadata = nbformat.from_dict(METADATA)
    for cell in executed.cells:
        cell.metadata.pop("execution", None)
    for number, cell in enumerate(executed.cells):
        cell.id = f"cell-{number:03d}"
    return executed


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="store the executed notebooks")
    write = parser.parse_args(arguments).write
    os.environ["JUPYTER_PATH"] = str(ROOT / "docs" / "_kernel")  # a kernel of this interpreter that logs errors only
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    problems = [] if paths else ["there are no notebooks"]
    for path in paths:
        committed = nbformat.read(path, as_version=4)
        executed = execute(committed)
        found = list(problems_of(executed if write else committed, executed))
        problems += [f"{path.name}: {problem}" for problem in found]
        if write and not found:
            nbformat.write(executed, path)
        print(f"{path.name}: {len(code_cells(executed))} code cells executed, {len(found)} problems")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
