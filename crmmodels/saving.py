"""Models as JSON: no code in the file, none run on reading."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np

from crmmodels._frozen import FrozenMapping
from crmmodels.exceptions import SavedFormatError

FORMAT: Final = 1
"""Format number of what is written; every format ever released stays readable."""

_ARRAY_KINDS: Final = "biufU"


def library_version() -> str:
    """Version of the installed library."""
    try:
        return version("crmmodels")
    except PackageNotFoundError:
        return "unknown"


def encode(value: Any) -> Any:
    """Turn a parameter or a fitted value into plain JSON values.

    Parameters
    ----------
    value : object
        None, bool, int, float, str, date, NumPy array or scalar, tuple, mapping, or a dataclass of these.

    Returns
    -------
    object
        What the json module writes; other types than its own carry a tag that starts with "$".

    Raises
    ------
    SavedFormatError
        If the value is of another type, such as a function.
    """
    if value is None or isinstance(value, bool | int | str):
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
    return {"$array": flat, "dtype": array.dtype.str, "shape": list(array.shape)}


def decode(value: Any, records: Mapping[str, type]) -> Any:
    """Turn plain JSON values back into what `encode` was given.

    Parameters
    ----------
    value : object
        What `encode` returned.
    records : mapping of str to type
        Dataclasses that may occur, by qualified name; no other class is looked up.

    Returns
    -------
    object
        The parameter or fitted value.

    Raises
    ------
    SavedFormatError
        If a tag or a record is unknown.
    """
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if tag == "$float":
        return float(value[tag])
    if tag == "$array":
        if np.dtype(value["dtype"]).kind not in _ARRAY_KINDS:
            msg = f"this saved model holds an array of dtype {value['dtype']!r}; numbers, booleans and text are known"
            raise SavedFormatError(msg)
        items = [float(item) if isinstance(item, str) else item for item in value[tag]] if _is_float(value) else value[tag]
        return np.array(items, dtype=np.dtype(value["dtype"])).reshape(value["shape"])
    if tag == "$date":
        return dt.date.fromisoformat(value[tag])
    if tag == "$tuple":
        return tuple(decode(item, records) for item in value[tag])
    if tag == "$mapping":
        return FrozenMapping({decode(key, records): decode(item, records) for key, item in value[tag]})
    if tag == "$record":
        return _decode_record(value, records)
    msg = f"this saved model holds the unknown tag {tag!r}; it was written by a later version, so update crmmodels"
    raise SavedFormatError(msg)


def _is_float(encoded: Mapping[str, Any]) -> bool:
    return bool(np.dtype(encoded["dtype"]).kind == "f")


def _decode_record(value: Mapping[str, Any], records: Mapping[str, type]) -> Any:
    name = value["$record"]
    if name not in records:
        msg = f"this saved model holds the unknown record {name!r}; known are {sorted(records)}"
        raise SavedFormatError(msg)
    return records[name](**{field: decode(item, records) for field, item in value["fields"].items()})


def check_document(document: Any, known: Mapping[str, type], source: str) -> str:
    """Return the class name of a saved model after checking format and class.

    Parameters
    ----------
    document : object
        What was read.
    known : mapping of str to type
        Classes that may be made.
    source : str
        Where it was read, for the error.

    Returns
    -------
    str
        The name of the class.

    Raises
    ------
    SavedFormatError
        If this is no saved model, its format is unknown, or its class is not known.
    """
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
    """Parse a file as JSON.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    object
        What it holds.

    Raises
    ------
    SavedFormatError
        If the file is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"{str(path)!r} is not JSON ({error}); give a file written by model.save(path)"
        raise SavedFormatError(msg) from error


def write_document(document: Mapping[str, Any], path: str | Path) -> None:
    """Write JSON beside the target and move it there, so that a failed write leaves the old file whole.

    Parameters
    ----------
    document : mapping
        Plain JSON values.
    path : str or Path
        The file; an existing one is replaced.
    """
    target = Path(path)
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)
    partial = target.with_name(f".{target.name}.{uuid4().hex}.partial")
    try:
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
