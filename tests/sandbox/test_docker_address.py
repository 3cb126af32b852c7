"""An engine is reached wherever DOCKER_HOST says: over a unix socket, TCP, TLS and ssh."""

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from plugin.proxy import REAL, EngineProxy
from sandbox.sessions import answer_of

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.docker.address import dialling
from bitsec_eval.sandbox.docker.engine import DockerSandbox, DockerSettings, ask_engine, docker_sandbox

LOUD = "print('x' * 200_000)"
"""More than one TLS record, one chunk of a stream and one buffer of a pipe."""


def works(state: Path, base_url: str | None = None) -> bool:
    """Whether an agent can be run there from beginning to end."""
    with docker_sandbox(DockerSettings(state=state, base_url=base_url)) as sandbox:
        return answer_of(sandbox, LOUD).stdout == b"x" * 200_000 + b"\n"


def test_tcp(engine: DockerSandbox, tmp_path: Path):
    with EngineProxy(None) as proxy:
        assert works(tmp_path, proxy.url)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as DOCKER_CERT_PATH names one; the certificate is its own authority."""
    folder = tmp_path_factory.mktemp("certificates")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files],
        check=True,
        capture_output=True,
    )
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    return folder


@contextmanager
def behind_tls(certificates: Path) -> Iterator[int]:
    """Put TLS, with a certificate asked of the client too, in front of the engine; yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("localhost", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_carry, args=(client, context), daemon=True).start()


def _carry(client: socket.socket, context: ssl.SSLContext) -> None:
    """Pass bytes on in turns, as one thread must that has one TLS object."""
    try:
        with client, context.wrap_socket(client, server_side=True) as secure, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(REAL)
            for end in (secure, engine):
                end.settimeout(0.005)
            while True:
                for source, target in ((secure, engine), (engine, secure)):
                    try:
                        chunk = source.recv(1 << 16)
                    except TimeoutError:
                        continue
                    if not chunk:
                        return
                    target.settimeout(5)
                    target.sendall(chunk)
                    target.settimeout(0.005)
    except OSError:
        return


def test_tls(engine: DockerSandbox, certificates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with behind_tls(certificates) as port:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://localhost:{port}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))

        assert works(tmp_path)


def test_tls_with_a_certificate_of_nobody_known(certificates: Path):
    with behind_tls(certificates) as port, pytest.raises(SandboxError, match="certificate verify failed"):
        ask_engine(f"https://localhost:{port}")


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `ssh` that stays on this machine; returns where it writes down what it was asked."""
    asked = tmp_path / "asked"
    program = tmp_path / "ssh"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{asked}\nwhile [ "$1" != -- ]; do shift; done\n'
        f'if [ "$2" = unknown ]; then echo "ssh: no host unknown" >&2; exit 255; fi\n'
        f'shift 2\nDOCKER_HOST=unix://{REAL} exec "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return asked


def test_ssh(engine: DockerSandbox, ssh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@build:2222")

    assert works(tmp_path)
    assert set(ssh.read_text().splitlines()) == {"-l me -p 2222 -- build docker system dial-stdio"}


def test_an_ssh_that_fails_says_why(ssh: Path):
    with pytest.raises(SandboxError, match="no Docker engine answers: ssh: no host unknown"):
        ask_engine("ssh://unknown")


@pytest.mark.parametrize("address", ["npipe:////./pipe/docker", "fd://", "gopher://x", "tcp://", "tcp://x:y"])
def test_what_is_no_address_is_refused_in_a_line(address: str):
    with pytest.raises(SandboxError, match="^DOCKER_HOST names no engine: "):
        dialling(address)
