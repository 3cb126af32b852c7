"""Addresses of Docker engines, and connections to them: over a unix socket, TCP, TLS or `ssh`.

The docker SDK reads what the environment says, so that it means here what it means elsewhere. It is loaded only
where there is something to read: most engines are where engines are, and the SDK takes longer to load than to ask.
"""

import os
import socket
import ssl
import subprocess
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line

SOCKET = "/var/run/docker.sock"
Dial = Callable[[float], socket.socket]
"""Makes a connection; takes the seconds that this, and then each wait for the engine, may last."""


def dialling(base_url: str | None) -> Dial:
    """Return what connects to `base_url`, or to the engine that the environment names where it is None.

    Raises:
        SandboxError: that is no address of an engine.
    """
    path = _plain_socket(base_url)
    if path is not None:
        return lambda seconds: _unix(path, seconds)
    import docker.errors
    import docker.utils

    try:
        told: dict[str, Any] = {"base_url": base_url} if base_url else docker.utils.kwargs_from_env()
        url = docker.utils.parse_host(told.get("base_url"), tls=told.get("tls") is not None)
        return _dial_of(url, str(told.get("base_url")), told.get("tls"))
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise SandboxError(f"DOCKER_HOST names no engine: {one_line(str(error), 200)}") from error


def _plain_socket(base_url: str | None) -> str | None:
    """Return the path of the unix socket that is meant, None where it takes more to tell."""
    host = base_url or os.environ.get("DOCKER_HOST") or f"unix://{SOCKET}"
    path = host.removeprefix("unix://")
    return path if host.startswith("unix:///") and path.isprintable() else None


def _dial_of(url: str, told: str, tls: Any) -> Dial:
    if url.startswith("http+unix://"):
        return lambda seconds: _unix(url.removeprefix("http+unix://"), seconds)
    if url.startswith("ssh://"):
        command = ssh_command(urlsplit(told))
        return lambda seconds: SshSocket.to(command, seconds)
    address = urlsplit(url)
    if address.scheme == "https":
        context = _context(tls)
        return lambda seconds: context.wrap_socket(_tcp(address, seconds), server_hostname=address.hostname)
    if address.scheme == "http":
        return lambda seconds: _tcp(address, seconds)
    raise ValueError(f"{url} is none of unix://, tcp:// and ssh://")


def _unix(path: str, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(path)
    except OSError as error:
        connection.close()
        raise OSError(error.errno, error.strerror or str(error), path) from None
    return connection


def _tcp(address: SplitResult, seconds: float) -> socket.socket:
    connection = socket.create_connection((address.hostname or "", address.port or 0), seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _context(tls: Any) -> ssl.SSLContext:
    checked = tls is None or tls.verify
    context = ssl.create_default_context(cafile=tls.ca_cert if tls and checked else None)
    if not checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls and tls.cert:
        context.load_cert_chain(*tls.cert)
    return context


def ssh_command(address: SplitResult) -> list[str]:
    """Return the command that Docker's own client runs: `ssh` knows the keys, the names of hosts and the jumps.

    >>> ssh_command(urlsplit("ssh://me@build:2222"))
    ['ssh', '-l', 'me', '-p', '2222', '--', 'build', 'docker', 'system', 'dial-stdio']
    """
    user = ["-l", address.username] if address.username else []
    port = ["-p", str(address.port)] if address.port else []
    return ["ssh", *user, *port, "--", address.hostname or "", "docker", "system", "dial-stdio"]


class SshSocket(socket.socket):
    """One end of a pair of sockets; at the other is a process that carries the bytes to an engine elsewhere."""

    _process: subprocess.Popen[bytes]
    complaint = b""

    @classmethod
    def to(cls, command: list[str], seconds: float) -> "SshSocket":
        """Start the process."""
        ours, theirs = socket.socketpair()
        connection = cls(fileno=ours.detach())
        connection.settimeout(seconds)
        with theirs:
            connection._process = subprocess.Popen(  # noqa: S603 - an address that the operator gave
                command, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.PIPE, start_new_session=True
            )
        return connection

    def close(self) -> None:
        """Hang up and end the process; `complaint` is what it had to say."""
        super().close()
        if not self.complaint:
            self._process.kill()
            self.complaint = self._process.communicate()[1] or b"ssh ended"
