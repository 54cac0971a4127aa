"""Files that are complete or not there, and that touch nobody else's."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skscratch.training import files
from skscratch.training.files import possible, replacing

LEFT_OVER = "skscratch-0123456789abcdef.tmp"
links = pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs symbolic links")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run"


def write(path, content):
    with replacing(path) as file:
        file.write(content)


@pytest.fixture
def fixed_name(monkeypatch):
    """Somebody guesses what the name beside path will be."""
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: "0123456789abcdef")
    return f"run.{LEFT_OVER}"


@pytest.mark.parametrize("name", ["run.tmp", "run.skscratch-0123.tmp", f"other.{LEFT_OVER}"])
def test_other_files_beside_it_are_left_alone(path, name):
    path.with_name(name).write_bytes(b"mine")
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.with_name(name).read_bytes() == b"mine"


@links
def test_a_link_in_the_place_of_the_file_that_is_written_is_not_followed(path, fixed_name):
    target = path.with_name("precious")
    target.write_bytes(b"mine")
    path.with_name(fixed_name).symlink_to(target)
    with pytest.raises(FileExistsError):
        write(path, b"new")
    assert target.read_bytes() == b"mine"
    assert sorted(os.listdir(path.parent)) == ["precious", fixed_name], "nor is it removed"


def test_nor_is_a_file_that_is_there_overwritten_or_removed(path, fixed_name):
    path.with_name(fixed_name).write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        write(path, b"new")
    assert path.with_name(fixed_name).read_bytes() == b"mine"
    assert not path.exists()


@links
@pytest.mark.parametrize("kind", [os.symlink, os.link, lambda target, link: os.mkfifo(link)])
def test_what_is_no_file_but_has_the_name_of_one_left_over_stays(path, kind):
    target, link = path.with_name("precious"), path.with_name(f"run.{LEFT_OVER}")
    target.write_bytes(b"mine")
    kind(target, link)
    write(path, b"new")
    assert target.read_bytes() == b"mine"
    assert os.path.lexists(link) is (kind is not os.link), "one more name of a file may go"


@pytest.mark.skipif(os.name != "posix", reason="needs modes of files")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_decides_who_may_read_it(path, umask, mode):
    before = os.umask(umask)
    try:
        write(path, b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


KILLED = """
import os, signal, sys
from skscratch.training.files import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    print(flush=True)
    if sys.argv[2] == "wait":
        sys.stdin.readline()
    else:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def writer(path, then):
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, path, then],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    child.stdout.readline()
    return child


@pytest.mark.skipif(files.fcntl is None, reason="needs SIGKILL and locks")
def test_what_killed_writes_have_left_goes_with_the_next_one(path):
    path.write_bytes(b"old")
    for _ in range(2):
        writer(path, "die").communicate()
    assert len(os.listdir(path.parent)) == 3
    assert path.read_bytes() == b"old"
    write(path, b"new")
    assert os.listdir(path.parent) == ["run"]
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(files.fcntl is None, reason="needs locks")
def test_what_another_process_is_writing_stays(path):
    child = writer(path, "wait")
    write(path, b"first")
    assert len(os.listdir(path.parent)) == 2
    child.communicate(b"\n")
    assert child.returncode == 0
    assert path.read_bytes() == b"half"
    assert os.listdir(path.parent) == ["run"]


@pytest.mark.skipif(files.fcntl is None, reason="needs locks")
def test_a_complete_file_is_no_left_over_before_it_is_renamed(path, monkeypatch):
    """Another process may write to path at that moment."""
    replace = Path.replace

    def late(temporary, target):
        monkeypatch.setattr(Path, "replace", replace)
        write(path, b"of the other")
        return replace(temporary, target)

    monkeypatch.setattr(Path, "replace", late)
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["run"]


@pytest.mark.parametrize(("age", "stays"), [(0, True), (7200, False)])
def test_an_empty_file_is_left_over_if_it_is_old(path, age, stays):
    """A new one may belong to a process that is about to lock it."""
    empty = path.with_name(f"run.{LEFT_OVER}")
    empty.touch()
    os.utime(empty, (time.time() - age,) * 2)
    write(path, b"new")
    assert empty.exists() is stays


def test_what_is_possible(path):
    assert possible(path)
    assert possible(str(path))
    path.write_bytes(b"")
    assert possible(path)
    for wrong in ("", path.parent, path / "below", path.parent / "no" / "run", f"{path}\0b"):
        assert not possible(wrong)


@links
def test_links_are_as_possible_as_what_they_lead_to(path):
    circle, dangling, lost = (path.with_name(name) for name in ("circle", "dangling", "lost"))
    circle.symlink_to(circle)
    dangling.symlink_to(path)
    lost.symlink_to(path.parent / "no" / "run")
    assert [possible(p) for p in (circle, dangling, lost)] == [False, True, False]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_no_file(path):
    os.mkfifo(path)
    assert not possible(path)
