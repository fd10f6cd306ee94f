"""The same text, whose numbers may differ as rounding makes them differ: the sum of a product depends on the processor."""

import math
import re
from collections.abc import Iterator
from itertools import zip_longest

_DATE = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?"
_NUMBER = r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:e[-+]?\d+)?(?![\w.]*\w)"
_FIGURE = re.compile(rf"(?<!\d)(?P<date>{_DATE})|(?P<number>{_NUMBER})", re.IGNORECASE)
_STEPS = re.compile(r"\b(n_iterations\W+)\d+")
"""How many steps a search took is no result of it; rounding decides when it ends."""
_HALF_WAY = 1.001
"""One unit of the last place, and the rounding of the number that was read."""


def differences(found: str, expected: str, *, rtol: float, atol: float = 0.0) -> Iterator[str]:
    """Say where two texts are not the same, one sentence per place.

    Parameters
    ----------
    found, expected : str
        Texts; dates are text, and so are digits that are part of a word. What follows ``n_iterations`` is not compared.
    rtol : float
        Difference of two numbers that is taken for rounding, relative to the larger.
    atol : float, default 0.0
        The same, as a number.

    Yields
    ------
    str
        What differs. Numbers that are written with decimals, or with a power of ten, may differ by one unit of the last place besides.
    """
    found, expected = (_STEPS.sub(r"\1", text) for text in (found, expected))
    words, others = (_FIGURE.sub(_as_word, text) for text in (found, expected))
    if words != others:
        lines = zip_longest(words.splitlines(), others.splitlines())
        number, (line, other) = next((n, pair) for n, pair in enumerate(lines, 1) if pair[0] != pair[1])
        yield f"line {number} reads {line!r} in place of {other!r}"
        return
    for one, other in zip(_numbers(found), _numbers(expected), strict=True):
        if not _alike(one, other, rtol, atol):
            yield f"{one} in place of {other}"


def _as_word(match: re.Match[str]) -> str:
    return match["date"] or "#"


def _numbers(text: str) -> Iterator[str]:
    return (match["number"] for match in _FIGURE.finditer(text) if match["number"])


def _alike(one: str, other: str, rtol: float, atol: float) -> bool:
    found, expected = (float(number.replace(",", "")) for number in (one, other))
    last = min(filter(None, (_last_place(one), _last_place(other))), default=0.0)
    return math.isclose(found, expected, rel_tol=rtol, abs_tol=max(atol, last * _HALF_WAY))


def _last_place(number: str) -> float:
    """One unit of the last place of a number as it is written; 0 for a whole number, which is no rounded one."""
    mantissa, _, power = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(power or 0) - decimals) if decimals or power else 0.0
