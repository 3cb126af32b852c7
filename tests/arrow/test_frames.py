"""Runs and checks as Arrow tables say what the junit files say, and the documented example prints what it shows."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import bitsec_eval
from bitsec_eval.core.errors import ResultsError, SettingsError
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"
ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "dataframes.md"
USAGE = {"calls": 2, "prompt_tokens": 30, "completion_tokens": 4, "cost": 0.5, "waiting_seconds": 1.5}


@pytest.fixture
def junit(tmp_path):
    """Return a record of a perfect, a half-right, a void and an incomplete agent."""
    path = tmp_path / "results" / "junit.xml"
    path.parent.mkdir()
    record = JunitFile()
    record.run("careful", "coding/sort", [P, P], usage=USAGE).run("careful", "coding/text", [P, P])
    record.run("hasty", "coding/sort", [P, F]).run("hasty", "coding/text", [F, F])
    record.run("unlucky", "coding/sort", [E, E]).run("unlucky", "coding/text", [P], declared=2)
    path.write_bytes(record.text)
    return path


def test_every_run_has_a_line(junit):
    runs = bitsec_eval.frames(junit).runs

    told = runs.select(["agent", "task", "state", "score", "passed", "checks"]).to_pylist()
    assert [tuple(line.values()) for line in told] == [
        ("careful", "coding/sort", "scored", 100.0, 2, 2),
        ("careful", "coding/text", "scored", 100.0, 2, 2),
        ("hasty", "coding/sort", "scored", 50.0, 1, 2),
        ("hasty", "coding/text", "scored", 0.0, 0, 2),
        ("unlucky", "coding/sort", "void", None, 0, 2),
        ("unlucky", "coding/text", "incomplete", 50.0, 1, 2),
    ]
    first = runs.slice(0, 1).to_pylist()[0]
    assert {name: first[name] for name in USAGE} == USAGE
    assert runs.slice(1, 1).to_pylist()[0]["cost"] is None
    assert f"{first['started']:%Y-%m-%d %Z}" == "2026-01-01 UTC"
    assert (first["version"], first["kind"], first["ending"]) == ("sha-of-careful", "code", "exited")


def test_every_check_has_a_line_with_the_key_of_its_run(junit):
    checks = bitsec_eval.frames(str(junit)).checks

    assert checks.num_rows == 11
    assert checks.slice(4, 2).to_pylist() == [
        {"evaluation": "e1", "agent": "hasty", "task": "coding/sort", "repeat": 0}
        | {"check": check, "outcome": outcome, "weight": 1.0, "reason": ""}
        for check, outcome in (("c0", "passed"), ("c1", "failed"))
    ]


def test_a_run_that_left_no_trace_is_incomplete(tmp_path):
    record = JunitFile().run("a", "t", [P]).run("b", "u", [P])
    path = tmp_path / "junit.xml"
    path.write_bytes(record.text)

    told = bitsec_eval.frames(path)
    assert [(run["agent"], run["task"], run["state"], run["score"]) for run in told.runs.to_pylist()] == [
        ("a", "t", "scored", 100.0),
        ("a", "u", "incomplete", 0.0),
        ("b", "t", "incomplete", 0.0),
        ("b", "u", "scored", 100.0),
    ]
    assert told.checks.num_rows == 2


def test_files_of_one_evaluation_are_one_and_others_are_more_lines(tmp_path):
    shards = [JunitFile().run("a", "t", [P]), JunitFile().run("a", "t", [F]), JunitFile("e2").run("a", "t", [P])]
    paths = [tmp_path / f"{number}.xml" for number in range(3)]
    for path, shard in zip(paths, shards, strict=True):
        path.write_bytes(shard.text)

    runs = bitsec_eval.frames(*paths).runs.to_pylist()
    assert [(run["evaluation"], run["score"]) for run in runs] == [("e1", 0.0), ("e2", 100.0)]


def test_pandas_and_polars_take_them(junit):
    runs, checks = bitsec_eval.frames(junit)

    assert isinstance(runs.to_pandas(), pd.DataFrame)
    assert runs.to_pandas()["score"].isna().sum() == 1
    joined = pl.from_arrow(checks).join(pl.from_arrow(runs), on=["evaluation", "agent", "task", "repeat"])
    assert joined.height == checks.num_rows


def test_what_is_no_record_is_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"none\.xml: cannot be read \(No such file or directory\)"):
        bitsec_eval.frames(tmp_path / "none.xml")
    with pytest.raises(SettingsError, match="frames: no junit file; give some"):
        bitsec_eval.frames()


def test_without_pyarrow_one_line_says_what_to_install():
    code = "import sys; sys.modules['pyarrow'] = None; import bitsec_eval; bitsec_eval.frames('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert "pyarrow is not installed; pip install 'bitsec-eval[arrow]'" in done.stderr


def test_the_documented_example_prints_what_it_shows(junit, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    monkeypatch.chdir(junit.parents[1])
    names = {}

    assert len(blocks) == 3
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(DOCUMENT), "exec"), names)
        assert printed.getvalue() == shown
