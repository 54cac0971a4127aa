"""Files that hold all of a state, or are refused."""

import hashlib
import io
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from skscratch.training import checkpoint

NOT_ONE = "not a checkpoint|damaged"


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def data(path):
    """The bytes of a checkpoint."""
    checkpoint.write(path, {"theta": np.arange(5.0), "t": 3, "name": "Adam", "mean": None})
    return path.read_bytes()


def same(a, b):
    """Return whether two contents are equal to the last bit, and of the same types."""
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, dict):
        return [*a] == [*b] and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and repr(a) == repr(b)


CONTENTS = {
    "nothing": {},
    "plain values": {"a": 1, "b": -0.5, "c": "ä\n\0", "d": None, "e": True, "f": []},
    "floats that are not finite": {"a": float("nan"), "b": float("inf"), "c": -float("inf")},
    "floats to the last bit": {"a": 0.1, "b": 5e-324, "c": 1.7976931348623157e308, "d": -0.0},
    "whole numbers of any size": {"a": 2**127 + 1, "b": -(2**64), "seed": 2**128 - 1},
    "nested": {"a": {"b": [{"c": [1, [2, np.ones(2)]]}, {}], "d": {"e": np.zeros(0)}}},
    "arrays": {
        "f4": np.array([0.1, np.nan, -np.inf], np.float32),
        "f8": np.array([[0.1, 5e-324], [-0.0, np.nan]]),
        "whole": np.array([2**63 - 1, -(2**63)]),
        "bool": np.array([True, False]),
        "0-d": np.array(2.5),
        "empty": np.empty((0, 3), np.float32),
        "list": [np.ones(3), np.zeros(2, np.float32)],
    },
    "a stream": np.random.PCG64(5).state,
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_what_is_read_is_what_was_written(content, path):
    checkpoint.write(path, content)
    assert same(checkpoint.read(path), content)


def test_a_stream_goes_on_exactly(path):
    stream, later = np.random.default_rng(5), np.random.default_rng(0)
    stream.random(3, np.float32)
    checkpoint.write(path, {"stream": stream.bit_generator.state})
    later.bit_generator.state = checkpoint.read(path)["stream"]
    assert later.random(3, np.float32).tolist() == stream.random(3, np.float32).tolist()


@pytest.mark.parametrize("scalar", [np.float32(0.1), np.float64(0.1), np.int64(3), np.bool_(True)])
def test_numpys_scalars_become_pythons(scalar, path):
    checkpoint.write(path, {"a": scalar})
    assert same(checkpoint.read(path), {"a": scalar.item()})


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_need_not_lie_in_one_piece(order, path):
    a = np.asarray(np.arange(24.0).reshape(4, 6), order=order)[::2, ::3]
    checkpoint.write(path, {"a": a})
    assert checkpoint.read(path)["a"].tolist() == a.tolist()


def test_what_is_read_may_be_written_to(data, path):
    theta = checkpoint.read(path)["theta"]
    theta += 1
    assert theta.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [str, os.fspath, lambda path: path], ids=["str", "fspath", "Path"])
def test_a_path_is_a_string_or_a_path(kind, path):
    checkpoint.write(kind(path), {"t": 1})
    assert checkpoint.read(kind(path)) == {"t": 1}


def test_a_new_file_takes_the_place_of_the_old_one(data, path):
    checkpoint.write(path, {"t": 4})
    assert checkpoint.read(path) == {"t": 4}
    assert os.listdir(path.parent) == [path.name]


class TestDamage:
    def test_a_file_that_was_cut_short(self, data, path):
        for end in [*range(0, len(data), 50), len(checkpoint.MAGIC), len(data) - 1]:
            path.write_bytes(data[:end])
            with pytest.raises(ValueError, match=NOT_ONE):
                checkpoint.read(path)

    def test_a_bit_that_was_flipped(self, data, path):
        """In any byte: of the first line, of the digest or of the rest."""
        for i in range(len(data)):
            path.write_bytes(data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :])
            with pytest.raises(ValueError, match=NOT_ONE):
                checkpoint.read(path)

    def test_bytes_that_were_added(self, data, path):
        path.write_bytes(data + b"\0")
        with pytest.raises(ValueError, match="damaged"):
            checkpoint.read(path)

    def test_a_file_of_something_else(self, path):
        npz, column = io.BytesIO(), io.BytesIO()
        np.savez(npz, json=np.zeros(3))
        np.save(column, np.zeros(3))
        texts = [b"", b"\0", b"skscratch", b"theta = 3\n" * 99, pickle.dumps({"t": 3})]
        for content in (*texts, npz.getvalue(), column.getvalue()):
            path.write_bytes(content)
            with pytest.raises(ValueError, match="it is not a checkpoint"):
                checkpoint.read(path)

    def test_a_file_of_another_version(self, data, path):
        path.write_bytes(data.replace(b"checkpoint 1", b"checkpoint 2"))
        with pytest.raises(ValueError, match="another version"):
            checkpoint.read(path)

    def test_a_file_that_is_not_there(self, path):
        with pytest.raises(FileNotFoundError):
            checkpoint.read(path)

    @pytest.mark.parametrize("kind", ["payload", "member"])
    def test_a_pickle_is_never_loaded(self, kind, path, tmp_path):
        """Whoever made the file has made its digest too."""
        trap = Trap(tmp_path / "executed")
        payload = io.BytesIO()
        if kind == "payload":
            pickle.dump(trap, payload)
        else:
            text = np.frombuffer(b'{"theta": {"__array__": "array0"}}', np.uint8)
            np.savez(payload, json=text, array0=np.array([trap]))
        digest = hashlib.sha256(payload.getvalue()).digest()
        path.write_bytes(checkpoint.MAGIC + digest + payload.getvalue())
        with pytest.raises(ValueError, match="pickle"):
            checkpoint.read(path)
        assert not trap.path.exists()
        pickle.loads(pickle.dumps(trap))
        assert trap.path.exists(), "the trap works"


def archive(*parts, compression=zipfile.ZIP_STORED):
    """Return a zip file of (name, bytes)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in parts:
            file.writestr(name, data)
    return buffer.getvalue()


def npy(array, **header):
    """Return an array as a .npy file, whose header may tell lies."""
    buffer = io.BytesIO()
    if header:
        honest = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(buffer, honest | header)
        return buffer.getvalue() + array.tobytes()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def text(json, *parts, **kind):
    """Return a payload of that JSON and more parts."""
    return archive(("json.npy", npy(np.frombuffer(json, np.uint8))), *parts, **kind)


REFERENCE = b'{"theta": {"__array__": "array0"}}'
ZEROS = npy(np.zeros(2**21))


def overlapping():
    """Return an archive of a hundred names for the same 16 MiB."""
    data = text(REFERENCE, ("array0.npy", ZEROS))
    start, end = data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    entry, tail = data[start:end], bytearray(data[end:])
    for at, size, number in ((8, 2, 101), (10, 2, 101), (12, 4, len(data[start:end]) * 101)):
        tail[at : at + size] = number.to_bytes(size, "little")
    return data[:start] + entry * 101 + bytes(tail)


HOSTILE = {
    "no archive": b"theta = 3",
    "an archive of nothing": archive(),
    "nothing to read": archive(("array0.npy", npy(np.zeros(2)))),
    "no JSON": text(b"theta = 3"),
    "a list": text(b"[1, 2]"),
    "a number": text(b"3"),
    "deep nesting": text(b"[" * 100_000 + b"]" * 100_000),
    "deep nesting of dicts": text(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a number of a million digits": text(b'{"a": 1' + b"0" * 1_000_000 + b"}"),
    "an array that is not there": text(REFERENCE),
    "a name that is none": text(b'{"theta": {"__array__": [1]}}'),
    "compressed": text(REFERENCE, ("array0.npy", ZEROS), compression=zipfile.ZIP_DEFLATED),
    "one piece under a hundred names": overlapping(),
    "a lie about the shape": text(REFERENCE, ("array0.npy", npy(np.zeros(2), shape=(2**40,)))),
    "too little of it": text(REFERENCE, ("array0.npy", npy(np.zeros(2), shape=(1,)))),
    "a negative shape": text(REFERENCE, ("array0.npy", npy(np.zeros(4), shape=(-2, -2)))),
    "objects": text(REFERENCE, ("array0.npy", npy(np.array([{}, None])))),
    "words": text(REFERENCE, ("array0.npy", npy(np.array(["a", "b"])))),
    "records": text(REFERENCE, ("array0.npy", npy(np.zeros(2, "f8,i4")))),
    "no array": text(REFERENCE, ("array0.npy", b"theta")),
    "a header that does not end": text(REFERENCE, ("array0.npy", npy(np.zeros(2))[:20])),
    "a header of signs": text(
        REFERENCE, ("array0.npy", b"\x93NUMPY\1\0\x00\x20" + b"-" * 8000 + b"1" + b" " * 191)
    ),
}


class TestHostile:
    """Content that somebody else has made, behind a digest that is right."""

    @pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
    def test_what_was_not_written_is_refused_in_little_memory(self, payload, path):
        path.write_bytes(checkpoint.MAGIC + hashlib.sha256(payload).digest() + payload)
        tracemalloc.start()
        with pytest.raises(ValueError, match="it holds what skscratch does not write"):
            checkpoint.read(path)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 2**21 + 20 * len(payload)

    def test_what_these_are_made_of_is_good_by_itself(self, path):
        payload = text(REFERENCE, ("array0.npy", ZEROS))
        path.write_bytes(checkpoint.MAGIC + hashlib.sha256(payload).digest() + payload)
        assert checkpoint.read(path)["theta"].shape == (2**21,)

    @pytest.mark.parametrize("start", [b"PK\3\4", checkpoint.MAGIC + b"x" * 32], ids=str)
    def test_a_large_foreign_file_is_not_read_whole(self, start, path):
        with open(path, "wb") as file:
            file.write(start)
            file.truncate(2**28)
        tracemalloc.start()
        with pytest.raises(ValueError, match=NOT_ONE):
            checkpoint.read(path)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 2**20


EXPECTED = {
    "theta": np.zeros((2, 3), np.float32), "t": 0, "scale": 1.0, "rule": "Adam", "chosen": False,
    "mean": None, "slots": [np.zeros(2)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theta", np.zeros((3, 2), np.float32)), ("theta", np.zeros((2, 3))), ("theta", [[0.0]]),
        ("theta", np.zeros(3, np.float32)), ("t", 1.5), ("t", True), ("t", "1"), ("t", -1),
        ("t", np.array(1)), ("scale", None), ("scale", "1"), ("rule", 1), ("rule", None),
        ("rule", "adam"), ("chosen", 1), ("mean", np.zeros(2)), ("slots", []),
        ("slots", [np.zeros(3)]), ("slots", {"0": np.zeros(2)}), ("slots", [np.zeros(2)] * 2),
    ],
    ids=str,
)  # fmt: skip
def test_a_part_that_is_not_as_expected_is_named(name, value):
    with pytest.raises(ValueError, match=rf"its content\['{name}'\]"):
        checkpoint.check(EXPECTED | {name: value}, EXPECTED)


@pytest.mark.parametrize("found", [{}, [], None, {"t": 0}, EXPECTED | {"more": 0}], ids=str)
def test_parts_that_lack_or_are_too_many(found):
    with pytest.raises(ValueError, match="its content does not have the parts"):
        checkpoint.check(found, EXPECTED)


def test_what_is_as_expected_may_have_other_values():
    theta = np.full((2, 3), np.nan, ">f4")
    other = {"theta": theta, "t": 2**128, "scale": float("inf"), "chosen": True}
    assert checkpoint.check(EXPECTED | other, EXPECTED) is None


class TestFailedWrite:
    def fails(self, error):
        def fail(*args):
            raise error

        return fail

    @pytest.mark.parametrize("step", ["fsync", "rename"])
    @pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=repr)
    def test_the_old_file_stays_and_no_other(self, data, path, step, error, monkeypatch):
        target = "os.fsync" if step == "fsync" else "pathlib.Path.replace"
        monkeypatch.setattr(target, self.fails(error))
        with pytest.raises(type(error)):
            checkpoint.write(path, {"t": 4})
        assert os.listdir(path.parent) == [path.name]
        assert path.read_bytes() == data

    @pytest.mark.parametrize("value", [np.array([{}, None]), {1, 2}, print], ids=str)
    def test_what_could_not_be_read_again_is_not_written(self, data, path, value):
        with pytest.raises((ValueError, TypeError)):
            checkpoint.write(path, {"a": value})
        assert path.read_bytes() == data

    def test_the_file_is_complete_before_it_takes_its_name(self, data, path, monkeypatch):
        seen, replace = [], type(path).replace

        def spy(temporary, target):
            seen.append((checkpoint.read(temporary), checkpoint.read(target)["t"]))
            return replace(temporary, target)

        monkeypatch.setattr("pathlib.Path.replace", spy)
        checkpoint.write(path, {"t": 4})
        assert seen == [({"t": 4}, 3)]

    def test_a_folder_that_is_not_there(self, path):
        with pytest.raises(FileNotFoundError):
            checkpoint.write(path / "deeper", {"t": 4})
