"""Large, slow and stubborn clients cost little memory and lock nobody out, wherever they come from."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.hub.conftest import RunningHub, StartHub, agent

HEAD = b"POST /upload/agent HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
GIB = 1 << 30


@contextmanager
def connected(hub: RunningHub, said: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=30) as client:
        client.sendall(said)
        yield client


def sent_without_end(hub: RunningHub, head: bytes, piece: bytes, most: int = GIB) -> tuple[bytes, int]:
    """Send `piece` again and again and return the answer and how many bytes the hub took."""
    taken = 0
    with connected(hub, head) as client:
        try:
            while taken < most:
                taken += client.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            return client.recv(4096), taken
        except ConnectionResetError:
            return b"", taken


@pytest.mark.parametrize(
    ("framing", "piece"),
    [
        (b"Content-Length: %d\r\n\r\n" % GIB, b"a" * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65536 + b"\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n--x\r\n", b"1\r\na\r\n" * 10_000),
        (b"Transfer-Encoding: chunked\r\n\r\n40000000\r\n", b"a" * 65536),
        (b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % GIB, b"a" * 65536),
    ],
    ids=["declared", "chunked", "tiny chunks", "one huge chunk", "compressed"],
)
def test_a_gibibyte_is_refused_in_any_framing_without_memory(hub: RunningHub, framing, piece):
    hub.upload("warm", agent(1))
    before = hub.rss_mib()
    answer, _ = sent_without_end(hub, HEAD + framing, piece)

    assert answer[9:12] in (b"413", b"415", b"400")
    assert hub.rss_mib() - before <= 16


def test_headers_without_end_are_refused(hub: RunningHub):
    answer, taken = sent_without_end(hub, b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-A: " + b"b" * 9000 + b"\r\n")

    assert answer[9:12] in (b"400", b"")
    assert taken < 8 << 20


def test_slow_headers_a_slow_body_and_silence_are_each_cut_by_their_deadline(start_hub: StartHub):
    hub = start_hub("--header-seconds", "0.5", "--body-seconds", "0.5")

    for said in (b"", b"GET / HTTP/1.1\r\n", HEAD + b"Content-Length: 50\r\n\r\n--x"):
        begun = time.monotonic()
        answer = hub.raw(said)
        assert b" 408 " in answer
        assert 0.4 < time.monotonic() - begun < 4


def test_a_byte_now_and_then_does_not_move_the_deadline(start_hub: StartHub):
    hub = start_hub("--header-seconds", "1")
    begun = time.monotonic()
    with connected(hub, b"GET / HTTP/1.1\r\n") as client:
        client.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - begun < 10:
            try:
                client.sendall(b"X")
                answer = client.recv(100)
            except TimeoutError:
                continue

    assert b" 408 " in answer
    assert time.monotonic() - begun < 4


def test_a_second_request_on_one_connection_has_a_deadline_too(start_hub: StartHub):
    hub = start_hub("--header-seconds", "0.5")
    answer = hub.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea")

    assert answer.count(b"HTTP/1.1 200") == 1
    assert b" 408 " in answer


def test_five_hundred_slow_clients_do_not_keep_others_waiting(start_hub: StartHub):
    """The limit is 0.5 s at the 99th percentile, or on a busy machine three times what it is without them."""
    hub = start_hub("--header-seconds", "60", "--body-seconds", "60")
    alone = _p99_seconds(hub)
    with ExitStack() as slow:
        for n in range(500):
            said = b"GET / HTTP/1.1\r\nX: " if n % 2 else HEAD + b"Content-Length: 50\r\n\r\n--x"
            slow.enter_context(connected(hub, said))
        beside_them = _p99_seconds(hub)

    assert beside_them <= max(0.5, 3 * alone)


def _p99_seconds(hub: RunningHub) -> float:
    spans = []
    for _ in range(60):
        begun = time.monotonic()
        assert hub.get("/tasks").status_code == 200
        spans.append(time.monotonic() - begun)
    return statistics.quantiles(spans, n=100)[98]


def test_whoever_never_reads_his_answers_is_dropped_when_room_is_needed(start_hub: StartHub):
    hub = start_hub("--connections-per-address", "4")
    with ExitStack() as stubborn:
        for _ in range(12):
            client = stubborn.enter_context(connected(hub))
            client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)

        assert hub.get("/healthz").status_code == 200


def test_a_connection_too_many_is_told_so_while_all_others_are_answered(start_hub: StartHub):
    """Two uploads whose check takes long hold both places; who comes then hears 429 and not silence."""
    hub = start_hub("--connections-per-address", "2")
    slow = b'x = f"' + b"{1}" * 55_000 + b'"\n'
    hub.client.close()
    uploads = [threading.Thread(target=_post, args=(hub, slow, f"slow{n}")) for n in range(2)]
    for upload in uploads:
        upload.start()
    time.sleep(0.7)

    answer = hub.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    for upload in uploads:
        upload.join()
    assert b" 429 " in answer
    assert b"retry-after: 1" in answer.lower()


def _post(hub: RunningHub, source: bytes, miner_id: str) -> None:
    name = b'Content-Disposition: form-data; name="'
    body = b"--x\r\n" + name + b'miner_id"\r\n\r\n' + miner_id.encode() + b"\r\n--x\r\n"
    body += name + b'agent"; filename="a"\r\n\r\n' + source + b"\r\n--x--\r\n"
    assert b" 422 " in hub.raw(
        HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body, seconds=30
    )


def test_a_full_hub_answers_while_agents_are_checked(hub: RunningHub):
    """Three sources that take long to refuse share two processes; the board does not wait for them."""
    slow = b'x = f"' + b"{1}" * 40_000 + b'"\n'
    uploads = [threading.Thread(target=_post, args=(hub, slow, f"heavy{n}")) for n in range(3)]
    for upload in uploads:
        upload.start()
    time.sleep(0.5)
    begun = time.monotonic()
    assert hub.get("/").status_code == 200
    waited = time.monotonic() - begun
    for upload in uploads:
        upload.join()

    assert waited < 1.5


def test_a_stopped_hub_leaves_its_port_and_no_children(start_hub: StartHub):
    hub = start_hub()
    hub.upload("one", agent(1))
    children = hub.children()
    with connected(hub, HEAD + b"Content-Length: 50\r\n\r\n--x"), connected(hub, b"GET / HT"):
        hub.process.terminate()
        time.sleep(1.0)
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", hub.port))
        status = hub.process.wait(timeout=10)

    assert children
    assert status == 0
    assert not any(_lives(child) for child in children)


def test_a_killed_hub_leaves_no_children(start_hub: StartHub):
    hub = start_hub()
    hub.upload("one", agent(1))
    children = hub.children()
    hub.kill()

    until = time.monotonic() + 10
    while any(_lives(child) for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert children
    assert not any(_lives(child) for child in children)


def test_the_processes_that_check_hold_no_socket_of_the_hub(start_hub: StartHub):
    hub = start_hub()
    hub.upload("one", agent(1))

    for child in hub.children():
        links = [str(each.readlink()) for each in Path(f"/proc/{child}/fd").iterdir()]
        assert not [link for link in links if link.startswith("socket:")]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
