"""Tokens are kept for their hub and miner id alone, readable by their owner alone, and never lost."""

import json
import threading
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.miner.tokens import Tokens, config_folder, new_token

HUB = "http://127.0.0.1:8000"


def test_a_kept_token_is_known_for_its_hub_and_id_only(tmp_path: Path):
    tokens = Tokens(tmp_path / "config")
    tokens.keep(HUB, "alice", "t1")
    tokens.keep(HUB, "bob", "t2")

    assert tokens.known(HUB, "alice") == "t1"
    assert tokens.known(HUB, "carol") is None
    assert tokens.known("http://elsewhere", "alice") is None


def test_a_forgotten_token_takes_no_other_with_it(tmp_path: Path):
    tokens = Tokens(tmp_path)
    tokens.keep(HUB, "alice", "t1")
    tokens.keep(HUB, "bob", "t2")
    tokens.forget(HUB, "alice")
    tokens.forget(HUB, "nobody")

    assert (tokens.known(HUB, "alice"), tokens.known(HUB, "bob")) == (None, "t2")


def test_only_the_owner_can_read_them(tmp_path: Path):
    tokens = Tokens(tmp_path / "config" / "bitsec-eval")
    tokens.keep(HUB, "alice", "t1")

    assert tokens.path.stat().st_mode & 0o777 == 0o600
    assert tokens.path.parent.stat().st_mode & 0o777 == 0o700


def test_many_at_once_lose_none(tmp_path: Path):
    def keep(number: int) -> None:
        Tokens(tmp_path).keep(HUB, f"m{number}", str(number))

    threads = [threading.Thread(target=keep, args=[number]) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(json.loads((tmp_path / "tokens.json").read_text())[HUB]) == 40


@pytest.mark.parametrize("content", ["", "[]", '{"http://x": 3}', "\x00", "[" * 100_000])
def test_a_file_that_holds_something_else_is_not_touched(tmp_path: Path, content: str):
    (tmp_path / "tokens.json").write_text(content)

    with pytest.raises(SettingsError, match=r"tokens\.json: does not hold tokens; mend it or move it away"):
        Tokens(tmp_path).keep(HUB, "alice", "t1")
    assert (tmp_path / "tokens.json").read_text() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="Not a directory; correct its owner or set XDG_CONFIG_HOME"):
        Tokens(tmp_path / "file" / "config").known(HUB, "alice")


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CONFIG_HOME": "/c", "HOME": "/h"}, "/c/bitsec-eval"),
        ({"XDG_CONFIG_HOME": "", "HOME": "/h"}, "/h/.config/bitsec-eval"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "/h"}, "/h/.config/bitsec-eval"),
    ],
)
def test_the_folder_is_where_xdg_says(environ: dict[str, str], folder: str):
    assert config_folder(environ) == Path(folder)


def test_tokens_are_long_and_differ():
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) == 43
