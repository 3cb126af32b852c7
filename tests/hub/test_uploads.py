"""An upload is stored or refused with a reason, a sentence and a remedy; nothing the client names is trusted."""

import hashlib
import json

import pytest

from tests.hub.conftest import RunningHub, StartHub, agent


def test_the_first_upload_is_stored_and_returns_a_token_once(hub: RunningHub):
    answer = hub.upload("first", agent(1))

    receipt = answer.json()
    assert answer.status_code == 201
    assert receipt["status"] == "stored"
    assert receipt["version"] == 1
    assert receipt["sha256"] == hashlib.sha256(agent(1)).hexdigest()
    assert receipt["python"] == "3.11"
    assert len(receipt["token"]) == 43
    assert (hub.agents / "first.py").read_bytes() == agent(1)
    assert receipt["token"] not in (hub.agents / "first.json").read_text()
    assert receipt["token"] not in (hub.agents / ".tokens" / "first.token").read_text()


def test_a_new_version_keeps_the_earlier_one(hub: RunningHub):
    token = hub.upload("grows", agent(1)).json()["token"]

    receipt = hub.upload("grows", agent(2), token=token).json()

    kept = hub.agents / ".versions" / "grows"
    assert (receipt["version"], receipt["token"]) == (2, None)
    assert (hub.agents / "grows.py").read_bytes() == agent(2)
    assert {path.name for path in kept.glob("*.py")} == {f"{hashlib.sha256(agent(n)).hexdigest()}.py" for n in (1, 2)}


def test_the_metadata_says_what_is_current_and_what_was_before(hub: RunningHub):
    token = hub.upload("told", agent(1)).json()["token"]
    hub.upload("told", b"import ctypes\n" + agent(2), token=token)

    fields = json.loads((hub.agents / "told.json").read_text())
    assert fields["version"] == 2
    assert fields["sha256"] == hashlib.sha256((hub.agents / "told.py").read_bytes()).hexdigest()
    assert fields["size"] == len(agent(2)) + 14
    assert [version["version"] for version in fields["versions"]] == [1, 2]
    assert [warning["reason"] for warning in fields["warnings"]] == ["unusual_import"]


def test_the_same_bytes_again_change_nothing(hub: RunningHub):
    token = hub.upload("same", agent(1)).json()["token"]
    before = (hub.agents / "same.json").read_bytes()

    answer = hub.upload("same", agent(1), token=token)

    assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, "unchanged", 1)
    assert (hub.agents / "same.json").read_bytes() == before


def test_an_earlier_version_can_become_the_current_one_again(hub: RunningHub):
    token = hub.upload("back", agent(1)).json()["token"]
    hub.upload("back", agent(2), token=token)

    assert hub.upload("back", agent(1), token=token).json()["version"] == 3
    assert (hub.agents / "back.py").read_bytes() == agent(1)


@pytest.mark.parametrize(
    ("source", "status", "reason"),
    [
        (agent(padding=(256 << 10) - len(agent())) + b"#", 413, "too_large"),
        (b"#" * (300 << 10), 413, "too_large"),
        (b"\xff" + agent(), 422, "not_utf8"),
        (b"import os\0", 422, "not_utf8"),
        (b"def f(:\n", 422, "syntax_error"),
        (b"type X = int\n" + agent(), 422, "syntax_error"),
        (b"x = " + b"-" * 20_000 + b"1\n" + agent(), 422, "too_complex"),
        (b"x = " + b"2**" * 50_000 + b"2\n" + agent(), 422, "too_complex"),
        (b"import requests\n" + agent(), 422, "not_stdlib"),
        (b"", 422, "no_entry_point"),
        (b"def main(): print('--task')", 422, "no_entry_point"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_says_why_and_what_to_do_and_stores_nothing(hub: RunningHub, source, status, reason):
    answer = hub.upload("refused", source)

    told = answer.json()
    assert (answer.status_code, told["reason"]) == (status, reason)
    assert told["sentence"].endswith(".")
    assert told["remedy"].endswith(".")
    assert not list(hub.agents.rglob("refused*"))


def test_a_refusal_names_the_line(hub: RunningHub):
    told = hub.upload("lines", b"import os\nimport requests\n" + agent()).json()

    assert told["line"] == 2
    assert "Line 2 imports requests" in told["sentence"]


def test_exactly_256_kib_are_accepted(hub: RunningHub):
    answer = hub.upload("large", agent(padding=(256 << 10) - len(agent())))

    assert answer.status_code == 201


def test_checks_come_cheapest_first(hub: RunningHub):
    worst = b"\xff" * ((256 << 10) + 1)
    foreign_and_broken = b"import requests\ndef f(:\n"

    assert hub.upload("order", worst).json()["reason"] == "too_large"
    assert hub.upload("order", worst[:100]).json()["reason"] == "not_utf8"
    assert hub.upload("order", foreign_and_broken).json()["reason"] == "syntax_error"
    assert hub.upload("order", b"import requests").json()["reason"] == "not_stdlib"


MINER_IDS = [
    "",
    ".",
    "..",
    "../evil",
    "..%2fevil",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "-rf",
    "--",
    ".hidden",
    "_a",
    "a_",
    "a-",
    "m1.",
    "m1.py",
    "m 1",
    " m1",
    "m1\n",
    "m1\r\n",
    "m\x00",
    "M1",
    "ADMIN",
    "аdmin",
    "ａdmin",
    "ﬁ",
    "ı",
    "a\u200bb",
    "a\u202eb",
    "é",
    "😀",
    "con",
    "nul",
    "prn",
    "aux",
    "com1",
    "lpt9",
    "conftest",
    "test_a",
    "x" * 65,
    "x" * 4000,
    "a:b",
    "a;b",
    "a'b",
    'a"b',
    "<b>",
    "{{7*7}}",
    "$(id)",
    "a,b",
    "~",
    "*",
    "?",
    "\ud7ff\U000e0001",
    "__pycache__",
]


@pytest.mark.parametrize("miner_id", MINER_IDS, ids=ascii)
def test_a_miner_id_outside_the_whitelist_is_refused(hub: RunningHub, miner_id):
    before = sorted(hub.agents.rglob("*"))

    answer = hub.upload(miner_id)

    assert (answer.status_code, answer.json()["reason"]) == (422, "wrong_miner_id")
    assert sorted(hub.agents.rglob("*")) == before


@pytest.mark.parametrize("miner_id", ["a", "0", "a-b_c", "x" * 64, "con1", "alice-1"])
def test_a_miner_id_of_the_whitelist_is_taken(hub: RunningHub, miner_id):
    assert hub.upload(miner_id, agent(hash(miner_id) % 10**9)).status_code == 201


@pytest.mark.parametrize("name", ["../../x.py", "/etc/x", "a\\..\\b.py", "CON", "x" * 500, "ü.exe", "evil.json"])
def test_the_clients_file_name_means_nothing(hub: RunningHub, name):
    before = {path.name for path in hub.agents.iterdir()}
    form = {"miner_id": "named"}

    hub.post(data=form, files={"whatever": (name, agent(7))})

    assert {path.name for path in hub.agents.iterdir()} - before <= {"named.py", "named.json"}


def test_a_form_without_a_file_with_two_or_with_unknown_fields_is_refused(hub: RunningHub):
    post = hub.post
    file = ("a.py", agent())

    answers = [
        post(data={"miner_id": "form"}, files={"agent": (None, "no file")}),
        post(data={"miner_id": "form"}, files=[("agent", file), ("agent", file)]),
        post(data={"miner_id": "form", "tokens": "x"}, files={"agent": file}),
        post(data={"miner_id": ["form", "form2"]}, files={"agent": file}),
        post(data={}, files={"agent": file}),
        post(data={}, files={"miner_id": file}),
        post(data={"miner_id": "form"}, files={"agent": ("", b"")}),
    ]

    assert [(answer.status_code, answer.json()["reason"]) for answer in answers] == [(422, "wrong_fields")] * 7


def test_what_is_no_multipart_form_is_415(hub: RunningHub):
    as_json = hub.post(json={"miner_id": "x"})
    as_text = hub.post(content=b"x", headers={"content-type": "text/plain"})
    as_query = hub.post(data={"miner_id": "x"})

    assert [answer.status_code for answer in (as_json, as_text, as_query)] == [415] * 3
    assert as_json.json()["reason"] == "not_a_form"


def test_a_miner_may_store_so_many_versions_and_no_more(start_hub: StartHub):
    hub = start_hub("--versions-per-miner", "2")
    token = hub.upload("quota", agent(1)).json()["token"]
    hub.upload("quota", agent(2), token=token)

    answer = hub.upload("quota", agent(3), token=token)

    assert (answer.status_code, answer.json()["reason"]) == (403, "quota_used")
    assert (hub.agents / "quota.py").read_bytes() == agent(2)
    assert hub.upload("other", agent(3)).status_code == 201


def test_an_address_that_uploads_too_often_waits_as_long_as_it_is_told(start_hub: StartHub):
    hub = start_hub("--uploads-per-minute", "3")
    answers = [hub.upload(f"often{n}", agent(n)) for n in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert answers[-1].json()["reason"] == "too_many_requests"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


def test_an_operators_own_agent_cannot_be_overwritten(start_hub: StartHub, tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "careful.py").write_bytes(b"the operator's")
    (tmp_path / "agents" / "folder").mkdir()
    hub = start_hub()

    answers = [hub.upload("careful"), hub.upload("folder"), hub.upload("careful", token="x" * 43)]

    assert [answer.status_code for answer in answers] == [401, 401, 403]
    assert (hub.agents / "careful.py").read_bytes() == b"the operator's"
