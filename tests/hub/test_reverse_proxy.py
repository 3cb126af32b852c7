"""Behind nginx, as docs/reverse-proxy.md sets it up: TLS, a base path, and clients told apart by their addresses."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.hub.conftest import ROOT, RunningHub, agent, launched
from tests.hub.test_hub_pages import BROWSER, Elements

DOCUMENT = ROOT / "docs/reverse-proxy.md"


@dataclass
class Proxied:
    """A hub behind nginx; `client` returns a client that connects from an address of this machine."""

    hub: RunningHub
    port: int
    certificate: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/hub"

    def client(self, address: str = "127.0.0.1", **options) -> httpx.Client:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(transport=httpx.HTTPTransport(verify=trust, local_address=address), **options)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def documented(folder: Path, port: int, hub: RunningHub) -> str:
    """Return a whole configuration of nginx around the documented part of it, with this test's ports and places."""
    [part] = re.findall(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    for found, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("server_name hub.example", "server_name localhost"),
        ("/etc/ssl/hub.example.pem", f"{folder}/cert.pem"),
        ("/etc/ssl/hub.example.key", f"{folder}/key.pem"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{hub.port}"),
    ):
        assert part.count(found) == 1
        part = part.replace(found, ours)
    temporary = "".join(f"{each}_temp_path {folder}/{each};\n" for each in ("proxy", "fastcgi", "uwsgi", "scgi"))
    http = f"access_log off;\nclient_body_temp_path {folder}/body;\n{temporary}{part}"
    user = "user root;\n" if os.geteuid() == 0 else ""
    return f"{user}pid {folder}/pid;\nerror_log {folder}/errors;\ndaemon off;\nevents {{}}\nhttp {{\n{http}}}\n"


def certified(folder: Path) -> None:
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    missing = [name for name in ("nginx", "openssl") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"apt-get install {' '.join(missing)}")
    folder = tmp_path_factory.mktemp("proxy")
    limits = ("--uploads-per-minute", "3", "--connections-per-address", "2")
    hub = launched(folder, "--proxy", "127.0.0.1,10.0.0.0/8", "--base-path", "/hub", *limits)
    certified(folder)
    port = free_port()
    (folder / "nginx.conf").write_text(documented(folder, port, hub))
    server = subprocess.Popen(["nginx", "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")])
    try:
        wait_for(port, server)
        yield Proxied(hub, port, folder / "cert.pem")
    finally:
        server.terminate()
        server.wait(timeout=15)
        hub.kill()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("nginx does not listen")


def uploaded(proxied: Proxied, miner_id: str, address: str, **headers: str) -> httpx.Response:
    with proxied.client(address) as client:
        form = {"data": {"miner_id": miner_id}, "files": {"agent": ("a.py", agent(sum(map(ord, miner_id))))}}
        return client.post(f"{proxied.url}/upload/agent", headers=headers, **form)


def test_clients_are_told_apart_by_their_own_addresses(proxied: Proxied):
    first = [uploaded(proxied, f"first-{n}", "127.0.0.21").status_code for n in range(4)]
    other = uploaded(proxied, "other", "127.0.0.22")

    assert first == [201, 201, 201, 429]
    assert other.status_code == 201
    logged = [json.loads(line) for line in proxied.hub.log().splitlines() if line.startswith("{")]
    assert {each["miner_id"]: each["address"] for each in logged if each["event"] == "stored"}[
        "other"
    ] == "127.0.0.22"


def test_what_a_client_says_of_its_address_is_ignored(proxied: Proxied):
    answers = [uploaded(proxied, f"liar-{n}", "127.0.0.23", **{"x-forwarded-for": f"9.9.9.{n}"}) for n in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]


def test_who_goes_around_the_proxy_is_not_believed(proxied: Proxied):
    def direct(number: int) -> int:
        transport = httpx.HTTPTransport(local_address="127.0.0.24")
        with httpx.Client(transport=transport, headers={"x-forwarded-for": f"9.9.8.{number}"}) as client:
            form = {"data": {"miner_id": f"direct-{number}"}, "files": {"agent": ("a.py", agent(500 + number))}}
            return client.post(f"http://127.0.0.1:{proxied.hub.port}/upload/agent", **form).status_code

    assert [direct(number) for number in range(4)] == [201, 201, 201, 429]


def test_every_link_and_form_stays_under_the_base_path(proxied: Proxied):
    uploaded(proxied, "linked", "127.0.0.25")
    with proxied.client(headers=BROWSER) as client:
        for path in ("/", "/submit", "/docs", "/miners/linked", "/nowhere"):
            page = client.get(proxied.url + path)
            found = Elements(page.text)

            assert page.status_code == (404 if path == "/nowhere" else 200)
            assert all(link.startswith(("/hub/", "#")) or link == "data:," for link in found.addresses), path
        links = {link.partition("#")[0] for link in found.addresses if link.startswith("/")}
        assert {client.get(f"https://localhost:{proxied.port}{link}").status_code for link in links} == {200}
        assert client.get(f"{proxied.url}/openapi.json").json()["servers"] == [{"url": "/hub"}]


def test_a_browsers_form_is_taken_through_tls(proxied: Proxied):
    origin = f"https://localhost:{proxied.port}"
    ours = uploaded(proxied, "browser", "127.0.0.26", origin=origin, **BROWSER)
    foreign = uploaded(proxied, "browser", "127.0.0.26", origin="https://evil.example", **BROWSER)

    assert (ours.status_code, foreign.status_code) == (201, 403)
    assert "Stored: browser, version 1" in ours.text


def test_a_body_over_the_limit_ends_at_the_proxy(proxied: Proxied):
    with proxied.client() as client:
        form = {"data": {"miner_id": "large"}, "files": {"agent": ("a.py", b"#" * (600 << 10))}}

        assert client.post(f"{proxied.url}/upload/agent", **form).status_code == 413


def test_the_proxy_may_have_more_connections_than_one_client(proxied: Proxied):
    clients = [proxied.client(f"127.0.0.{30 + number}") for number in range(6)]
    try:
        answers = [client.get(f"{proxied.url}/healthz") for client in clients]
        again = [client.get(f"{proxied.url}/healthz") for client in clients]
    finally:
        for client in clients:
            client.close()

    assert {answer.status_code for answer in (*answers, *again)} == {200}


def test_the_miners_command_works_under_a_base_path(proxied: Proxied):
    url = f"http://127.0.0.1:{proxied.hub.port}/hub"
    command = [sys.executable, "-m", "bitsec_eval.miner", "tasks", "--hub", url]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("demo/one  answer    2 checks, 3 s\n", "")
