"""The door in a container speaks HTTP, and whatever is done to it, it goes on serving."""

import ast
import http.client
import json
import socket
import struct
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inference.proxies import REQUEST_BYTES, FakeTransport, OpenProxy, everything, open_proxy, request, told

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.llm_request import LLMResponse
from bitsec_eval.sandbox.execution.llm_bridge import OPEN_QUESTIONS, PART, PARTS, LLMBridge
from bitsec_eval.sandbox.guest import llm_proxy as guest

PLAIN = request(b"abc")


def is_served(door: OpenProxy) -> bool:
    return door.talk(PLAIN).startswith(b"HTTP/1.1 200 OK\r\n")


# -- HTTP


def test_it_is_standard_library_only():
    nodes = ast.walk(ast.parse(Path(guest.__file__).read_text()))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}

    assert imported <= sys.stdlib_module_names


def test_urllib_asks_and_is_answered():
    with open_proxy() as door:
        url = "http://{}:{}/v1/x?y=1".format(*door.address)
        with urllib.request.urlopen(urllib.request.Request(url, data=b"\x00" * 1000), timeout=5) as response:
            assert json.load(response) == {"method": "POST", "path": "/v1/x?y=1", "bytes": 1000}
            assert response.headers["Content-Type"] == "application/json"


def test_one_connection_carries_many_requests():
    with open_proxy() as door:
        connection = http.client.HTTPConnection(*door.address, timeout=5)
        for size in (0, 1, REQUEST_BYTES, 7):
            connection.request("POST", "/x", b"x" * size)
            assert json.load(connection.getresponse())["bytes"] == size
        connection.close()

        assert len(door.line.asked) == 4


def test_a_request_may_come_byte_by_byte():
    with open_proxy() as door:
        assert door.talk(*(bytes([byte]) for byte in PLAIN)).endswith(b'"bytes": 3}')


def test_requests_that_come_all_at_once_are_answered_in_turn():
    paths = [f"/{number}" for number in range(5)]
    sent = b"".join(request(b"x", path=path, more="") for path in paths) + request(path="/last")
    with open_proxy() as door:
        came = door.talk(sent)

    assert came.count(b"HTTP/1.1 200 OK") == 6
    assert [question.path for question in door.line.asked] == [*paths, "/last"]


def test_a_long_reply_arrives_whole():
    line = FakeTransport(lambda question: LLMResponse(status=200, body=bytes(range(256)) * 16384))
    with open_proxy(line) as door:
        assert door.talk(PLAIN).partition(b"\r\n\r\n")[2] == bytes(range(256)) * 16384


def test_old_clients_are_hung_up_on_after_one_answer():
    with open_proxy() as door:
        assert b"Connection: close" in door.talk(b"GET / HTTP/1.0\r\n\r\n")


def test_who_asks_whether_to_go_on_is_told_to():
    with open_proxy() as door, door.connect() as connection:
        connection.sendall(request(b"abc", more="Expect: 100-continue\r\nConnection: close\r\n")[:-3])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert b'"bytes": 3' in everything(connection)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n : x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000, 431),
        (b"y" * 20_000, 431),
    ],
)
def test_what_is_no_decent_http_is_refused_in_openais_form(sent: bytes, status: int):
    with open_proxy() as door:
        head, _, body = door.talk(sent).partition(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert json.loads(body)["error"]["message"]
        assert not door.line.asked
        assert is_served(door)


def test_a_body_that_is_too_long_is_let_go_by_and_told_of():
    with open_proxy() as door:
        came = door.talk(request(b"x" * (20 << 20)))

        assert came.startswith(b"HTTP/1.1 413 ")
        assert b"the body is longer than 100000 bytes" in came
        assert sum(len(connection.came) for connection in door.proxy.connections) < 1 << 20


# -- abuse


def test_an_endless_header_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guest, "LINGER_SECONDS", 0.2)
    with open_proxy() as door, door.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nx: ")
        started = time.monotonic()
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            while time.monotonic() - started < 5:
                connection.sendall(b"y" * 10_000)

        assert is_served(door)


def test_a_request_that_is_never_finished_is_hung_up_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guest, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(guest, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(guest, "IDLE_SECONDS", 0.2)
    with open_proxy() as door:
        assert door.talk(PLAIN[:20]).startswith(b"HTTP/1.1 408 ")
        assert door.talk(PLAIN[:-1]).startswith(b"HTTP/1.1 408 ")
        assert door.talk() == b""
        assert is_served(door)


def test_thousands_of_connections_hold_up_nobody_for_longer_than_they_may(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guest, "HEAD_SECONDS", 0.3)
    with open_proxy() as door:
        half = []
        for _ in range(90):  # what the door holds and what the kernel queues for it
            half.append(socket.socket())
            half[-1].setblocking(False)
            half[-1].connect_ex(door.address)
        time.sleep(0.1)
        for each in half:
            try:
                each.send(b"POST ")
            except OSError:
                continue

        assert len(door.proxy.connections) <= guest.CONNECTIONS
        assert is_served(door)
        for _ in range(1000):
            door.connect().close()
        assert is_served(door)
        assert len(door.proxy.connections) <= guest.CONNECTIONS
        for each in half:
            each.close()


def test_connections_that_idle_make_room():
    with open_proxy() as door:
        idle = [door.connect() for _ in range(guest.CONNECTIONS + 5)]
        for each in idle[:5]:
            each.sendall(request(more=""))
            each.recv(1000)

        assert is_served(door)
        for each in idle:
            each.close()


def test_who_does_not_read_holds_up_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guest, "SEND_SECONDS", 0.5)
    line = FakeTransport(
        lambda question: told(question) if question.path == "/x" else LLMResponse(status=200, body=b"z" * (8 << 20))
    )
    with open_proxy(line) as door, door.connect() as lazy:
        lazy.sendall(request(path="/long"))
        time.sleep(0.1)

        assert is_served(door)
        time.sleep(0.6)
        assert is_served(door)
        assert not door.proxy.connections or all(not each.going for each in door.proxy.connections)


def test_who_goes_away_is_forgotten():
    line = FakeTransport(lambda question: None)
    with open_proxy(line) as door:
        for _ in range(40):
            with door.connect() as connection:
                connection.sendall(PLAIN)
        for _ in range(200):
            if not door.proxy.connections:
                break
            time.sleep(0.01)

        assert not door.proxy.connections


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([PLAIN, b"\r\n\r\n", b"GET / HTTP/1.1\r\n", b": "]), max_size=8)
)
def test_no_bytes_bring_it_down(pieces: list[bytes]):
    with open_proxy() as door:
        with door.connect() as connection:
            for piece in pieces:
                connection.send(piece)
        assert is_served(door)


# -- forged frames: what the host makes of parts that no door has sent


def take(*payloads: bytes, line: FakeTransport | None = None) -> list[Ending | None]:
    exchanges = LLMBridge(lambda kind, payload: None, line or FakeTransport(lambda question: None))
    return [exchanges.take(payload) for payload in payloads]


def part(number: int, data: bytes, last: int = 1) -> bytes:
    return PART.pack(number, last) + data


GOOD = b'{"method":"GET","path":"/"}\n'


def test_parts_make_a_question():
    line = FakeTransport()

    assert take(part(1, GOOD[:9], 0), part(2, GOOD), part(1, GOOD[9:] + b"body"), line=line) == [None] * 3
    assert [question.body for question in line.asked] == [b"", b"body"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0\0\0\1",
        part(1, b""),
        part(1, b"GET /"),
        part(1, b"[]\n"),
        part(1, b'{"method":"GET"}\n'),
        part(1, b'{"method":"GET","path":7}\n'),
        part(1, b'{"method":"GET","path":"/","more":1}\n'),
        part(1, b'{"method":NaN,"path":"/"}\n'),
        part(1, '{"method":"GET","path":"\u00e9"}\n'.encode()),
        part(1, b"[" * 30_000 + b"\n"),
        part(1, b'{"method":"GET","path":"' + b"x" * 40_000 + b'"}\n'),
    ],
)
def test_a_forged_question_ends_the_run(payload: bytes):
    assert take(payload) == [Ending.MALFORMED]


def test_forged_parts_are_bounded_in_number_and_size():
    too_long = take(*[part(1, b"x" * 60_000, 0)] * 4)
    too_many_at_once = take(*[part(number, GOOD[:5], 0) for number in range(OPEN_QUESTIONS + 1)])
    unanswered = take(*[part(number, GOOD) for number in range(OPEN_QUESTIONS + 1)])
    twice = take(part(1, GOOD), part(1, GOOD))

    assert Ending.MALFORMED in too_long
    assert too_many_at_once[-1] is unanswered[-1] is twice[-1] is Ending.MALFORMED


def test_parts_without_end_end():
    exchanges = LLMBridge(lambda kind, payload: None, FakeTransport())
    empty = struct.pack(">IB", 1, 0)

    assert [exchanges.take(empty) for _ in range(PARTS + 1)][-2:] == [None, Ending.MALFORMED]
