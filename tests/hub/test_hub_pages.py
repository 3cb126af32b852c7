"""The pages work in a browser without scripts, and no name, prompt or output can put anything into them."""

import json
import re
from html.parser import HTMLParser

import pytest

from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.hub.views.html import agent_href, page
from bitsec_eval.render.html import stylesheet
from tests.hub.conftest import RunningHub, agent
from tests.junit_files import JunitFile

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "</pre></details><h1>forged</h1>",
    "{{ 7 * 7 }}{% set x = 1 %}",
    "\x1b]0;title\x07\x9b31m",
    "\u202eevil\u2066",
    "&lt;b&gt;&amp;",
    "]]><!--",
]
PAGES = ("/", "/submit", "/docs", "/miners/page")
ELEMENTS = {
    *("html", "head", "meta", "link", "title", "body", "a", "nav", "main", "h1", "h2", "h3", "p", "span", "strong"),
    *("table", "thead", "tbody", "tr", "th", "td", "div", "dl", "dt", "dd", "details", "summary", "ul", "li", "code"),
    *("pre", "section", "footer", "form", "label", "input", "button", "abbr", "wbr", "svg", "rect", "path"),
    *("polyline", "select", "option"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "rel", "href", "class", "aria-label", "aria-current", "id", "tabindex"),
    *("scope", "role", "viewbox", "preserveaspectratio", "aria-hidden", "focusable", "width", "height", "open"),
    *("value", "selected", "hidden"),
    *("action", "method", "enctype", "for", "required", "maxlength", "pattern", "autocomplete", "autocapitalize"),
    *("spellcheck", "aria-describedby", "type", "accept", "download", "aria-labelledby", "title", "d", "points", "x"),
}


class Elements(HTMLParser):
    """Every element, attribute and address of a page, and the elements left open."""

    VOID = ("meta", "link", "input", "rect", "br", "wbr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value for name, value in attrs if name in {"href", "src", "action"}}
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module", autouse=True)
def _nasty_board(hub: RunningHub) -> None:
    """A board whose every name, reason and output is hostile."""
    file = JunitFile()
    for number, text in enumerate(NASTY):
        outcomes = {f"test {text}": "failed", "test_ok": "passed"}
        file.run(f"nasty-{number}", f"demo/{text}", outcomes, reason=text, ending=text)
    checks = {f"test {text}": "failed" for text in NASTY}
    file.run("page", "demo/one", checks, reason=NASTY[0], ending=NASTY[1])
    file.run("page", "demo/two", {"test_a": "error"})
    runs = hub.results / "runs" / "page"
    runs.mkdir(parents=True)
    (runs / "demo__one.json").write_text(json.dumps(_nasty_run("failed")))
    for repeat, name in enumerate(("demo__three", "demo__three.r2")):
        file.run("page", "demo/three", checks, reason=NASTY[0], ending=NASTY[1], repeat=repeat)
        (runs / f"{name}.json").write_text(json.dumps(_nasty_run("failed" if repeat else "passed")))
    (hub.results / "junit.xml").write_bytes(file.text)
    suite = hub.folder / "suites" / "demo"
    (suite / "test_nasty.py").write_text(f"TASK = Task({''.join(NASTY)!r})\ndef test_a(answer): ...\n")
    hub.upload("page", agent(1) + b"eval('<b>')\n__import__(input())\n")
    hub.upload("copier", agent(1) + b"eval('<b>')\n__import__(input())\n")


def _nasty_run(outcome: str) -> dict:
    steps = [{"kind": text, "what": text, "at": 1, "outcome": text} for text in NASTY]
    steps += [{"kind": "check", "what": text, "seconds": 1, "outcome": text} for text in NASTY]
    output = {
        "stdout": "\n".join(NASTY),
        "stderr": NASTY[5],
        "ending": NASTY[1],
        "reason": NASTY[2],
        "seconds": 1,
    }
    checks = {f"test {text}": outcome for text in NASTY} | {"test_b": NASTY[3]}
    return {**output, "published": True, "state": NASTY[4], "checks": checks, "twin": output, "timeline": steps}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_holds_nothing_that_we_did_not_write(hub: RunningHub, path):
    answer = hub.get(path, headers=BROWSER)

    found = Elements(answer.text)
    assert answer.status_code == 200
    assert found.tags <= ELEMENTS
    assert found.attributes <= ATTRIBUTES
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert all(address.startswith(("/", "#")) or address == "data:," for address in found.addresses)


@pytest.mark.parametrize("path", PAGES)
def test_no_control_or_bidi_character_reaches_a_page(hub: RunningHub, path):
    text = hub.get(path).text

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/tasks", "/static/style.css"])
def test_every_answer_allows_nothing_but_our_own_style(hub: RunningHub, path):
    headers = hub.get(path).headers

    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    assert "set-cookie" not in headers


def test_the_board_links_to_each_agent_and_each_link_is_answered(hub: RunningHub):
    found = {link for link in Elements(hub.get("/").text).addresses if link.startswith("/miners/")}
    links = {link.partition("#")[0] for link in found}

    assert len(links) == len(NASTY) + 2
    for link in links:
        assert hub.get(link).status_code == 200
    sections = {link.partition("#")[2] for link in found if link.startswith("/miners/page#")}
    assert {"task-1", "task-2"} <= sections <= set(Elements(hub.get("/miners/page").text).ids)


def test_every_class_that_a_page_uses_is_in_the_style_sheet(hub: RunningHub):
    style = hub.get("/static/style.css")
    used = {
        name for path in PAGES for text in re.findall(r'class="([^"]*)"', hub.get(path).text) for name in text.split()
    }

    assert style.headers["content-type"].startswith("text/css")
    assert style.text.startswith(stylesheet())
    missing = {name for name in used if f".{name}" not in style.text}
    assert missing <= {"figure", "name", "rank", "last", "outcome", "passed", "failed", "error"}


def test_a_browsers_form_uploads_and_shows_the_token_once(hub: RunningHub):
    form = {"data": {"miner_id": "form", "token": ""}, "files": {"agent": ("my agent.py", agent(9))}}
    headers = BROWSER | {"origin": hub.url, "referer": f"{hub.url}/submit"}

    first = hub.post(**form, headers=headers)
    again = hub.post(**form, headers=headers)

    (token,) = re.findall(r'<pre[^>]*class="token">([^<]+)</pre>', first.text)
    assert first.status_code == 201
    assert "Stored: form, version 1" in first.text
    assert again.status_code == 401
    assert "type the token that its first upload showed" in again.text
    form["data"]["token"] = token
    unchanged = hub.post(**form, headers=headers)
    assert unchanged.status_code == 200
    assert token not in unchanged.text


@pytest.mark.parametrize(
    ("miner_id", "source", "token", "status", "words"),
    [
        ("kept", b"def f(): pass", "", 422, "Starting the file does nothing"),
        ("Kept!", agent(9), "", 422, "A miner id is"),
        ("page", agent(9), "", 401, "type the token that its first upload showed"),
        ("page", agent(9), "y" * 43, 403, "Type the token that this miner id&#39;s first upload showed"),
    ],
)
def test_a_refused_form_comes_back_with_the_reason_and_what_was_typed(
    hub: RunningHub, miner_id, source, token, status, words
):
    form = {"data": {"miner_id": miner_id, "token": token}, "files": {"agent": ("a.py", source)}}

    answer = hub.post(**form, headers=BROWSER)

    found = Elements(answer.text)
    assert answer.status_code == status
    assert words in answer.text
    assert f'name="miner_id" value="{miner_id}"' in answer.text
    assert "Choose the file again" in answer.text
    assert "Authorization" not in answer.text.partition("From a shell")[0]
    assert "y" * 43 not in answer.text
    assert ("the miner id is still free" in answer.text) == (miner_id == "kept")
    assert found.open == []
    assert found.tags <= ELEMENTS
    assert found.attributes <= ATTRIBUTES


def test_what_is_typed_comes_back_as_text(hub: RunningHub):
    for text in NASTY:
        answer = hub.post(data={"miner_id": text, "token": text}, files={"agent": ("a.py", b"")}, headers=BROWSER)

        assert answer.status_code == 422
        assert Elements(answer.text).tags <= ELEMENTS
        assert Elements(answer.text).attributes <= ATTRIBUTES


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://localhost:1"])
def test_another_sites_form_is_refused(hub: RunningHub, origin):
    form = {"data": {"miner_id": "csrf"}, "files": {"agent": ("a.py", agent(9))}}

    answer = hub.post(**form, headers=BROWSER | {"origin": origin})

    assert answer.status_code == 403
    assert "Foreign origin" in answer.text
    assert not (hub.agents / "csrf.py").exists()


@pytest.mark.parametrize(
    ("host", "known"),
    [("localhost", True), ("LOCALHOST:8000", True), ("192.0.2.1", True), ("[::1]:80", True), ("evil.example", False)],
)
def test_only_known_hosts_are_answered(hub: RunningHub, host, known):
    assert (hub.get("/", headers={"host": host}).status_code == 200) is known


def test_an_upload_shows_its_warnings_and_its_copies(hub: RunningHub):
    text = hub.get("/miners/copier").text

    assert "Exact copy" in text
    assert "calls eval; what it runs cannot be checked here" in text


def test_a_problem_is_a_page_for_a_browser_and_json_for_a_program(hub: RunningHub):
    for_people = hub.get("/nowhere", headers=BROWSER)
    for_programs = hub.get("/nowhere")

    assert for_people.headers["content-type"].startswith("text/html")
    assert for_programs.json()["sentence"] in for_people.text
    assert for_programs.json()["remedy"] in for_people.text
    assert Elements(for_people.text).open == []


def test_an_agents_address_is_one_path_segment():
    assert agent_href("a/../<b>?#") == "/miners/a%2F..%2F%3Cb%3E%3F%23"


def test_a_page_without_agents_says_what_to_do(hub: RunningHub):
    board = hub.results / "junit.xml"
    kept = board.read_bytes()
    board.unlink()
    text = hub.get("/").text
    board.write_bytes(kept)

    assert "Nothing has been evaluated yet." in text
    assert "Waiting for their first evaluation" in text


def test_an_empty_hub_invites():
    empty = leaderboard([])
    answer = page("leaderboard.html", title="Leaderboard", board=empty, whole=empty, badges={}, waiting=[])

    assert b"Submit the first agent." in answer.body


def test_what_an_agent_printed_is_a_page_for_its_owner(hub: RunningHub):
    token = hub.upload("printer", agent(77)).json()["token"]
    sha = hub.get("/agents/printer").json()["versions"][0]["sha256"]
    junit = JunitFile(evaluation="p").run("printer", "demo/one", ["failed"], sha=sha)
    (hub.results / "printer.xml").write_bytes(junit.text)
    file = hub.results / "private/runs/printer/demo__one.json"
    file.parent.mkdir(parents=True)
    printed = {"stdout": "\n".join(NASTY), "reason": NASTY[0], "ending": NASTY[1]}
    file.write_text(json.dumps({"evaluation": "p", **printed}))

    shown = hub.client.post("/miners/printer/output", data={"token": token}, headers=BROWSER)
    refused = hub.client.post("/miners/printer/output", data={"token": "x" * 43}, headers=BROWSER)
    without = hub.client.post("/miners/printer/output", headers=BROWSER)

    found = Elements(shown.text)
    assert (shown.status_code, refused.status_code, without.status_code) == (200, 403, 401)
    assert found.open == []
    assert found.tags <= ELEMENTS
    assert found.attributes <= ATTRIBUTES
    assert NASTY[4] in shown.text
    assert NASTY[4] not in refused.text + without.text
    assert "shown to its owner only" in without.text


def test_what_is_for_the_validator_alone_is_at_no_address(hub: RunningHub):
    secret = "the-hidden-truth"
    hub.upload("page")
    kept = hub.results / "findings/page/coding__a.html"
    kept.parent.mkdir(parents=True)
    index = hub.results / "findings/index.html"
    for file in (kept, index):
        file.write_text(secret)
    befores, pages = ("", "/results", "/miners/page/..", "/runs/.."), (kept, index, index.parent)
    hidden = [f"{before}/{each.relative_to(hub.results)}" for before in befores for each in pages]

    assert {hub.get(path).status_code for path in hidden} == {404}
    assert not any(secret in hub.get(path).text for path in (*hidden, *PAGES, "/agents/page", "/leaderboard"))
