"""Damage to saved models, at random: what disks, editors and other programs may do to a file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

Place: TypeAlias = tuple[Any, Any]
"""A container and the key or position in it."""

_RAW = "@raw:"
"""Marks text that stands in the file as it is, without quotes: what the json module does not write."""
_LARGE = 10**300


def mutated(text: str, rng: np.random.Generator) -> bytes:
    """The text of a saved model with one to three changes, of its bytes or of its values."""
    if rng.random() < 0.1:
        return _bytes_changed(text.encode(), rng)
    document = json.loads(text)
    for _ in range(1 + int(rng.random() < 0.2) + int(rng.random() < 0.1)):
        change = _CHANGES[int(rng.integers(len(_CHANGES)))]
        change(document, rng)
    return _written(document).encode("utf-8", "surrogatepass")


def _written(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return "".join(
        part.split('"', 1)[0] + part.split('"', 1)[1] if i else part for i, part in enumerate(text.split(f'"{_RAW}'))
    )


def _places(value: Any) -> Iterator[Place]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_array(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$array"), list)


def _pick(document: Any, rng: np.random.Generator, wanted: Callable[[Any], bool] = lambda _: True) -> Place | None:
    """A place, mostly in the parameters or the fitted record; a long array is as likely as a single number."""
    if not isinstance(document, dict):
        return None
    inside = [part for part in (document.get("parameters"), document.get("fitted")) if isinstance(part, dict | list)]
    root = inside[int(rng.integers(len(inside)))] if inside and rng.random() < 0.95 else document
    found = [place for place in _places(root) if wanted(place[0][place[1]])]
    if not found:
        return None
    groups: dict[int, list[Place]] = {}
    for place in found:
        groups.setdefault(id(place[0]), []).append(place)
    chosen = list(groups.values())[int(rng.integers(len(groups)))]
    return chosen[int(rng.integers(len(chosen)))]


def _number(document: Any, rng: np.random.Generator) -> None:
    """One number becomes another: a sign, zero, tiny, huge, out of range, or near what it was."""
    place = _pick(document, rng, _is_number)
    if place is None:
        return
    old = place[0][place[1]]
    if abs(old) < _LARGE:
        near = [-old, 2 * old, old + 1, old - 1, 1 - old, old * 1.01, old / 3, round(old), float(old)]
    else:
        near = [-old, 2 * old]
    far = [
        0,
        -0.0,
        1,
        -1,
        0.5,
        1e-5,
        -1e-300,
        5e-324,
        1e-30,
        1e16,
        1e30,
        1e100,
        1.7e308,
        2**31,
        2**53 + 1,
        2**64,
        10**25,
        10**400,
    ]
    raw = [f"{_RAW}{word}" for word in ("1e400", "-1e999", "NaN", "Infinity", "-Infinity", "1e-400", "01", "0x1", "1.")]
    choices = (near, near, far, far, raw)[int(rng.integers(5))]
    place[0][place[1]] = choices[int(rng.integers(len(choices)))]


def _type(document: Any, rng: np.random.Generator) -> None:
    """One value becomes another of another type."""
    place = _pick(document, rng)
    if place is None:
        return
    old = place[0][place[1]]
    shown = str(old)[:40]
    choices: list[Any] = [
        None, True, False, 0, 1, 2.5, -3, "", "x", "zh", "\ud800", shown, f" {shown}", [], {}, [old], [[old]], {"": old}, {"a": old},
        {"$tuple": [old]}, {"$tuple": []}, {"$float": "inf"}, {"$float": "nan"}, {"$float": "-inf"}, {"$float": "1"}, {"$date": "2026-01-31"},
        {"$date": 1}, {"$mapping": []}, {"$mapping": [[old, old], [old, old]]}, {"$mapping": [["a", old]]}, {"$array": [1.5], "dtype": "<f8", "shape": [1]},
        {"$array": [], "dtype": "<U1", "shape": [0]}, {"$record": "ParametricFit", "fields": {}}, {"$record": "os.system", "fields": {}},
        {"$set": [1]},
    ]  # fmt: skip
    place[0][place[1]] = choices[int(rng.integers(len(choices)))]


def _key(document: Any, rng: np.random.Generator) -> None:
    """A key is dropped, renamed, added, or stands twice."""
    place = _pick(document, rng)
    if place is None or not isinstance(place[0], dict):
        return
    holder, key = place
    kind = int(rng.integers(4))
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[str(key)[:-1] or "x"] = holder.pop(key)
    elif kind == 2:
        holder["more"] = holder[key]
    else:
        value = json.dumps(holder[key], ensure_ascii=False)
        holder[key] = f"{_RAW}{value}, {json.dumps(str(key))}: {value}".replace('"', "\0")


def _list(document: Any, rng: np.random.Generator) -> None:
    """A list is shortened, lengthened, turned round, sorted, nested, emptied, or two of its items change places."""
    place = _pick(document, rng, lambda value: isinstance(value, list))
    if place is None:
        return
    items = list(place[0][place[1]])
    n = len(items)
    i, j = (int(rng.integers(n)), int(rng.integers(n))) if n else (0, 0)
    kind = int(rng.integers(9))
    if kind == 0:
        items = items[:-1]
    elif kind == 1:
        items += items[-1:] or [1]
    elif kind == 2:
        items = items[::-1]
    elif kind == 3:
        items = [items]
    elif kind == 4:
        items = []
    elif kind == 5:
        items = sorted(items, key=str)
    elif kind == 6 and n:
        items[i] = items[j]
    elif kind == 7 and n and all(map(_is_number, items)):
        items = [-item for item in items]
    elif n:
        items[i], items[j] = items[j], items[i]
    place[0][place[1]] = items


def _text(document: Any, rng: np.random.Generator) -> None:
    """A text becomes another, such as a choice, a column, a dtype."""
    place = _pick(document, rng, lambda value: isinstance(value, str))
    if place is None:
        return
    old = place[0][place[1]]
    texts = [
        "<f4", "<f2", ">f8", "<i8", "<i4", "<u8", "|b1", "<U1", "<U500000000", "<U99999999999999999999", "O", "V8", "<c16", "<m8[D]", "f8,f8", "(2,)f8",
        "\u0000", "é" * 50, "D", "W", "Q", "mean", "median", "nested", "computed", "join", "out", "em", "listwise", "all", "abc", "eight", "spend",
        "customer_id", "segment", old[:-1], old + "x", old.upper(), old * 2,
    ]  # fmt: skip
    place[0][place[1]] = texts[int(rng.integers(len(texts)))]


def _shape(document: Any, rng: np.random.Generator) -> None:
    """An array has another shape."""
    place = _pick(document, rng, _is_array)
    if place is None:
        return
    array = place[0][place[1]]
    n = len(array["$array"])
    shapes = [
        [n], [n, 1], [1, n], [n + 1], [0], [], [-1], [n, 1, 1], [2, n // 2], [n // 2, 2], [10**12, 10**12], [0, 10**18], [1.0], [True], None, "3",
        [1] * 40, list(reversed(array["shape"])) if isinstance(array.get("shape"), list) else [n],
    ]  # fmt: skip
    array["shape"] = shapes[int(rng.integers(len(shapes)))]


def _swap(document: Any, rng: np.random.Generator) -> None:
    """Two values change places, both numbers half of the time."""
    wanted = _is_number if rng.random() < 0.5 else (lambda _: True)
    first, second = _pick(document, rng, wanted), _pick(document, rng, wanted)
    if first is None or second is None:
        return
    a, b = json.loads(json.dumps([first[0][first[1]], second[0][second[1]]]))
    first[0][first[1]] = b
    if second[1] in range(len(second[0])) if isinstance(second[0], list) else second[1] in second[0]:
        second[0][second[1]] = a


def _copy(document: Any, rng: np.random.Generator) -> None:
    """An array takes the values of another."""
    first, second = _pick(document, rng, _is_array), _pick(document, rng, _is_array)
    if first is not None and second is not None:
        first[0][first[1]] = json.loads(json.dumps(second[0][second[1]]))


def _scale(document: Any, rng: np.random.Generator) -> None:
    """All numbers of an array, or of a record, are multiplied, so that they stay in order."""
    place = _pick(document, rng, lambda value: isinstance(value, dict) and ("$array" in value or "$record" in value))
    if place is None:
        return
    found = place[0][place[1]]
    factor = float(rng.choice([-1.0, 1e-3, 0.5, 1.001, 2.0, 1e6, 1e150, math.nan]))
    inside = found["$array"] if "$array" in found else found.get("fields")
    for holder, key in list(_places(inside)):
        if isinstance(holder[key], float):
            value = holder[key] * factor
            holder[key] = value if math.isfinite(value) else f"{_RAW}NaN"


def _bytes_changed(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes are flipped, cut off, doubled, or written in another encoding."""
    kind, at = int(rng.integers(6)), int(rng.integers(len(content)))
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + bytes([content[at] ^ (1 << int(rng.integers(8)))]) + content[at + 1 :]
    if kind == 2:
        return content[:at] + bytes(rng.integers(0, 256, 3).tolist()) + content[at:]
    if kind == 3:
        return content[:at] + content[at + 1 + int(rng.integers(20)) :]
    if kind == 4:
        return content.decode().encode(str(rng.choice(["utf-16", "utf-8-sig", "utf-32"])))
    return content + content[at:]


_CHANGES = (_number, _number, _number, _number, _type, _key, _list, _list, _text, _shape, _swap, _copy, _scale)
