"""What an operator says of the LLM is understood, or refused with what to do, before anything runs."""

from pathlib import Path

import pytest
from inference.sessions import CANARY

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.plugin.config.llm import LLMSettings, key_from, llm_settings
from bitsec_eval.plugin.config.llm_options import OPTIONS

LIVE = ("--bitsec-llm=live", "--bitsec-llm-models=a")


def settings(pytester: pytest.Pytester, *arguments: str, ini: str = "") -> LLMSettings:
    (pytester.path / "pytest.ini").write_text(f"[pytest]\n{ini}")
    config = pytester.parseconfig("-p", "bitsec_eval.plugin", *arguments)
    return llm_settings(config, pytester.path / "results", "e1")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITSEC_LLM_API_KEY", CANARY)


def test_nothing_said_is_off(pytester: pytest.Pytester):
    told = settings(pytester)

    assert (told.mode, told.provision, told.recordings) == ("off", None, pytester.path / "results" / "llm")


def test_the_command_line_goes_before_pytest_ini_and_both_before_the_default(pytester: pytest.Pytester):
    ini = "bitsec_llm = live\nbitsec_llm_models = a, b\nbitsec_llm_calls = 7\nbitsec_llm_total_calls = 70\n"
    run = settings(pytester, "--bitsec-llm-calls=5", ini=ini).provision.run

    assert (run.calls, run.models, run.max_tokens) == (5, ("a", "b"), 8192)
    assert settings(pytester, ini=ini).provision.total.calls == 70


def test_models_are_those_with_a_price_unless_fewer_are_named(pytester: pytest.Pytester):
    (pytester.path / "prices.toml").write_text(
        "[models.x]\nprompt=1\ncompletion=1\n[models.y]\nprompt=1\ncompletion=1\n"
    )
    priced = ("--bitsec-llm=live", "--bitsec-llm-prices=prices.toml")

    assert settings(pytester, *priced).provision.run.models == ("x", "y")
    assert settings(pytester, *priced, "--bitsec-llm-models=y").provision.run.models == ("y",)
    with pytest.raises(SettingsError, match="--bitsec-llm-models: z has no price; add it to --bitsec-llm-prices"):
        settings(pytester, *priced, "--bitsec-llm-models=y,z")


def test_paths_in_pytest_ini_are_from_there(pytester: pytest.Pytester):
    told = settings(pytester, ini="bitsec_llm_recordings = kept\n")

    assert told.recordings == pytester.path / "kept"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bitsec-llm=on"], "--bitsec-llm on: choose one of off, live, record, replay"),
        (["--bitsec-llm=replay"], "--bitsec-llm=replay: no recordings in .*; make some with --bitsec-llm=record"),
        (["--bitsec-llm=live"], "--bitsec-llm: no model to ask; give --bitsec-llm-models"),
        (["--bitsec-llm=live", "--bitsec-llm-prices=none.toml"], r"cannot be read \(No such file or directory\)"),
        ([*LIVE, "--bitsec-llm-calls=x"], "--bitsec-llm-calls x: not a whole number; try --bitsec-llm-calls=100"),
        ([*LIVE, "--bitsec-llm-timeout=soon"], "--bitsec-llm-timeout soon: not a number"),
        ([*LIVE, "--bitsec-llm-calls=-1"], "calls must be from 0 to 1e12"),
        ([*LIVE, "--bitsec-llm-tries=0"], "--bitsec-llm-tries 0: give more than 0"),
        ([*LIVE, "--bitsec-llm-cost=1"], "--bitsec-llm-cost.* give --bitsec-llm-prices"),
        ([*LIVE, "--bitsec-llm-base-url=x"], "LLM base URL: give one like"),
    ],
)
def test_a_wrong_option_is_told_with_the_remedy(pytester: pytest.Pytester, arguments: list[str], words: str):
    with pytest.raises(SettingsError, match=words):
        settings(pytester, *arguments)


def test_a_key_comes_from_the_environment_and_may_be_empty():
    assert key_from({"OPENAI_API_KEY": "b"}) == "b"
    assert key_from({"BITSEC_LLM_API_KEY": "a", "OPENAI_API_KEY": "b"}) == "a"
    assert key_from({"BITSEC_LLM_API_KEY": "", "OPENAI_API_KEY": "b"}) == ""
    with pytest.raises(SettingsError, match="no key for the LLM: set BITSEC_LLM_API_KEY, to nothing if the provider"):
        key_from({})


@pytest.mark.parametrize("key", ["sk secret", "sk\nsecret", "sk-s\u00e9cret"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(key: str):
    with pytest.raises(SettingsError, match="BITSEC_LLM_API_KEY is no key") as caught:
        key_from({"BITSEC_LLM_API_KEY": key})

    assert "cret" not in str(caught.value)


def test_settings_show_no_key(pytester: pytest.Pytester):
    assert CANARY not in repr(settings(pytester, *LIVE))


def test_every_option_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "llm.md").read_text()

    assert [option.flag for option in OPTIONS if f"`{option.flag}`" not in text] == []
