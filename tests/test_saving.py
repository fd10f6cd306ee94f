"""Values to JSON and back, and documents that are refused."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import json
import os
import re
import socket
import stat
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmmodels as crm
from crmmodels import saving
from crmmodels._frozen import FrozenMapping, freeze
from crmmodels.exceptions import SavedFormatError


@dataclasses.dataclass(frozen=True)
class Leaf:
    value: Any
    weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class Branch:
    leaves: tuple[Leaf, ...]


RECORDS = {"Leaf": Leaf, "Branch": Branch}


def through_json(value: Any) -> Any:
    text = json.dumps(saving.encode(value), allow_nan=False)
    return saving.decode(json.loads(text), RECORDS)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
keys = st.integers() | st.text() | st.tuples(st.integers(), st.integers())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(keys, inner).map(FrozenMapping) | inner.map(Leaf),
    max_leaves=12,
)


@given(values)
def test_values_come_back_as_they_were(value: Any) -> None:
    found = through_json(value)
    # repr tells nan from nan, 1 from 1.0 and True, and -0.0 from 0.0.
    assert repr(found) == repr(value)
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308]),
        np.array([[1, 2, 3], [4, 5, -6]], dtype=np.int64),
        np.array([2**64 - 1], dtype=np.uint64),
        np.array([[[0.1]], [[0.2]]], dtype=np.float32),
        np.array([True, False]),
        np.array(["沉睡", "new"]),
        np.empty((0, 3)),
        np.array(7.25),
    ],
)
def test_arrays_keep_bits_dtype_and_shape(array: np.ndarray) -> None:
    found = through_json(array)
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())


@pytest.mark.parametrize(
    ("value", "expected"),
    [(np.float64(2.5), 2.5), (np.int32(3), 3), (np.bool_(True), True), (np.str_("x"), "x"), ([1, [2]], (1, (2,)))],
)
def test_numpy_scalars_and_lists_become_plain_values(value: Any, expected: Any) -> None:
    found = through_json(value)
    assert found == expected
    assert type(found) is type(expected)


def test_records_within_records_come_back() -> None:
    branch = Branch((Leaf(dt.date(2026, 1, 31)), Leaf({"a": (1, 2.5)}, float("inf"))))
    found = through_json(branch)
    assert found == Branch((Leaf(dt.date(2026, 1, 31)), Leaf(FrozenMapping({"a": (1, 2.5)}), float("inf"))))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {1, 2},
            "a value of type set cannot be saved: {1, 2}; use numbers, text, arrays and dataclasses",
        ),
        (
            dt.datetime(2026, 1, 1),
            (
                "a value of type datetime cannot be saved: datetime.datetime(2026, 1, 1, 0, 0); "
                "use numbers, text, arrays and dataclasses"
            ),
        ),
        (np.array([None]), "an array of dtype object cannot be saved; use numbers, booleans or text"),
        (np.array([1j]), "an array of dtype complex128 cannot be saved; use numbers, booleans or text"),
    ],
)
def test_what_has_no_form_in_json_is_refused(value: Any, message: str) -> None:
    with pytest.raises(SavedFormatError) as refusal:
        saving.encode(value)
    assert str(refusal.value) == message


@pytest.mark.parametrize("value", [len, lambda: None, Leaf])
def test_code_is_never_saved(value: Any) -> None:
    with pytest.raises(SavedFormatError, match="cannot be saved"):
        saving.encode(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"$set": [1]},
            "this saved model holds the unknown tag '$set'; it was written by a later version, so update crmmodels",
        ),
        ({}, "this saved model holds the unknown tag ''; it was written by a later version, so update crmmodels"),
        (
            {"$record": "Popen", "fields": {}},
            "this saved model holds the unknown record 'Popen'; known are ['Branch', 'Leaf']",
        ),
        (
            {"$array": [1], "dtype": "O", "shape": [1]},
            "this saved model holds an array of dtype 'O'; numbers, booleans and text are known",
        ),
    ],
)
def test_unknown_forms_are_refused(value: Any, message: str) -> None:
    with pytest.raises(SavedFormatError) as refusal:
        saving.decode(value, RECORDS)
    assert str(refusal.value) == message


CUSTOMERS = crm.RFMModel.example(n_customers=30, seed=0)
DOCUMENT = crm.RFMModel(weights=(2.0, 1.0, 1.0)).fit(CUSTOMERS).to_dict()


def damaged(path: str, value: Any = None) -> dict[str, Any]:
    """The document with the entry at a dotted path replaced, or removed where no value is given."""
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path.split("/")
    inner = document
    for name in parents:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return document


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (damaged("parameters"), "KeyError"),
        (damaged("fitted"), "KeyError"),
        (damaged("parameters", []), "AttributeError"),
        (damaged("parameters", 5), "AttributeError"),
        (damaged("parameters/n_bins", "five"), "ParameterError"),
        (damaged("parameters/weights", 5), "ParameterError"),
        (damaged("parameters/weights/$tuple", 5), "TypeError"),
        (damaged("parameters/thresholds", {"$mapping": [["spend"]]}), "ValueError"),
        (damaged("parameters/n_bins", {"$float": "many"}), "ValueError"),
        (damaged("parameters/labels", {"$date": "31.1.2026"}), "ValueError"),
        (damaged("fitted/fields"), "KeyError"),
        (damaged("fitted/fields", []), "AttributeError"),
        (damaged("fitted/fields/centres"), "TypeError"),
        (damaged("fitted/fields/extra", 1), "TypeError"),
        (damaged("fitted/fields/centres/dtype"), "KeyError"),
        (damaged("fitted/fields/centres/dtype", "<z9"), "TypeError"),
        (damaged("fitted/fields/centres/shape", [7]), "ValueError"),
        (damaged("fitted/fields/centres/shape", "x"), "TypeError"),
        (damaged("fitted/fields/centres/$array", "abc"), "ValueError"),
        (damaged("fitted/fields/centres/$array", 3), "TypeError"),
        (damaged("fitted/fields/scores/fields/r", {"$array": [2**70], "dtype": "<i8", "shape": [1]}), "OverflowError"),
    ],
)
def test_a_damaged_document_is_refused_with_its_cause(document: dict[str, Any], cause: str) -> None:
    message = rf"this saved RFMModel is damaged \({cause}: .+\); save the model again"
    with pytest.raises(SavedFormatError, match=f"^{message}$"):
        crm.RFMModel.from_dict(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (damaged("format"), "this document is not a saved model: 'format' or 'class' is missing; "),
        (damaged("class"), "this document is not a saved model: 'format' or 'class' is missing; "),
        ([DOCUMENT], "this document is not a saved model: 'format' or 'class' is missing; "),
        (damaged("format", 99), f"this document has format 99; crmmodels {saving.library_version()} reads format 1. "),
        (
            damaged("class", "ABCModel"),
            "this document holds a 'ABCModel', which is not a known model; known are ['RFMModel']. ",
        ),
        (damaged("class", ["RFMModel"]), "this document holds a ['RFMModel'], which is not a known model; "),
        (damaged("fitted/$record", "Popen"), "this saved model holds the unknown record 'Popen'; known are ['RFMCuts', "),
        (damaged("parameters/colour", "red"), "this saved RFMModel has the unknown parameters ['colour']; known are "),
    ],
)
def test_a_document_of_another_kind_is_refused(document: Any, message: str) -> None:
    with pytest.raises(SavedFormatError, match="^" + re.escape(message)):
        crm.RFMModel.from_dict(document)


def test_a_missing_parameter_takes_its_default() -> None:
    assert crm.RFMModel.from_dict(damaged("parameters/weights")) == crm.RFMModel()


def test_a_failed_write_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.json"
    crm.RFMModel().save(path)
    before = path.read_bytes()

    def full_disk(handle: int) -> None:
        os.truncate(handle, 20)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        crm.RFMModel(n_bins=4).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_value_that_cannot_be_saved_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    saving.write_document({"a": 1}, path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        saving.write_document({"a": float("nan")}, path)
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.json"]


def test_chinese_text_stays_readable_in_the_file(tmp_path: Path) -> None:
    crm.RFMModel(labels={"new": "新客户"}).save(tmp_path / "model.json")
    assert "新客户" in (tmp_path / "model.json").read_text(encoding="utf-8")


@given(values)
def test_freezing_does_not_change_what_is_saved(value: Any) -> None:
    assert repr(saving.encode(freeze(value))) == repr(saving.encode(value))


@pytest.mark.parametrize(
    "fitted", ["x", 1.5, {"$tuple": []}, {"$record": "RFMCuts", "fields": {"r": None, "f": None, "m": None}}]
)
def test_a_fitted_record_of_another_type_is_refused(fitted: Any) -> None:
    document = {**crm.RFMModel().to_dict(), "fitted": fitted}
    with pytest.raises(crm.SavedFormatError, match=r"this saved RFMModel is damaged \(TypeError: the fitted record is of type"):
        crm.RFMModel.from_dict(document)


@pytest.mark.parametrize("number", [True, 1.0, "1", 2, None])
def test_a_format_other_than_the_number_is_refused(number: Any) -> None:
    with pytest.raises(crm.SavedFormatError, match="this document has format"):
        crm.RFMModel.from_dict({**crm.RFMModel().to_dict(), "format": number})


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError):
        crm.RFMModel().save(tmp_path / "rfm.json")
    assert list(tmp_path.iterdir()) == []


CUSTOMERS = crm.RFMModel.example(n_customers=40, seed=1)


def altered(document: Any, path: list[str], value: Any) -> Any:
    document = copy.deepcopy(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


RFM_FIELDS = ["fitted", "fields"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["parameters", "n_bins"], 4),
        ([*RFM_FIELDS, "levels"], None),
        ([*RFM_FIELDS, "centres"], {"$array": [1.0], "dtype": "<f8", "shape": [1]}),
        ([*RFM_FIELDS, "centres"], "abc"),
        ([*RFM_FIELDS, "scores", "fields", "m"], {"$array": [], "dtype": "<f8", "shape": [0]}),
        ([*RFM_FIELDS, "scores", "fields", "m"], {"$array": [4.0, 3.0, 2.0, 1.0], "dtype": "<f8", "shape": [4]}),
    ],
)
def test_a_record_that_cannot_be_one_is_refused(path: list[str], value: Any) -> None:
    document = json.loads(json.dumps(crm.RFMModel().fit(CUSTOMERS).to_dict()))
    with pytest.raises(crm.SavedFormatError, match="this saved RFMModel is damaged"):
        crm.RFMModel.from_dict(altered(document, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["boundaries"], {"$array": [1.0, 2.0], "dtype": "<f8", "shape": [2]}),
        (["boundaries"], None),
        (["total"], 0.0),
        (["curve"], None),
        (["curve", "fields", "value"], {"$array": [1.0], "dtype": "<f8", "shape": [1]}),
    ],
)
def test_a_curve_that_cannot_be_one_is_refused(path: list[str], value: Any) -> None:
    document = json.loads(json.dumps(crm.ABCModel().fit(CUSTOMERS).to_dict()))
    with pytest.raises(crm.SavedFormatError, match="this saved ABCModel is damaged"):
        crm.ABCModel.from_dict(altered(document, ["fitted", "fields", *path], value))


def test_json_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 200_000 + "]" * 200_000)
    with pytest.raises(crm.SavedFormatError, match="is not JSON"):
        crm.load(tmp_path / "deep.json")


def test_a_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long.json").write_text("1" * 5000)
    with pytest.raises(crm.SavedFormatError, match="is not JSON"):
        crm.load(tmp_path / "long.json")


RFM_TEXT = json.dumps(crm.RFMModel().fit(CUSTOMERS).to_dict())


def load_text(text: str | bytes, folder: Path) -> Any:
    path = folder / "model.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return crm.load(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"n_bins": 5', '"n_bins": 5, "n_bins": 5', "the key 'n_bins' stands twice in one object"),
        ('"format": 1', '"format": 2, "format": 1', "the key 'format' stands twice in one object"),
        ('"n_bins": 5', '"n_bins": NaN', "the number NaN is not finite"),
        ('"n_bins": 5', '"n_bins": -Infinity', "the number -Infinity is not finite"),
        ('"n_bins": 5', '"n_bins": 1e400', "the number 1e400 is not finite"),
        ('"n_bins": 5', '"n_bins": -1.5e999', "the number -1.5e999 is not finite"),
        ('"n_bins": 5', '"n_bins": 05', "Expecting ',' delimiter"),
    ],
)
def test_json_that_is_read_in_more_than_one_way_is_refused(old: str, new: str, reason: str, tmp_path: Path) -> None:
    assert old in RFM_TEXT
    with pytest.raises(crm.SavedFormatError, match=f"is not JSON \\({re.escape(reason)}"):
        load_text(RFM_TEXT.replace(old, new, 1), tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
def test_text_in_another_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    text = RFM_TEXT.replace('"en"', '"é"')
    with pytest.raises(crm.SavedFormatError, match="is not JSON"):
        load_text(text.encode(encoding), tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\xff", b"\x89PNG\r\n\x1a\n", b'"', b"null", b"[]", b"3"])
def test_a_file_that_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(crm.SavedFormatError, match=r"model\.json' is not"):
        load_text(content, tmp_path)


def test_half_a_character_is_refused_on_both_ways(tmp_path: Path) -> None:
    with pytest.raises(crm.SavedFormatError, match="labels holds half of a character"):
        load_text(RFM_TEXT.replace('"labels": "en"', '"labels": "\\ud800"'), tmp_path)
    with pytest.raises(crm.SavedFormatError, match="cannot be saved: it holds half of a character"):
        crm.ABCModel(value="\udc80").save(tmp_path / "abc.json")


@pytest.mark.parametrize(
    "array",
    [
        {"$array": ["a"], "dtype": "<U500000000", "shape": [1]},
        {"$array": ["ab"], "dtype": "<U1", "shape": [1]},
        {"$array": ["a"], "dtype": "<U99999999999999999999", "shape": [1]},
        {"$array": ["a" * 20_000, *["a"] * 20_000], "dtype": "<U20000", "shape": [20_001]},
        {"$array": [1.0], "dtype": "<f16", "shape": [1]},
        {"$array": [1.0], "dtype": "f8,f8", "shape": [1]},
        {"$array": [1.0], "dtype": "(1000000000,)f8", "shape": [1]},
        {"$array": [1.0], "dtype": "<U", "shape": [1]},
        {"$array": [1.0], "dtype": 8, "shape": [1]},
        {"$array": [1.0], "dtype": "<f8", "shape": [10**12, 10**12]},
        {"$array": [1.0], "dtype": "<f8", "shape": [-1]},
        {"$array": [1.0], "dtype": "<f8", "shape": [True]},
        {"$array": [1.0], "dtype": "<f8", "shape": [1] * 40},
        {"$array": ["1.0"], "dtype": "<f8", "shape": [1]},
        {"$array": [True], "dtype": "<f8", "shape": [1]},
        {"$array": [1.5], "dtype": "<i8", "shape": [1]},
        {"$array": [300], "dtype": "|u1", "shape": [1]},
        {"$array": [1e30], "dtype": "<f2", "shape": [1]},
        {"$array": [1], "dtype": "|b1", "shape": [1]},
        {"$array": [[1.0]], "dtype": "<f8", "shape": [1]},
        {"$array": [None], "dtype": "<f8", "shape": [1]},
        {"$array": [1.0], "dtype": "<f8", "shape": [1], "order": "F"},
    ],
)
def test_an_array_takes_no_more_than_the_document_holds(array: Any) -> None:
    tracemalloc.start()
    with pytest.raises((SavedFormatError, TypeError, ValueError, OverflowError)):
        saving.decode(array, {})
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**24
    with pytest.raises(SavedFormatError):
        crm.RFMModel.from_dict(altered(json.loads(RFM_TEXT), [*RFM_FIELDS, "centres"], array))


def test_arrays_of_another_byte_order_are_read() -> None:
    found = saving.decode({"$array": [1.5, "inf"], "dtype": ">f8", "shape": [2]}, {})
    assert found.dtype == np.float64
    assert found.tolist() == [1.5, float("inf")]


def test_the_order_of_the_keys_has_no_meaning() -> None:
    def sorted_keys(value: Any) -> Any:
        return json.loads(json.dumps(value, sort_keys=True)[::1])

    document = json.loads(RFM_TEXT)
    turned = json.loads(RFM_TEXT, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert repr(crm.RFMModel.from_dict(turned).fitted) == repr(crm.RFMModel.from_dict(document).fitted)
    assert crm.RFMModel.from_dict(sorted_keys(document)) == crm.RFMModel()


@pytest.mark.parametrize(
    "value",
    [
        {"$mapping": [["a", 1], ["a", 2]]},
        {"$tuple": [1], "$float": "inf"},
        {"$float": 1.0},
        {"$float": "1e999"},
        {"$record": "Leaf", "fields": {"value": 1, "more": 2}},
        [1, 2],
        float("nan"),
        "\ud800",
    ],
)
def test_forms_that_encode_never_writes_are_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        saving.decode(value, RECORDS)


def test_without_end_is_refused_from_a_dict_too() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = {"$tuple": [deep]}
    with pytest.raises(crm.SavedFormatError, match="RecursionError"):
        crm.RFMModel.from_dict({**crm.RFMModel().to_dict(), "fitted": deep})


# Files.


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


posix = pytest.mark.skipif(os.name == "nt", reason="modes, links and pipes of POSIX")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o640])
def test_a_file_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text("old")
    path.chmod(mode)
    crm.RFMModel().save(path)
    assert mode_of(path) == mode
    assert crm.load(path) == crm.RFMModel()


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_of_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        crm.RFMModel().save(tmp_path / "model.json")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "model.json") == 0o666 & ~umask


@posix
def test_save_follows_links(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    target, link, second = tmp_path / "models" / "today.json", tmp_path / "current.json", tmp_path / "alias.json"
    link.symlink_to(Path("models") / "today.json")
    second.symlink_to("current.json")
    for model in (crm.RFMModel(), crm.RFMModel(n_bins=4)):
        crm.RFMModel.save(model, second)
        assert link.is_symlink()
        assert second.is_symlink()
        assert not target.is_symlink()
        assert crm.load(target) == crm.load(second) == model
    assert [entry.name for entry in target.parent.iterdir()] == ["today.json"]


@posix
def test_what_is_no_regular_file_is_refused_and_stays(tmp_path: Path) -> None:
    pipe, folder, device, link = tmp_path / "pipe", tmp_path / "folder", tmp_path / "device", tmp_path / "link"
    os.mkfifo(pipe)
    try:
        os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:  # who may not make a device cannot harm this one either
        device.symlink_to(os.devnull)
    folder.mkdir()
    link.symlink_to(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        kinds = {pipe: "a pipe", folder: "a folder", device: "a device", link: "a folder", tmp_path / "socket": "a socket"}
        for path, kind in kinds.items():
            before = path.stat().st_mode
            with pytest.raises(
                crm.ParameterError, match=re.escape(f"save(path=...) must be a file; this is {kind}; got {str(path)!r}")
            ):
                crm.RFMModel().save(path)
            with pytest.raises(crm.SavedFormatError, match=f"is {kind}; give a file written by"):
                crm.load(path)
            assert path.stat().st_mode == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["device", "folder", "link", "pipe", "socket"]


@pytest.mark.parametrize("path", ["", ".", "a\0b", 5, None])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(crm.CrmModelsError):
        crm.RFMModel().save(path)
    with pytest.raises(crm.CrmModelsError):
        crm.load(path)


@pytest.mark.parametrize("name", ["n" * 250 + ".json", "é" * 125 + ".json"])
def test_names_may_be_as_long_as_names_can_be(name: str, tmp_path: Path) -> None:
    assert len(name.encode()) == 255
    crm.RFMModel().save(tmp_path / name)
    assert crm.load(tmp_path / name) == crm.RFMModel()


def test_a_missing_folder_or_file_is_what_python_says(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        crm.RFMModel().save(tmp_path / "none" / "model.json")
    with pytest.raises(FileNotFoundError):
        crm.load(tmp_path / "model.json")


def test_a_file_that_must_not_be_written_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.json"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # as root may write everything
    with pytest.raises(PermissionError):
        crm.RFMModel().save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_on_the_disk_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def told(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def moved(self: Path, target: Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", told)
    monkeypatch.setattr(Path, "replace", moved)
    crm.RFMModel().save(tmp_path / "model.json")
    assert steps == ["file", "replace", "folder"] if os.name != "nt" else ["file", "replace"]
