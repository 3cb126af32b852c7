"""The reader takes what the plugin wrote, refuses what no evaluation writes, and never reads failure text."""

import contextlib
import io
import tracemalloc
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluations.evaluation import Check, Outcome, PlannedTask, Run
from bitsec_eval.core.junit.reader import CHUNK_BYTES, read_junit
from tests.junit_files import SECRET, JunitFile


def read(text: bytes):
    return read_junit(io.BytesIO(text), "results/junit.xml")


def outcomes(file: JunitFile) -> dict[str, str]:
    return {check.name: check.outcome.value for run in file.read().runs for check in run.checks}


def refusal(text: bytes) -> str:
    with pytest.raises(ResultsError) as refused:
        read(text)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("results/junit.xml: ")
    return str(refused.value)


def test_a_run_is_read_with_everything_the_plugin_wrote():
    file = JunitFile().run("careful", "coding/a", ["passed"], weights=[2], task_weight=3, reason="", seconds=1.5)

    assert file.read().runs == (
        Run(
            agent="careful",
            task="coding/a",
            checks=(Check(name="c0", outcome=Outcome.PASSED, weight=2),),
            declared_checks=1,
            declared_weight=2,
            task_weight=3,
            ending="exited",
            seconds=1.5,
        ),
    )


def test_the_plan_is_read():
    plan = JunitFile(evaluation="u-1").run("careful", "coding/a", ["passed"], sha="abc").read().plan

    assert plan.started == datetime(2026, 1, 1, tzinfo=UTC)
    assert (plan.seed, plan.emission, plan.rewards, plan.image) == (7, "100", "score", "sha256:abc")
    assert plan.agents == {"careful": "abc"}
    assert plan.tasks == {"coding/a": PlannedTask(checks=1, declared_weight=1, kind="code")}


def test_times_of_any_zone_become_utc():
    file = JunitFile(started="2026-01-01T02:00:00+02:00").run("a", "t", ["passed"])

    assert file.read().plan.started == datetime(2026, 1, 1, tzinfo=UTC)


def test_without_a_plan_the_checks_still_count():
    evaluation = JunitFile(plan=False).run("a", "t", ["passed"]).read()

    assert evaluation.plan is None
    assert len(evaluation.runs) == 1


def test_a_plan_without_checks_is_an_evaluation_that_got_nowhere():
    file = JunitFile().run("a", "t", ["passed"])
    file.cases.clear()

    assert file.read().runs == ()


def test_failure_error_and_skip_are_never_a_pass():
    file = JunitFile().run("a", "t", {"p": "passed", "f": "failed", "e": "error", "s": "skipped"})

    assert outcomes(file) == {"p": "passed", "f": "failed", "e": "error", "s": "failed"}


@pytest.mark.parametrize("children", [("failure", "error"), ("error", "failure"), ("error", "skipped")])
def test_error_beats_failure_in_one_testcase(children):
    text = JunitFile().run("a", "t", ["passed"]).text
    both = "".join(f"<{child}/>" for child in children).encode()

    (run,) = read(text.replace(b"</testcase>", both + b"</testcase>")).runs
    assert run.checks[0].outcome is Outcome.ERROR


@pytest.mark.parametrize("order", [("passed", "error"), ("error", "passed")])
def test_a_check_told_twice_keeps_its_worst_outcome(order):
    file = JunitFile()
    for outcome in order:
        file.run("a", "t", {"c": outcome}, declared=1)

    assert outcomes(file) == {"c": "error"}


def test_checks_come_in_order_of_their_names():
    file = JunitFile().run("a", "t", {"z": "passed", "a": "passed", "m": "failed"})

    assert list(outcomes(file)) == ["a", "m", "z"]


def test_testcases_of_other_tests_are_ignored():
    text = JunitFile().run("a", "t", ["passed"]).text
    other = b'<testcase name="other"><properties><property name="x" value="y"/></properties><failure/></testcase>'

    assert len(read(text.replace(b"</testsuite>", other + b"</testsuite>")).runs) == 1


def test_no_failure_text_survives_reading():
    evaluation = JunitFile().run("a", "t", ["failed", "error", "skipped"]).read()

    assert SECRET.encode() in JunitFile().run("a", "t", ["failed"]).text
    assert SECRET not in repr(evaluation)


def test_long_failure_texts_take_no_memory():
    failed = JunitFile().run("a", "t", ["failed"]).text
    long = failed.replace(b"</failure>", b"x" * 20_000_000 + b"</failure>")
    tracemalloc.start()
    read(failed)
    read(long)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 8 * CHUNK_BYTES


def test_equal_checks_of_different_agents_are_kept_once():
    one, other = JunitFile().run("a", "t", ["passed"]).run("b", "t", ["passed"]).read().runs

    assert one.checks[0] is other.checks[0]


def test_control_characters_in_texts_are_spelled_out():
    file = JunitFile().run("a", "t\x1b", {"c\x07": "failed"}, reason="\x1b]0;pwn\nforged line")
    (run,) = file.read().runs

    assert run.task == r"t\x1b"
    assert run.checks[0].name == r"c\x07"
    assert run.checks[0].reason == r"\x1b]0;pwn\nforged line"


@pytest.mark.parametrize("keep", [0, 1, 60, 0.5, 0.99])
def test_a_file_cut_short_is_refused(keep):
    text = JunitFile().run("a", "t", ["passed", "failed"]).text
    cut = text[: int(len(text) * keep) if keep < 1 else keep]

    assert "cut short or empty" in refusal(cut)
    assert refusal(cut).endswith("run the evaluation again or give the junit file it wrote")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"PK\x03\x04 no xml at all", "not XML (line 1: "),
        (b"<a></b>", "is XML but no junit (<a>)"),
        (b"<testsuites><testcase></testsuites>", "not XML (line 1: mismatched tag)"),
        (b"<html><body/></html>", "is XML but no junit (<html>); give the file that pytest wrote"),
        (b"<?xml version='1.0' encoding='klingon'?><testsuites/>", "not readable as XML (unknown encoding: klingon)"),
        (b"<?xml version='1.0' encoding='rot13'?><testsuites/>", "not readable as XML"),
        (b"<testsuites><testsuite><testcase/></testsuite></testsuites>", "no check of an evaluation in it; give"),
    ],
)
def test_what_is_no_junit_of_ours_is_refused(text, says):
    assert says in refusal(text)


def test_a_doctype_is_refused_before_it_can_declare_anything():
    bomb = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><testsuites name="&c;"/>'

    assert "has a DOCTYPE, which no junit file needs" in refusal(bomb)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"agent": ""}, "agent has 0 characters, not 1 to 300"),
        ({"agent": "x" * 301}, "agent has 301 characters"),
        ({"agent": "a\u202eb"}, "is no name of an agent"),
        ({"agent": ["a"]}, "agent is ['a'], not a text"),
        ({"task": None}, "task has 0 characters"),
        ({"check": 7}, "check is 7, not a text"),
        ({"weight": 0}, "weight is 0, not a number above it"),
        ({"weight": -1}, "weight is -1, not a number from 0"),
        ({"weight": "1"}, "weight is '1', not a number"),
        ({"weight": 1e999}, "no JSON object"),
        ({"task_weight": True}, "task_weight is True, not a number"),
        ({"declared_weight": 10**400}, "declared_weight is 1000000"),
        ({"checks": 0}, "checks is 0, not a count from 1"),
        ({"checks": 1.0}, "checks is 1.0, not a count"),
        ({"repeat": -1}, "repeat is -1, not a count from 0"),
        ({"attempts": 10**9}, "attempts is 1000000000, not a count"),
        ({"seconds": "fast"}, "seconds is 'fast', not a number"),
        ({"reason": {}}, "reason is {}, not a text"),
        ({"evaluation": None}, "evaluation has 0 characters"),
    ],
)
def test_absurd_values_are_refused(facts, says):
    file = JunitFile(plan=False).run("a", "t", ["passed"])
    file.cases[0][0].update(facts)

    assert says in refusal(file.text)
    assert "give the junit file as pytest wrote it" in refusal(file.text)


def test_a_missing_field_is_named():
    file = JunitFile().run("a", "t", ["passed"])
    del file.cases[0][0]["declared_weight"]

    assert "a bitsec.run in it is wrong: lacks 'declared_weight'" in refusal(file.text)


@pytest.mark.parametrize("value", ["[]", "nonsense", "{} {}", "[" * 100_000, '{"weight": NaN}', "9" * 5000])
def test_a_property_that_is_no_json_object_is_refused(value):
    text = (
        f"<testsuites><testcase><properties><property name='bitsec.check' value='{value}'/></properties></testcase>"
    )

    assert "a bitsec.check in it is no JSON object" in refusal(f"{text}</testsuites>".encode())


def test_more_checks_than_declared_are_refused():
    text = JunitFile().run("a", "t", ["passed"] * 3, declared=2).text

    assert "run of a on t declares 2 checks that weigh 3 and holds 3 that weigh 3" in refusal(text)


def test_more_weight_than_declared_is_refused():
    text = JunitFile().run("a", "t", ["passed"], weights=[2], declared_weight=1).text

    assert "declares 1 checks that weigh 1 and holds 1 that weigh 2" in refusal(text)


def test_a_run_that_declares_two_things_is_refused():
    file = JunitFile().run("a", "t", {"c": "passed"}, declared=2).run("a", "t", {"d": "passed"}, declared=3)

    assert "run of a on t declares its checks in two ways" in refusal(file.text)


def test_two_evaluations_in_one_file_are_refused():
    file = JunitFile(evaluation="e1").run("a", "t", ["passed"])
    file.evaluation = "e2"
    file.run("b", "t", ["passed"])

    assert "holds two evaluations, e2 and e1; give each a file of its own" in refusal(file.text)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"started": "yesterday"}, "Invalid isoformat string: 'yesterday'"),
        ({"agents": None}, "object has no attribute 'items'"),
        ({"agents": {"a": 5}}, "a is 5, not a text"),
        ({"tasks": {"t": {"weight": 1}}}, "declared_weight"),
        ({"notes": [5]}, "note is 5, not a text"),
    ],
)
def test_a_wrong_plan_is_refused(settings, says):
    text = JunitFile(settings=settings).run("a", "t", ["passed"]).text

    assert says in refusal(text)


def test_the_name_of_an_opened_file_is_in_the_message(tmp_path):
    path = tmp_path / "empty.xml"
    path.write_bytes(b"")

    with path.open("rb") as stream, pytest.raises(ResultsError, match=r"empty\.xml: cut short or empty"):
        read_junit(stream)


@given(st.binary(max_size=200), st.integers(min_value=0))
def test_damaged_files_are_read_or_refused_and_nothing_else(noise, at):
    text = JunitFile().run("a", "t", ["passed", "failed"]).text
    at %= len(text)

    with contextlib.suppress(ResultsError):
        read(text[:at] + noise + text[at + len(noise) :])


def test_a_run_is_told_once_and_named_by_the_checks_behind_it():
    file = JunitFile().run("alice", "coding/a", ["passed", "failed"]).run("bob", "coding/a", ["passed", "passed"])
    whole = file.read()
    file.names_runs = True
    named = file.text

    assert named.count(b"task_weight") == 2
    assert read_junit(io.BytesIO(named)) == whole


def test_a_run_that_nothing_tells_of_is_refused():
    file = JunitFile().run("alice", "coding/a", ["passed", "failed"])
    file.names_runs = True
    text = file.text
    begin, end = text.index(b"<testcase"), text.index(b"</testcase>") + len(b"</testcase>")

    assert "nothing before it tells of the run of " in refusal(text[:begin] + text[end:])


@pytest.mark.parametrize(
    "kept", ["type='string' name='{}' value='{}'", "value='{1}' name='{0}'", "name='{}' type='{}'"]
)
def test_a_property_is_read_by_its_attributes_names(kept):
    whole = JunitFile().run("alice", "coding/a", ["passed"])
    found = ET.fromstring(whole.text).find(".//testcase/properties/property[@name='bitsec.run']")
    written = ET.tostring(found).strip()
    told = escape(found.get("value"), {"'": "&apos;"})
    text = whole.text.replace(written, f"<property {kept.format('bitsec.run', told)} />".encode())

    assert written in whole.text
    if "value" in kept:
        assert read_junit(io.BytesIO(text)) == whole.read()
    else:
        assert "a bitsec.run in it is no JSON object" in refusal(text)
