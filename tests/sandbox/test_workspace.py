"""A workspace is read whole or refused by name before any sandbox is opened."""

from pathlib import Path

import pytest

from bitsec_eval.core.errors import TaskError
from bitsec_eval.sandbox.execution.workspace import files_digest, read_workspace


def test_every_file_comes_by_its_relative_path(tmp_path: Path):
    (tmp_path / "src/deep").mkdir(parents=True)
    (tmp_path / "src/deep/a.sol").write_bytes(b"contract A {}")
    (tmp_path / "b.bin").write_bytes(b"\0\xff")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("not for agents")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/x.pyc").write_text("")

    assert read_workspace(tmp_path) == {"b.bin": b"\0\xff", "src/deep/a.sol": b"contract A {}"}


def test_a_missing_folder_a_link_and_too_much_are_named(tmp_path: Path):
    with pytest.raises(TaskError, match="workspace .*gone is not a folder; make it or correct its name"):
        read_workspace(tmp_path / "gone")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(TaskError, match="link is a link or a special file; copy what it stands for"):
        read_workspace(tmp_path)
    (tmp_path / "link").unlink()
    (tmp_path / "big").write_bytes(bytes((7 << 20) + 1))
    with pytest.raises(TaskError, match="big is 7340033 bytes, the most is 7340032; leave it out"):
        read_workspace(tmp_path)


def test_the_digest_tells_contents_and_paths_apart():
    assert files_digest({"a": b"x", "b": b""}) == files_digest({"b": b"", "a": b"x"})
    assert len({files_digest(files) for files in ({"a": b"x"}, {"ax": b""}, {"b": b"x"}, {"a": b"y"}, {})}) == 5
