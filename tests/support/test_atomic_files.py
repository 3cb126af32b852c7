"""A file is written whole or not at all, with the asked permissions, and no draft of it stays behind."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.support.atomic_files import (
    make_folder,
    read_json,
    remove_unfinished,
    write_bytes,
    write_json,
    write_text,
    write_together,
)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_and_no_draft_stays(tmp_path: Path, durable: bool):
    path = tmp_path / "a.txt"
    path.write_text("before")

    write_bytes(path, b"after", durable=durable)

    assert path.read_bytes() == b"after"
    assert names(tmp_path) == ["a.txt"]


def test_permissions_are_those_asked_for_whatever_the_umask(tmp_path: Path):
    before = os.umask(0o077)
    try:
        write_bytes(tmp_path / "all", b"")
        write_bytes(tmp_path / "mine", b"", mode=0o600)
    finally:
        os.umask(before)

    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("all", "mine")]
    assert modes == [0o644, 0o600]


def test_a_file_that_may_not_be_replaced_is_left_alone(tmp_path: Path):
    path = tmp_path / "a.txt"
    write_bytes(path, b"first", replace=False)

    with pytest.raises(FileExistsError):
        write_bytes(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path):
    """A limit on the size of files stands for the disk: the write fails half way."""
    code = f"""
import resource, signal
from pathlib import Path
from bitsec_eval.support.atomic_files import write_bytes, write_together
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
folder = Path({str(tmp_path)!r})
for write in (
    lambda: write_bytes(folder / "a", b"x" * 2000),
    lambda: write_together([(folder / "a", b"new"), (folder / "b", b"x" * 2000)], durable=True),
):
    try:
        write()
    except OSError as error:
        print(error.errno)
"""
    (tmp_path / "a").write_text("kept")

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "27\n27\n"
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "kept"


def test_files_written_together_are_all_there(tmp_path: Path):
    pages = [(tmp_path / f"{name}.token", name.encode()) for name in "ab"]

    write_together(pages, durable=True, mode=lambda path: 0o600 if path.suffix == ".token" else 0o644)

    assert [path.read_bytes() for path, _ in pages] == [b"a", b"b"]
    assert {stat.S_IMODE(path.stat().st_mode) for path, _ in pages} == {0o600}


def test_what_a_crash_left_is_in_nobodys_way_and_is_removed(tmp_path: Path):
    for number in range(1000):
        (tmp_path / f".a.{os.getpid()}-{number}.tmp").write_text("half")

    write_bytes(tmp_path / "a", b"whole")
    remove_unfinished(tmp_path)

    assert names(tmp_path) == ["a"]


def test_a_text_that_is_no_unicode_is_escaped_in_a_folder_that_is_made(tmp_path: Path):
    write_text(tmp_path / "deep/er/a", "\udcff")

    assert (tmp_path / "deep/er/a").read_text() == "\\udcff"


@pytest.mark.parametrize("content", ["[1]", "{", "", '{"a": ' + "[" * 100_000])
def test_what_is_no_json_object_is_none(tmp_path: Path, content: str):
    (tmp_path / "a").write_text(content)

    assert read_json(tmp_path / "a") is None
    assert read_json(tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("content", "text"),
    [({}, "{}\n"), ({"b": {"d": 1, "c": [2]}, "a": "x"}, '{\n  "a": "x",\n  "b": {"c": [2], "d": 1}\n}\n')],
)
def test_json_has_its_names_in_order_and_a_member_a_line(tmp_path: Path, content: dict[str, object], text: str):
    write_json(tmp_path / "new/folder/a", content)

    assert (tmp_path / "new/folder/a").read_text() == text


def test_json_is_read_back(tmp_path: Path):
    write_json(tmp_path / "a", {"b": 1, "a": [None, "ß"]})

    assert read_json(tmp_path / "a") == {"a": [None, "ß"], "b": 1}


def test_a_folder_is_made_with_its_parents(tmp_path: Path):
    make_folder(tmp_path / "a/b/c")
    make_folder(tmp_path / "a/b/c")

    assert (tmp_path / "a/b/c").is_dir()
