"""A Docker engine that can die: a unix socket in front of the real one, cut when a test says so."""

import os
import re
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

REAL = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
_START = re.compile(rb"POST \S*/containers/[0-9a-f]+/start ")


class EngineProxy:
    """Forwards every connection until `die`, after which nothing answers, as when dockerd was killed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self._open: list[socket.socket] = []
        self.starts = 0
        self._dead = False
        self._passing = threading.Event()
        self._passing.set()

    def __enter__(self) -> "EngineProxy":
        self._listener.bind(str(self._path) if self._path else ("127.0.0.1", 0))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    @property
    def url(self) -> str:
        """What DOCKER_HOST is set to."""
        return f"unix://{self._path}" if self._path else "tcp://{}:{}".format(*self._listener.getsockname())

    def hang(self) -> None:
        """Keep every connection and pass on nothing, as a stopped dockerd does."""
        self._passing.clear()

    def recover(self) -> None:
        """Pass on what has piled up, and all that comes."""
        self._passing.set()

    def die(self) -> None:
        """Cut every connection and answer no more."""
        self._passing.set()
        self._dead = True
        self._listener.close()
        if self._path:
            self._path.unlink(missing_ok=True)
        while self._open:
            end = self._open.pop()
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def wait_for_starts(self, wanted: int) -> None:
        """Wait until so many containers have been started."""
        deadline = time.monotonic() + 120
        while self.starts < wanted:
            assert time.monotonic() < deadline, f"{self.starts} of {wanted} containers were started"
            time.sleep(0.05)
        time.sleep(0.5)

    def _accept(self) -> None:
        while not self._dead:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            self._open += [client, engine]
            engine.connect(REAL)
            threading.Thread(target=self._forward, args=(client, engine, True), daemon=True).start()
            threading.Thread(target=self._forward, args=(engine, client, False), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, requests: bool) -> None:
        try:
            while chunk := source.recv(1 << 16):
                self._passing.wait()
                if requests:
                    self.starts += len(_START.findall(chunk))
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return
