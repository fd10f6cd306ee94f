"""No file of the package holds more than 300 lines of code: docstrings, comments, blank lines and imports do not count."""

import ast
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "crmmodels"
MOST = 300


def lines_of_code(text: str) -> int:
    """Lines that hold code, without docstrings, comments and imports."""
    outside: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if is_docstring or isinstance(node, ast.Import | ast.ImportFrom):
            outside.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(map(str.strip, text.splitlines()), start=1)
    return sum(bool(line) and not line.startswith("#") and number not in outside for number, line in lines)


def main() -> int:
    """Name the files that are too long, then the longest."""
    counts = {path: lines_of_code(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
    for path in (path for path, n in counts.items() if n > MOST):
        print(
            f"{path.relative_to(PACKAGE.parent)}: {counts[path]} lines of code, at most {MOST}: one file answers one question",
            file=sys.stderr,
        )
    longest = max(counts, key=counts.__getitem__)
    print(f"{len(counts)} files; the longest is {longest.relative_to(PACKAGE.parent)} with {counts[longest]} lines of code")
    return int(counts[longest] > MOST)


if __name__ == "__main__":
    sys.exit(main())
