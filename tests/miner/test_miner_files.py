"""What a miner has written stays: a file is written whole or not at all, and never over another one unasked."""

from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.miner.files import MOST_BYTES, check_free, read_agent, write_agent, write_draft


def test_an_agent_is_written_and_read_back(tmp_path: Path):
    write_agent(tmp_path / "a.py", "print('ö')\n")

    assert read_agent(tmp_path / "a.py") == "print('ö')\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_a_file_that_came_into_being_meanwhile_is_left_alone(tmp_path: Path):
    (tmp_path / "a.py").write_text("mine")

    with pytest.raises(SettingsError, match=r"a\.py: exists already; give another name, or --force to replace it"):
        write_agent(tmp_path / "a.py", "theirs")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_force_replaces(tmp_path: Path):
    (tmp_path / "a.py").write_text("old")
    check_free(tmp_path / "a.py", force=True)
    write_agent(tmp_path / "a.py", "new", force=True)

    assert (tmp_path / "a.py").read_text() == "new"


def test_drafts_never_replace_one_another(tmp_path: Path):
    drafts = [write_draft(tmp_path / "a.py", text) for text in ("1", "2")]

    assert [(draft.name, draft.read_text()) for draft in drafts] == [("a.py.draft-1", "1"), ("a.py.draft-2", "2")]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("there.py", "exists already; give another name, or --force to replace it"),
        ("folder", "not a file in an existing folder; give another place"),
        ("nowhere/a.py", "not a file in an existing folder; give another place"),
    ],
)
def test_what_could_not_be_written_is_refused_before_the_work_begins(tmp_path: Path, path: str, words: str):
    (tmp_path / "there.py").touch()
    (tmp_path / "folder").mkdir()

    with pytest.raises(SettingsError, match=words):
        check_free(tmp_path / path, force=False)


def test_a_failing_disk_is_told_and_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(SettingsError, match="File name too long"):
        write_agent(tmp_path / ("a" * 300), "1")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_agent_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"gone\.py: no such file; make one with bitsec-miner make TASK_ID -o "):
        read_agent(tmp_path / "gone.py")
    with pytest.raises(SettingsError, match="no such file"):
        read_agent(tmp_path)
    (tmp_path / "big.py").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(SettingsError, match="is more than 8 MiB; an agent is one source file"):
        read_agent(tmp_path / "big.py")
