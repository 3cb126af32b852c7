"""A network of its own for nodes on this machine: each in a network namespace, on a link that can be cut."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest


class Link:
    """One namespace: its name, its address, and the link to it."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    @property
    def wrapper(self) -> tuple[str, ...]:
        """What a command is put behind to run there; `ip netns exec` would hide control groups from it."""
        return ("nsenter", f"--net=/run/netns/{self.name}")

    def cut(self) -> None:
        """Lose every packet from now on, without a word to either side."""
        _ip("link", "set", self.name, "down")

    def mend(self) -> None:
        """Let packets through again."""
        _ip("link", "set", self.name, "up")


@contextmanager
def network(count: int) -> Iterator[tuple[str, list[Link]]]:
    """This machine's address in a network, and so many namespaces in it."""
    if os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("nsenter")):
        pytest.skip("needs root, ip (iproute2) and nsenter")
    net, bridge = f"10.213.{os.getpid() % 250}", f"bs{secrets.token_hex(4)}"
    links = [Link(f"{bridge}n{number}", f"{net}.{number + 2}") for number in range(count)]
    with ExitStack() as stack:
        _ip("link", "add", bridge, "type", "bridge")
        stack.callback(_ip, "link", "delete", bridge)
        _ip("address", "add", f"{net}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for link in links:
            _ip("netns", "add", link.name)
            stack.callback(_ip, "netns", "delete", link.name)
            _ip("link", "add", link.name, "type", "veth", "peer", "name", "eth0", "netns", link.name)
            _ip("link", "set", link.name, "master", bridge, "up")
            for words in (("address", "add", f"{link.address}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
                _ip("-n", link.name, *words)
            _ip("-n", link.name, "link", "set", "lo", "up")
        yield f"{net}.1", links


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
