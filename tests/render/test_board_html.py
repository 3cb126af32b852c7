"""As a page the board stands alone, lets nothing else in, and shows hostile text as text."""

import base64
import hashlib
import html
import re

import html5lib
import pytest
from jinja2 import DictLoader

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.render.html import board_html, environment, stylesheet
from tests.junit_files import SECRET, JunitFile

P, F, E = "passed", "failed", "error"
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "{{ 7*7 }}",
    "<!--",
    "&lt;b&gt;",
]


def page_of(*files: JunitFile) -> str:
    return board_html(leaderboard([file.read_unchecked() for file in files]))


def several() -> JunitFile:
    file = JunitFile().run("careful", "coding/a", {"reverses": P, "keeps": P})
    return file.run("half", "coding/a", {"reverses": P, "keeps": F}, reason="wrong").run("void", "coding/a", [E, E])


def tags(page: str) -> list[str]:
    return [element.tag for element in _elements(page)]


def _elements(page: str):
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return [element for element in tree.iter() if isinstance(element.tag, str)]


def test_it_shows_ranks_scores_rewards_and_what_is_void():
    page = page_of(several())

    for shown in ("careful", "100.0", "40.00", "half", "50.0", "20.00", "Held back", "1 void (0-100)"):
        assert shown in page


def test_an_agent_that_was_stopped_says_why_cells_are_empty():
    stopped = {"stopped": {"late": "pruned"}, "prune": 1}
    file = JunitFile(settings=stopped).run("best", "a/x", [P]).run("best", "b/y", [P]).run("late", "a/x", [F])
    page = page_of(file)

    assert '<span class="state">pruned</span> 1 run of 2 not spent; the score is that of the others.' in page
    assert "Empty: not run, as its agent was stopped." in page
    assert "not spent" not in page_of(several())
    assert "Empty" not in page_of(several())


def test_it_names_the_checks_that_did_not_pass_and_why():
    page = page_of(several())

    assert "<code>keeps</code>" in page
    assert '<p class="reason">wrong</p>' in page
    assert "<code>reverses</code>" not in page


def test_nothing_of_a_failure_text_is_in_it():
    page = html.unescape(page_of(JunitFile().run("a", "t", [F, E, "skipped"])))

    assert SECRET not in page
    assert "hidden" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_it_needs_nothing_from_elsewhere_and_no_script():
    page = page_of(several())

    assert not {"script", "link", "img", "iframe", "object", "form"} & set(tags(page))
    assert not re.search(r"https?://|@import|url\(", page)
    assert " style=" not in page


def test_its_policy_allows_its_own_style_sheet_only():
    page = page_of(several())
    (style,) = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])

    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_a_lost_check_says_what_it_weighs():
    page = page_of(JunitFile().run("a", "t", {"easy": P, "hard": F}, weights=[1, 5]))

    assert '<code>hard</code> <span class="tally">weight 5 of 6</span>' in page


def test_the_mark_of_an_incomplete_cell_stands_beside_its_points():
    incomplete = JunitFile().run("a", "t", [P], declared=2)
    cell = next(element for element in _elements(page_of(incomplete)) if "incomplete" in element.get("class", ""))

    assert "".join(cell.itertext()) == "50*"
    linked = board_html(leaderboard([incomplete.read()]), run_pages=lambda agent, cell: ("runs/a/t.html",))
    assert '<a href="runs/a/t.html">50<abbr title="incomplete">*</abbr></a>' in linked


def test_the_policy_comes_before_the_style_it_governs():
    page = page_of(several())

    assert page.index("Content-Security-Policy") < page.index("<style>")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element_and_no_attribute(text):
    def page(name):
        file = JunitFile(evaluation=name, settings={"notes": [name]})
        return page_of(file.run(name, name, {name: F}, declared=2, reason=name, ending=name, sha=name))

    honest, attacked = _elements(page("innocent")), _elements(page(text))
    shape = [(element.tag, sorted(element.attrib)) for element in honest]
    assert [(element.tag, sorted(element.attrib)) for element in attacked] == shape
    assert all(element.get("href", "#").startswith("#") for element in attacked)


def test_every_link_leads_somewhere_on_the_page():
    elements = _elements(page_of(several()))
    anchors = {f"#{element.get('id')}" for element in elements if element.get("id")}

    assert {element.get("href") for element in elements if element.tag == "a"} <= anchors


def test_what_scrolls_can_be_reached_by_keyboard():
    (scrolling,) = (element for element in _elements(page_of(several())) if element.get("class") == "scroll")

    assert (scrolling.get("tabindex"), scrolling.get("role")) == ("0", "region")


def test_an_empty_board_is_a_page():
    assert "No agents yet." in page_of()


def test_the_same_board_is_the_same_page():
    files = [several(), JunitFile("e2").run("half", "coding/a", [P])]

    assert page_of(*files) == page_of(*reversed(files))


def test_every_heat_class_is_styled():
    assert all(f".heat-{level} " in stylesheet() for level in range(11))


def test_a_server_can_link_the_style_sheet_and_its_own_pages():
    templates = environment()
    templates.loader.loaders.append(
        DictLoader(
            {
                "live.html": '{% extends "board.html" %}{% block style %}<link rel="stylesheet" href="/style.css">'
                '{% endblock %}{% block nav %}<nav><a href="/">Board</a></nav>{% endblock %}'
            }
        )
    )
    page = templates.get_template("live.html").render(
        title="Live",
        board=leaderboard([several().read()]),
        agent_href=lambda agent: f"/agents/{agent}",
        badges={"half": ["copy of careful"]},
    )

    assert "<style>" not in page
    assert " style=" not in page
    assert '<a href="/agents/half">half</a>' in page
    assert '<span class="badge">copy of careful</span>' in page


def test_a_servers_template_takes_precedence(tmp_path):
    (tmp_path / "_board.html").write_text("ours")

    assert environment(tmp_path).get_template("_board.html").render() == "ours"
