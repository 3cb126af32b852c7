"""Prices are exact, limits are all set, and a task can only lower them."""

from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError, TaskError
from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.inference.limits import RunLimits, TotalLimits
from bitsec_eval.inference.prices import Price, read_prices

TABLE = """
[models."openai/small"]
prompt = 0.15
completion = 0.60
max_tokens_field = "max_completion_tokens"

[models.large]
prompt = 3
completion = 15
"""


def prices(folder: Path, text: str) -> dict[str, Price]:
    path = folder / "prices.toml"
    path.write_text(text)
    return dict(read_prices(path))


def test_prices_are_whole_numbers_for_each_token(tmp_path: Path):
    assert prices(tmp_path, TABLE) == {
        "openai/small": Price(prompt=150_000, completion=600_000, max_tokens_field="max_completion_tokens"),
        "large": Price(prompt=3_000_000, completion=15_000_000),
    }


def test_a_million_tokens_cost_what_the_table_says(tmp_path: Path):
    small = prices(tmp_path, TABLE)["openai/small"]

    assert small.cost(1_000_000, 0).cost == 0.15
    assert small.cost(1_000_000, 1_000_000).cost == 0.75


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no models; write [models."),
        ("models = 3", "no models"),
        ("[models", "it is TOML"),
        ("[models.a]\nprompt = 1", "model a is not [models."),
        ("[models.a]\nprompt = 1\ncompletion = 2\nextra = 3", "model a is not"),
        ('[models.a]\nprompt = "1"\ncompletion = 2', "a price is a number of US dollars per million tokens"),
        ("[models.a]\nprompt = -1\ncompletion = 2", "a price is a number"),
        ("[models.a]\nprompt = nan\ncompletion = 2", "a price is a number"),
        ("[models.a]\nprompt = 0.0000001\ncompletion = 2", "a price has at most 6 decimals"),
        ('[models.a]\nprompt = 1\ncompletion = 2\nmax_tokens_field = "n"', "max_tokens_field is one of"),
    ],
)
def test_a_wrong_table_is_refused_with_what_to_write(tmp_path: Path, text: str, words: str):
    with pytest.raises(SettingsError) as caught:
        prices(tmp_path, text)

    assert words in str(caught.value)
    assert str(tmp_path / "prices.toml") in str(caught.value)


def test_a_table_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"cannot be read \(No such file or directory\); name a TOML file"):
        read_prices(tmp_path / "none.toml")


def test_a_task_can_lower_a_limit_and_not_raise_it():
    limits = RunLimits(calls=10, cost=1.0, max_tokens=100, models=("a", "b"))

    tight = limits.tightened(LLM(calls=3, cost=5.0, max_tokens=1000, prompt_tokens=7, models=["b", "c"]))

    assert (tight.calls, tight.cost, tight.max_tokens, tight.prompt_tokens) == (3, 1.0, 100, 7)
    assert tight.models == ("b",)
    assert limits.tightened(LLM()) == limits


@pytest.mark.parametrize("limits", [RunLimits, TotalLimits])
def test_no_limit_is_negative_or_endless(limits: type):
    for wrong in ({"calls": -1}, {"cost": float("inf")}, {"prompt_tokens": 10**13}, {"cost": float("nan")}):
        with pytest.raises(SettingsError, match="must be from 0 to 1e12"):
            limits(**wrong)


def test_bytes_are_capped_by_what_a_container_may_send():
    with pytest.raises(SettingsError, match="may be 67108864 at most"):
        RunLimits(request_bytes=1 << 30)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"calls": -1}, "llm calls must be 0 or more"),
        ({"calls": 1.5}, "llm calls must be a whole number"),
        ({"calls": True}, "llm calls must be a whole number"),
        ({"cost": float("nan")}, "llm cost must be 0 or more"),
        ({"cost": "1"}, "llm cost must be US dollars"),
        ({"models": "small"}, "llm models must list names of models"),
        ({"models": [3]}, "llm models must list names of models"),
    ],
)
def test_a_wrong_limit_of_a_task_is_named(wrong: dict, words: str):
    with pytest.raises(TaskError, match=words):
        LLM(**wrong)


def test_a_task_takes_limits_and_nothing_else():
    assert Task(prompt="x", llm=LLM(calls=3)).llm.calls == 3
    with pytest.raises(TaskError, match=r"llm must be a bitsec_eval.LLM, as in llm=LLM\(calls=10\)"):
        Task(prompt="x", llm={"calls": 3})
