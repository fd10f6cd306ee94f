"""Models as JSON: no code in the file, none run on reading."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import math
import os
import re
import stat
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np

from crmmodels._frozen import FrozenMapping
from crmmodels.exceptions import ParameterError, SavedFormatError

FORMAT: Final = 1
"""Format number of what is written; every format ever released stays readable."""

_ARRAY_KINDS: Final = "biufU"
_NUMBER_DTYPES: Final = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")
_TEXT_DTYPE: Final = re.compile(r"[<>=]?U([1-9][0-9]{0,8})")
_OTHER_DTYPES: Final = re.compile(r"[<>|=]?[OSaVcMm].*", re.DOTALL)
_MOST_DIMENSIONS: Final = 8
_BYTES_OF_A_CHARACTER: Final = 4
_SMALL: Final = 2**26
_PADDING: Final = 256
"""Arrays of text are padded to their longest item: up to 64 MiB they may be, beyond by this factor at most."""
_NOT_FINITE: Final = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
_TAGS: Final[Mapping[str, frozenset[str]]] = {
    "$float": frozenset(),
    "$array": frozenset({"dtype", "shape"}),
    "$date": frozenset(),
    "$tuple": frozenset(),
    "$mapping": frozenset(),
    "$record": frozenset({"fields"}),
}
"""Every tag, and the other keys that stand beside it."""


def library_version() -> str:
    """Version of the installed library."""
    try:
        return version("crmmodels")
    except PackageNotFoundError:
        return "unknown"


def encode(value: Any) -> Any:
    """Plain JSON values of a parameter or fitted value, or SavedFormatError; types that JSON lacks carry a tag that starts with ``$``."""
    if isinstance(value, str):
        return _encode_text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, np.ndarray):
        return _encode_array(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return {"$date": value.isoformat()}
    if isinstance(value, list | tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, Mapping):
        return {"$mapping": [[encode(key), encode(item)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"$record": type(value).__qualname__, "fields": fields}
    msg = f"a value of type {type(value).__name__} cannot be saved: {value!r}; use numbers, text, arrays and dataclasses"
    raise SavedFormatError(msg)


def _encode_array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    if array.dtype.kind not in _ARRAY_KINDS:
        msg = f"an array of dtype {array.dtype} cannot be saved; use numbers, booleans or text"
        raise SavedFormatError(msg)
    flat = array.ravel().tolist()
    if array.dtype.kind == "f":
        flat = [item if np.isfinite(item) else repr(item) for item in flat]
    if array.dtype.kind == "U":
        flat = [_encode_text(item) for item in flat]
        return {"$array": flat, "dtype": f"<U{_longest(flat)}", "shape": list(array.shape)}
    return {"$array": flat, "dtype": array.dtype.str, "shape": list(array.shape)}


def _encode_text(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        msg = f"the text {text!r} cannot be saved: it holds half of a character ({error.reason})"
        raise SavedFormatError(msg) from error
    return text


def _longest(items: Sequence[str]) -> int:
    """Length of the longest item, as NumPy counts it: 1 or more."""
    return max(map(len, items), default=1) or 1


def decode(value: Any, records: Mapping[str, type], where: str = "it") -> Any:
    """The value that `encode` was given; ``records`` are the dataclasses that may occur, by qualified name.

    SavedFormatError if a tag, record or dtype is unknown; KeyError, TypeError, ValueError or OverflowError, which says where, if a value is
    malformed. The memory of an array is bounded by the document, whatever its dtype and shape say.
    """
    if isinstance(value, dict):
        return _decode_tagged(value, records, where)
    if isinstance(value, str):
        return _decode_text(value, where)
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"{where} is {value!r}, which JSON cannot hold"
        raise ValueError(msg)
    if value is None or isinstance(value, bool | int | float):
        return value
    msg = f"{where} is a bare {type(value).__name__}; a saved sequence is a '$tuple' or an '$array'"
    raise TypeError(msg)


def _decode_tagged(value: Mapping[str, Any], records: Mapping[str, type], where: str) -> Any:
    tag = next((key for key in value if isinstance(key, str) and key.startswith("$")), next(iter(value), ""))
    if tag not in _TAGS:
        msg = f"this saved model holds the unknown tag {tag!r}; it was written by a later version, so update crmmodels"
        raise SavedFormatError(msg)
    if absent := sorted(_TAGS[tag] - value.keys()):
        msg = f"{where} lacks {', '.join(absent)}"
        raise KeyError(msg)
    if extra := sorted(map(str, value.keys() - _TAGS[tag] - {tag})):
        msg = f"{where} holds {', '.join(extra)} beside its {tag}"
        raise ValueError(msg)
    if tag == "$array":
        return _decode_array(value, where)
    if tag == "$record":
        return _decode_record(value, records, where)
    if tag == "$float":
        return _decode_float(value[tag], where)
    if tag == "$date":
        return dt.date.fromisoformat(value[tag])
    items = _items(value[tag], where)
    if tag == "$tuple":
        return tuple(decode(item, records, f"{where}[{i}]") for i, item in enumerate(items))
    return _decode_mapping(items, records, where)


def _decode_mapping(items: Sequence[Any], records: Mapping[str, type], where: str) -> FrozenMapping[Any, Any]:
    found: dict[Any, Any] = {}
    for key, item in items:
        name = decode(key, records, f"a key of {where}")
        if name in found:
            msg = f"{where} holds {name!r} twice"
            raise ValueError(msg)
        found[name] = decode(item, records, f"{where}[{name!r}]")
    return FrozenMapping(found)


def _decode_text(text: str, where: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        msg = f"{where} holds half of a character, {text!r} ({error.reason})"
        raise ValueError(msg) from error
    return text


def _decode_float(text: Any, where: str) -> float:
    if not isinstance(text, str) or text not in _NOT_FINITE:
        msg = f"{where} is {text!r}; a '$float' is one of {sorted(_NOT_FINITE)}"
        raise ValueError(msg)
    return _NOT_FINITE[text]


def _items(given: Any, where: str) -> Sequence[Any]:
    if not isinstance(given, list | tuple):
        msg = f"{where} must be a list; got {given!r:.50}"
        raise (ValueError if isinstance(given, str) else TypeError)(msg)
    return given


def _decode_array(value: Mapping[str, Any], where: str) -> np.ndarray[Any, Any]:
    items = _items(value["$array"], where)
    dtype = _dtype_of(value["dtype"], items, where)
    shape = value["shape"]
    if not isinstance(shape, list | tuple) or not all(type(n) is int for n in shape):
        msg = f"the shape of {where} must be a list of whole numbers; got {shape!r:.50}"
        raise TypeError(msg)
    if len(shape) > _MOST_DIMENSIONS or any(n < 0 for n in shape) or math.prod(shape) != len(items):
        msg = f"{where} has {len(items)} items, which do not make an array of shape {shape!r:.50}"
        raise ValueError(msg)
    kinds: Mapping[str, tuple[type, ...]] = {"b": (bool,), "i": (int,), "u": (int,), "f": (int, float), "U": (str,)}
    if dtype.kind == "f":
        items = [_decode_float(item, where) if isinstance(item, str) else item for item in items]
    if wrong := [item for item in items if type(item) not in kinds[dtype.kind]]:
        msg = f"{where} is an array of dtype {dtype.str!r}, but holds {wrong[0]!r:.50}"
        raise ValueError(msg)
    if dtype.kind == "U":
        items = [_decode_text(item, where) for item in items]
    with np.errstate(over="ignore"):
        array = np.array(items, dtype=dtype)
    if dtype.kind == "f" and not (np.isfinite(array) | np.array([item in _NOT_FINITE for item in value["$array"]], bool)).all():
        msg = f"{where} holds a number that its dtype {dtype.str!r} cannot"
        raise OverflowError(msg)
    return array.reshape(shape)


def _dtype_of(text: Any, items: Sequence[Any], where: str) -> np.dtype[Any]:
    """The dtype of an array in the byte order of this machine; of text no wider than its longest item."""
    if isinstance(text, str) and _NUMBER_DTYPES.fullmatch(text):
        return np.dtype(text).newbyteorder("=")
    width = _TEXT_DTYPE.fullmatch(text) if isinstance(text, str) else None
    if width is None:
        if isinstance(text, str) and _OTHER_DTYPES.fullmatch(text):
            msg = f"this saved model holds an array of dtype {text!r}; numbers, booleans and text are known"
            raise SavedFormatError(msg)
        msg = f"the dtype of {where} is {text!r:.50}, which is none of numbers, booleans or text"
        raise TypeError(msg)
    lengths = [len(item) for item in items if isinstance(item, str)]
    characters = int(width[1])
    if characters != (max(lengths, default=1) or 1):
        msg = f"the dtype of {where} is {text!r}, but its longest text has {max(lengths, default=0)} characters"
        raise ValueError(msg)
    padded = _BYTES_OF_A_CHARACTER * characters * len(items)
    if padded > max(_SMALL, _PADDING * _BYTES_OF_A_CHARACTER * sum(lengths)):
        msg = f"{where} would take {padded:,} bytes for {sum(lengths):,} characters"
        raise ValueError(msg)
    return np.dtype(f"U{characters}")


def _decode_record(value: Mapping[str, Any], records: Mapping[str, type], where: str) -> Any:
    name = value["$record"]
    if name not in records:
        msg = f"this saved model holds the unknown record {name!r}; known are {sorted(records)}"
        raise SavedFormatError(msg)
    fields = {field: decode(item, records, f"{where}.{field}") for field, item in value["fields"].items()}
    known = {field.name for field in dataclasses.fields(records[name]) if field.init}
    if unknown := sorted(map(str, fields.keys() - known)):
        msg = f"{where} holds the unknown fields {unknown}; a {name} has {sorted(known)}"
        raise TypeError(msg)
    return records[name](**fields)


def check_document(document: Any, known: Mapping[str, object], source: str) -> str:
    """The class name of a saved model, or SavedFormatError for an unknown format or class."""
    if not isinstance(document, Mapping) or "format" not in document or "class" not in document:
        msg = f"{source} is not a saved model: 'format' or 'class' is missing; files written by model.save(path) have both"
        raise SavedFormatError(msg)
    if type(document["format"]) is not int or document["format"] != FORMAT:
        msg = (
            f"{source} has format {document['format']!r}; crmmodels {library_version()} reads format {FORMAT}. "
            f"It was written by crmmodels {document.get('version', 'of an unknown version')}: update crmmodels to read it."
        )
        raise SavedFormatError(msg)
    name = document["class"]
    if not isinstance(name, str) or name not in known:
        msg = (
            f"{source} holds a {name!r}, which is not a known model; known are {sorted(known)}. "
            "For a model of your own, import it and pass it: load(path, models=[YourModel])."
        )
        raise SavedFormatError(msg)
    return name


def read_document(path: str | Path) -> Any:
    """The JSON of a regular file, or SavedFormatError: also where a key stands twice in an object or a number is not finite."""
    file = _path_of("load", path)
    if not stat.S_ISREG(file.stat().st_mode):
        msg = f"{str(path)!r} is {_kind_of(file.stat().st_mode)}; give a file written by model.save(path)"
        raise SavedFormatError(msg)
    content = file.read_bytes()
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_number,
            parse_constant=_number,
        )
    except (ValueError, RecursionError, MemoryError) as error:
        msg = f"{str(path)!r} is not JSON ({error}); give a file written by model.save(path)"
        raise SavedFormatError(msg) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"the key {twice!r} stands twice in one object"
        raise ValueError(msg)
    return found


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        msg = f"the number {text[:50]} is not finite"
        raise ValueError(msg)
    return value


def _path_of(verb: str, path: Any) -> Path:
    """A path that the operating system takes, or a refusal."""
    try:
        file = Path(path)
    except TypeError as error:
        raise ParameterError.must_be(verb, "path", "the path of a file", path) from error
    if "\0" in str(file):
        raise ParameterError.must_be(verb, "path", "a path without the character 0", path)
    return file


def _kind_of(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def write_document(document: Mapping[str, Any], path: str | Path) -> None:
    """Write JSON to a temporary file beside the target and rename it, so that a failed write keeps the old file.

    An existing file keeps its mode and, where allowed, its owner; a link is followed. ParameterError if the path is no regular file;
    OSError as Python raises it. The new file is flushed to disk before the rename, and the rename before this returns, where supported.
    """
    content = (json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode("utf-8")
    file = _path_of("save", path)
    there = _status_of(file)
    if there is not None and not stat.S_ISREG(there.st_mode):
        must = f"a file; this is {_kind_of(there.st_mode)}"
        raise ParameterError.must_be("save", "path", must, str(path))
    target = Path(os.path.realpath(file))
    if there is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, os.strerror(13), str(path))
    # A short name of its own, for the name of the target may be as long as names can be.
    partial = target.with_name(f".{uuid4().hex}.partial")
    try:
        _write(partial, content, there)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    _settle(target.parent)


def _status_of(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def _write(partial: Path, content: bytes, like: os.stat_result | None) -> None:
    """Write a new file to the disk, with the mode and the owner of another; without one as the umask says."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(partial, flags, 0o666), "wb") as stream:
        if like is not None and hasattr(os, "fchown"):
            with contextlib.suppress(PermissionError):
                os.fchown(stream.fileno(), like.st_uid, like.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(like.st_mode))
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _settle(folder: Path) -> None:
    """Write the names of a folder to the disk, where the platform can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
