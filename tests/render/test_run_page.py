"""A run's page says what happened when and which checks failed, leads back to the board, and holds text as text."""

import html5lib
import pytest

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.render.html import board_html
from bitsec_eval.render.links import BOARD, pages_beside
from bitsec_eval.render.timeline import bars, steps
from bitsec_eval.render.trace import run_html, write_run_pages
from bitsec_eval.support.atomic_files import write_json
from tests.junit_files import JunitFile

STEPS = [
    {"kind": "queue", "what": "queued", "at": 0.0, "seconds": 100.0},
    {"kind": "run", "what": "started: a sandbox is made ready", "at": 100.0, "seconds": 1.0},
    {"kind": "run", "what": "the agent runs", "at": 101.0, "seconds": 2.0},
    {"kind": "call", "what": "LLM call 1", "at": 101.5, "seconds": 1.0},
    {"kind": "moment", "what": "exited", "at": 103.0, "seconds": None},
    {"kind": "check", "what": "test_a", "seconds": 0.5, "outcome": "passed"},
    {"kind": "check", "what": "test_b", "seconds": 0.5, "outcome": "failed"},
]
RUN = {
    "agent": "half",
    "task": "suite/t",
    "evaluation": "e1",
    "ending": "exited",
    "seconds": 2.0,
    "state": "scored",
    "score": 50.0,
    "checks": {"test_a": "passed", "test_b": "failed"},
    "timeline": STEPS,
    "published": True,
    "stdout": "an answer",
    "prompt": "a prompt",
}


def elements(page: str):
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return [element for element in tree.iter() if isinstance(element.tag, str)]


def test_bars_share_an_axis_from_the_start_of_the_run_to_its_last_check():
    placed = {bar.what: (round(bar.left), round(bar.width)) for bar in bars(steps(STEPS))}

    assert placed["the agent runs"] == (25, 50)
    assert placed["LLM call 1"] == (38, 25)
    assert placed["test_a"] == (75, 12)
    assert placed["test_b"] == (88, 12)


@pytest.mark.parametrize(
    "told",
    [[], [{}], ["x"], 7, [{"at": "x", "seconds": True}], [{"at": 1e400, "seconds": -1}], STEPS[-1:], STEPS[:1]],
)
def test_a_timeline_that_lacks_something_is_drawn_all_the_same(told):
    assert all(0 <= bar.left <= bar.left + bar.width <= 100 for bar in bars(steps(told)))
    assert "half on suite/t" in run_html({**RUN, "timeline": told})


def test_of_a_check_only_its_rounded_seconds_are_told_whoever_wrote_the_file():
    (step,) = steps([{"kind": "check", "what": "test_a", "at": 3.14159, "seconds": 0.1234, "outcome": "passed"}])

    assert (step.at, step.seconds) == (None, 0.2)


def test_what_an_agent_printed_is_shown_only_where_the_file_says_that_it_is_published():
    page = run_html({**RUN, "published": False, "twin": {"stdout": "an answer", "stderr": ""}})

    assert "an answer" not in page


def test_the_page_tells_each_step_and_which_checks_failed():
    page = run_html(RUN)

    for shown in ("1 of 2 passed", "queued", "≤ 100 s", "LLM call 1", "≤ 0.5 s", "an answer", "a prompt"):
        assert shown in page
    assert page.count("<svg") == len(STEPS) - 1


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'\"><svg onload=x>", "{{ 7*7 }}", "</pre><h1>"])
def test_hostile_text_adds_no_element_and_no_attribute(text):
    def shape(word):
        timeline = [{**step, "what": word} for step in STEPS]
        checks = {word: "failed", "test_a": "passed"}
        told = RUN | {
            "task": word,
            "stdout": word,
            "stderr": word,
            "prompt": word,
            "timeline": timeline,
            "checks": checks,
        }
        told |= {"reasons": {word: word}, "settings": {word: word}, "ending": word, "state": word, "reason": word}
        return [(each.tag, sorted(each.attrib)) for each in elements(run_html(told))]

    assert shape(text) == shape("innocent")


def test_it_says_what_each_check_weighs():
    page = run_html(
        RUN | {"checks": {"a": "passed", "b": "failed"}, "weights": {"a": 1, "b": 5}, "declared_weight": 6}
    )

    assert "Checks: 1 of 2 passed, weight 1 of 6" in page
    assert '<code>b</code></th><td class="figure">5</td>' in page


def test_board_and_pages_lead_to_one_another(tmp_path):
    file = (
        JunitFile()
        .run("half", "suite/t", ["passed", "failed"])
        .run("half", "suite/t", ["passed"], declared=2, repeat=1)
    )
    board = leaderboard(
        [
            file.run("gone", "suite/t", ["failed"], declared=2)
            .run("../up", "suite/t", ["failed"], declared=2)
            .read_unchecked()
        ]
    )
    for repeat, name in enumerate(("suite__t", "suite__t.r2")):
        write_json(tmp_path / f"runs/half/{name}.json", RUN | {"repeat": repeat})
    write_json(tmp_path / "runs/half/suite__t.r3.json", RUN | {"repeat": 2, "evaluation": "an older one"})

    write_run_pages(tmp_path, board)
    (tmp_path / BOARD).write_text(board_html(board, run_pages=pages_beside(tmp_path)))

    def led_to(page):
        hrefs = [element.get("href") for element in elements(page.read_text()) if element.tag == "a"]
        return {(page.parent / href.partition("#")[0]).resolve() for href in hrefs if not href.startswith("#")}

    one, two = (tmp_path / f"runs/half/{name}.html" for name in ("suite__t", "suite__t.r2"))
    assert led_to(tmp_path / BOARD) == {one, two}
    assert led_to(one) == led_to(two) == {tmp_path / BOARD, one, two}


def test_a_page_that_is_mailed_links_to_nothing_beside_it():
    (section,) = {each.get("href") for each in elements(run_html(RUN)) if each.tag == "a"}

    assert section == "#content"
