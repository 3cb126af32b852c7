"""An answer is reused only if nothing it depends on changed, and only if this validator wrote it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.usage import Usage
from bitsec_eval.plugin.cache.answers import AnswerStore, Condition, digest, signing_key
from bitsec_eval.plugin.cache.resume import Begun, begun_file, check_same, continued, note_begun
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.schedule.runs import RunKey, RunResult, RunSpec

CONDITION = Condition(image="sha256:1", llm={"mode": "off"})
ANSWER = Answer(
    ending=Ending.EXITED, stdout=b"\xffa", stderr=b"e", seconds=1.5, status="status 0", usage=Usage(calls=2)
)
DONE = RunResult(answers=(ANSWER,), attempts=2)
BEGUN = Begun(evaluation="e1", started="2026-01-01T00:00:00+00:00", seed=7, repeats=1, agents={"a": "s"})


def work(*, source=b"1", prompt="p", files=None, limits=None, key=None, llm=None) -> RunSpec:
    order = AgentOrder(source=source, prompt=prompt, files=files or {"a": b"x"})
    return RunSpec(key=key or RunKey("a", "t"), orders=lambda: (order,), limits=limits or Limits(), llm=llm or LLM())


def store(folder: Path, key: bytes = b"ours", evaluation: str = "e2", *, recalls: bool = True) -> AnswerStore:
    return AnswerStore(folder, key, evaluation=evaluation, condition=lambda: CONDITION, recalls=recalls)


def entry(folder: Path) -> Path:
    (path,) = folder.glob("*/*.json")
    return path


def test_an_answer_comes_back_as_it_was(tmp_path):
    store(tmp_path, evaluation="e1").keep(work(), DONE)

    assert store(tmp_path).recall(work()) == replace(DONE, reused="e1")


@pytest.mark.parametrize(
    "other",
    [
        work(source=b"2"),
        work(prompt="q"),
        work(files={"a": b"y"}),
        work(files={"b": b"x"}),
        work(limits=Limits(pids=65)),
        work(llm=LLM(calls=1)),
        work(key=RunKey("a", "t", 1)),
        work(key=RunKey("a", "u")),
        work(key=RunKey("b", "t")),
    ],
)
def test_a_change_of_what_it_depends_on_makes_a_run_new(tmp_path, other):
    store(tmp_path).keep(work(), DONE)

    assert store(tmp_path).recall(other) is None


@pytest.mark.parametrize(
    "other", [Condition(image="sha256:2", llm={"mode": "off"}), Condition(image="sha256:1", llm={})]
)
def test_another_image_or_llm_makes_every_run_new(other):
    assert digest(work(), CONDITION) != digest(work(), other)


def test_nothing_is_recalled_unless_asked_for(tmp_path):
    store(tmp_path).keep(work(), DONE)

    assert store(tmp_path, recalls=False).recall(work()) is None


def test_a_void_run_is_not_kept(tmp_path):
    store(tmp_path).keep(work(), RunResult(failure=SandboxError("away")))

    assert store(tmp_path).recall(work()) is None


def test_an_entry_of_another_validator_is_left_aside_with_a_line(tmp_path):
    store(tmp_path, b"theirs").keep(work(), DONE)
    ours = store(tmp_path)

    assert ours.recall(work()) is None
    assert "this validator did not write it; the run is done again" in ours.lines[0]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"answer": 1, "signature": 1}', "\x00", "{" * 100_000])
def test_a_corrupt_entry_is_left_aside_with_a_line(tmp_path, text):
    store(tmp_path).keep(work(), DONE)
    entry(tmp_path).write_text(text)
    ours = store(tmp_path)

    assert ours.recall(work()) is None
    assert len(ours.lines) == 1


def test_an_entry_moved_to_another_runs_place_is_left_aside(tmp_path):
    store(tmp_path).keep(work(), DONE)
    name = digest(work(prompt="q"), CONDITION)
    (tmp_path / name[:2]).mkdir(exist_ok=True)
    entry(tmp_path).rename(tmp_path / name[:2] / f"{name}.json")
    ours = store(tmp_path)

    assert ours.recall(work(prompt="q")) is None
    assert "it is another run's" in ours.lines[0]


def test_a_changed_answer_is_left_aside(tmp_path):
    store(tmp_path).keep(work(), DONE)
    told = json.loads(entry(tmp_path).read_text())
    told["answer"]["answers"][0]["stdout"] = "Zm9yZ2Vk"
    entry(tmp_path).write_text(json.dumps(told))

    assert store(tmp_path).recall(work()) is None


def test_the_key_stays_and_is_ours_alone(tmp_path):
    assert signing_key(tmp_path / "state") == signing_key(tmp_path / "state")
    assert (tmp_path / "state/answers.key").stat().st_mode & 0o777 == 0o600


def test_what_was_interrupted_is_gone_on_with(tmp_path):
    note_begun(tmp_path, BEGUN)

    assert continued(tmp_path, "results", resume=True, rerun=None) == BEGUN


def test_what_has_ended_is_not_resumed_but_its_void_runs_are_redone(tmp_path):
    note_begun(tmp_path, replace(BEGUN, ended=True))

    with pytest.raises(
        SettingsError, match="has ended; start a new one .* or redo its void runs with --bitsec-rerun"
    ):
        continued(tmp_path, "results", resume=True, rerun=None)
    assert continued(tmp_path, "results", resume=False, rerun="void").evaluation == "e1"


@pytest.mark.parametrize("text", ["", "[]", '{"evaluation": 1}', '{"surprise": 1}'])
def test_without_an_evaluation_there_is_nothing_to_go_on_with(tmp_path, text):
    begun_file(tmp_path).write_text(text)

    with pytest.raises(SettingsError, match="no evaluation was begun in results; start one without this option"):
        continued(tmp_path, "results", resume=True, rerun=None)


def test_changed_agents_are_refused():
    with pytest.raises(SettingsError, match="cannot go on: a, b changed .* start a new one with --bitsec-reuse"):
        check_same(BEGUN, {"a": "other", "b": "new"}, 1)


def test_other_repeats_are_refused():
    with pytest.raises(SettingsError, match="begun with --bitsec-repeat=1; give it too"):
        check_same(BEGUN, {"a": "s"}, 2)
