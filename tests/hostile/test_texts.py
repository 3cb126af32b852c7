"""A thousand hostile texts go through console, junit, JSON and HTML, and come out as text and nothing else."""

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import html5lib
import pytest
from hostile.texts import texts

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.render.artifacts import RunName, private_run_file, run_file, write_run
from bitsec_eval.render.console import board_lines
from bitsec_eval.render.html import board_html
from bitsec_eval.render.json import board_json
from tests.junit_files import JunitFile

TEXTS = texts()
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)

HOSTILE_TASK = """
import pathlib
from bitsec_eval import Task

TASK = Task(prompt="x", timeout=20, output_bytes=16 << 20)

def test_fails_with_all_of_it(answer):
    print(answer)
    raise AssertionError(answer)
"""


def board_of(given: list[str]):
    """Return a board on which each text is a reason, part of a task's name and of a check's."""
    file = JunitFile()
    for number, text in enumerate(given):
        name = one_line(text, 40) or "empty"
        file.run("agent", f"suite/{number}-{name}", {f"check-{name}": "failed"}, reason=one_line(text))
    return leaderboard([file.read()])


def test_there_are_a_thousand_different_texts():
    assert len(TEXTS) == 1000
    assert len(set(TEXTS)) > 950


def test_the_one_escaping_function_leaves_nothing_but_text():
    for text in TEXTS:
        for shown in (printable(text), printable(text.encode("utf-8", "surrogatepass")), one_line(text)):
            assert CONTROL.search(shown) is None
            assert len(shown) < 5000
        assert "\n" not in one_line(text)
        assert printable(printable(text)) == printable(text) or len(text) > 4096 or len(printable(text)) > 4096


def test_the_console_shows_one_agent_on_lines_of_its_width():
    lines = board_lines(board_of(TEXTS), 80)

    assert all(len(line) <= 80 and CONTROL.search(line) is None for line in lines)
    assert sum("reward:" in line for line in lines) == 1


def test_json_is_read_back_and_holds_no_raw_character():
    written = board_json(board_of(TEXTS))

    assert json.loads(written)["agents"][0]["agent"] == "agent"
    assert CONTROL.search(written) is None


def test_the_page_gains_no_element_and_no_attribute():
    def elements(page: str) -> set[tuple[str, str]]:
        tree = html5lib.parse(page, namespaceHTMLElements=False)
        return {(str(node.tag), name) for node in tree.iter() for name in ("", *node.attrib)}

    hostile = board_html(board_of(TEXTS))

    assert elements(hostile) <= elements(board_html(board_of([f"plain_text/{number}" for number in range(1000)])))
    assert CONTROL.search(hostile) is None
    assert "javascript:" not in re.sub(r">[^<]*<", "><", hostile)


def test_an_artifact_is_json_without_a_raw_character(tmp_path: Path):
    for text in TEXTS:
        raw = text.encode("utf-8", "surrogatepass")
        answer = Answer(ending=Ending.EXITED, stdout=raw, stderr=raw, status="status 1")
        write_run(tmp_path, RunName(agent="agent", task="suite/x", evaluation="e"), [answer])
        for path in (run_file(tmp_path, "agent", "suite/x"), private_run_file(tmp_path, "agent", "suite/x")):
            written = path.read_text("utf-8")

            assert CONTROL.search(written) is None
            assert json.loads(written)["agent"] == "agent"


@pytest.mark.usefixtures("docker_cli")
def test_junit_of_a_real_evaluation_stays_xml_and_the_terminal_clean(tmp_path: Path):
    from plugin.evaluations import evaluate

    every = "\n".join(TEXTS).encode("utf-8", "surrogatepass")
    (tmp_path / "agents").mkdir()
    source = f"import os, sys\nevery = {every!r}\nos.write(1, every)\nsys.stderr.flush()\nos.write(2, every)\n"

    ran = evaluate(tmp_path, "-vv", agents={"nasty": source}, tasks={"suite/test_x.py": HOSTILE_TASK})

    junit = (tmp_path / "results/junit.xml").read_bytes()
    assert [case.attrib["name"] for case in ET.parse(io.BytesIO(junit)).iter("testcase")] == [
        "test_fails_with_all_of_it[nasty]"
    ]
    assert CONTROL.search(junit.decode("utf-8")) is None
    assert CONTROL.search(re.sub("\x1b\\[[0-9;]*m", "", ran.output)) is None
    assert ran.scores() == {"nasty": 0.0}
