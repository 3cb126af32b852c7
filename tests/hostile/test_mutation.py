"""Each hardening flag, left out of what a real engine is asked for, is missed when the container is read back.

The engine fills in its defaults; that these are no guards is the point. Nothing is started.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.docker import engine as docker_engine
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.hardening.policy import Placement, create_body, missing_in_engine

LEFT_OUT = (
    *("ReadonlyRootfs", "CapDrop", "Memory", "NanoCpus", "PidsLimit", "ShmSize", "Tmpfs", "OomScoreAdj"),
    *("Ulimits", "LogConfig", "SecurityOpt"),
)
CHANGED: dict[str, Any] = {
    "MemorySwap": -1,
    "CapAdd": ["SYS_PTRACE"],
    "Privileged": True,
    "IpcMode": "shareable",
    "CgroupnsMode": "host",
    "PidMode": "host",
    "UTSMode": "host",
    "NetworkMode": "host",
    "AutoRemove": True,
    "RestartPolicy": {"Name": "always"},
    "Binds": ["/tmp:/host:ro"],
    "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}],
    "MaskedPaths": [],
    "ReadonlyPaths": [],
}
OF_CONFIG: dict[str, Any] = {
    "User": "",
    "NetworkDisabled": False,
    "Tty": True,
    "StdinOnce": False,
    "Env": ["VALIDATOR_KEY=1"],
}
FLAGS = {name: ("out", name) for name in LEFT_OUT} | {name: ("host", name) for name in CHANGED}
FLAGS |= {name: ("config", name) for name in OF_CONFIG}
FLAGS |= {"no-new-privileges": ("option", "no-new-privileges"), "seccomp": ("option", "seccomp")}
NAMED = {"no-new-privileges": "SecurityOpt", "seccomp": "SecurityOpt"}


def mutate(body: dict[str, Any], flag: str) -> None:
    """Leave one flag out of a create body, or turn it round."""
    way, name = FLAGS[flag]
    host = body["HostConfig"]
    if way == "out":
        del host[name]
    elif way == "host":
        host[name] = CHANGED[name]
    elif way == "config":
        body[name] = OF_CONFIG[name]
    else:
        host["SecurityOpt"] = [option for option in host["SecurityOpt"] if not option.startswith(name)]


def test_there_are_more_than_twenty_and_every_flag_we_set_is_among_them():
    body = create_body(Limits(), Placement(image="i", machine="x86_64", uid=20_001, labels={}, command=("python3",)))

    assert len(FLAGS) > 20
    assert set(body["HostConfig"]) <= set(FLAGS)


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_that_is_left_out_is_missed(engine: DockerSandbox, monkeypatch: pytest.MonkeyPatch, flag: str):
    asked: list[dict[str, Any]] = []

    def mutated(limits: Limits, placement: Placement) -> dict[str, Any]:
        asked.append(create_body(limits, placement))
        body = create_body(limits, placement)
        mutate(body, flag)
        return body

    read_back: Callable[..., list[str]] = lambda _, found: missing_in_engine(asked[-1], found)  # noqa: E731
    monkeypatch.setattr(docker_engine, "create_body", mutated)
    monkeypatch.setattr(docker_engine, "missing_in_engine", read_back)

    with (
        pytest.raises(SandboxError, match=rf"the engine did not set .*\b{NAMED.get(flag, flag)}\b|could not create"),
        engine.open(Limits()),
    ):
        pass
