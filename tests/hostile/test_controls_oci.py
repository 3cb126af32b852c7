"""The same controls where an OCI runtime sets up the sandbox: with its guard taken away an attack works there too.

What is shared with Docker, such as the program of process 1, is shown in test_controls.py. That each guard which is
missing is seen, and stops everything, is shown in sandbox/test_oci.py; here nobody looks.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hostile.corpus import attack
from hostile.test_controls import OF_RARE_CALLS, OF_SHARED_PAGES, OF_THE_MACHINE, reversed_by
from sandbox.sessions import answer_of

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.oci import engine as oci_engine_module
from bitsec_eval.sandbox.oci.bundle import bundle_config
from bitsec_eval.sandbox.oci.engine import OciSandbox
from bitsec_eval.sandbox.protocol import handshake as greeting

LIMITS = Limits(wall_seconds=4, call_seconds=2, memory_mib=96, tmp_mib=32)
Config = dict[str, Any]
Change = Callable[[Config], object]


def resources(**fields: dict[str, int]) -> Change:
    """Return a change of what the control group allows."""
    return lambda config: config["linux"]["resources"].update(fields)


def process(**fields: object) -> Change:
    """Return a change of the first process."""
    return lambda config: config["process"].update(fields)


def mount(path: str, option: str, instead: str) -> Change:
    """Return a change of one mount's options."""

    def change(config: Config) -> None:
        found = next(each for each in config["mounts"] if each["destination"] == path)
        found["options"] = [instead if each.startswith(option) else each for each in found["options"]]

    return change


def shared(namespace: str) -> Change:
    """Return a change that leaves the guest in the host's namespace."""
    return lambda config: config["linux"]["namespaces"].remove({"type": namespace})


def unconfined(config: Config) -> None:
    del config["linux"]["seccomp"]


def capable(config: Config) -> None:
    config["process"]["capabilities"] = {"bounding": ["CAP_CHOWN"], "inheritable": ["CAP_CHOWN"]}


def important(config: Config) -> None:
    as_root(config)
    config["process"]["capabilities"] = {kind: ["CAP_SYS_NICE"] for kind in ("bounding", "effective", "permitted")}


def as_root(config: Config) -> None:
    config["process"]["user"] = {"uid": 0, "gid": 0, "additionalGids": []}
    for path in ("/tmp", "/workspace"):
        mount(path, "uid=", "uid=0")(config)


MUCH = {"limit": 1 << 29, "swap": 1 << 29}
WITHOUT: dict[str, tuple[str, Change]] = {
    "pids": ("agents/zombie_flood", resources(pids={"limit": 600})),
    "pids, threads": ("agents/thread_flood", resources(pids={"limit": 600})),
    "memory": ("agents/memory_bomb", resources(memory=MUCH)),
    "tmpfs size": (
        "agents/tmp_fill",
        lambda config: [mount("/tmp", "size=", "size=256m")(config), resources(memory=MUCH)(config)],
    ),
    "tmpfs nr_inodes": ("agents/inode_fill", mount("/tmp", "nr_inodes=", "nr_inodes=40000")),
    "tmpfs noexec": ("agents/run_from_tmp", mount("/tmp", "noexec", "exec")),
    "shm size": ("agents/shm_fill", mount("/dev/shm", "size=", "size=128m")),
    "open files": (
        "agents/open_files",
        process(rlimits=[{"type": "RLIMIT_NOFILE", "soft": 4096, "hard": 4096}]),
    ),
    "open files in messages": (
        "agents/descriptors_in_flight",
        process(rlimits=[{"type": "RLIMIT_NOFILE", "soft": 4096, "hard": 4096}]),
    ),
    "priorities": ("agents/outrank_neighbours", important),
    "network namespace": ("agents/network", shared("network")),
    "network namespace, abstract sockets": ("agents/host_sockets", shared("network")),
    "pid namespace": ("agents/other_processes", shared("pid")),
    "cgroup namespace": ("agents/control_group", shared("cgroup")),
    "seccomp, calls": ("agents/system_calls", unconfined),
    "seccomp, families": ("agents/odd_sockets", unconfined),
    "seccomp, namespaces": ("agents/namespaces", unconfined),
    "seccomp, ptrace": ("agents/trace_process_1", unconfined),
    "seccomp, one entry": ("agents/old_entry", unconfined),
    "no new privileges": ("agents/privileges", process(noNewPrivileges=False)),
    "capabilities": ("agents/capabilities", capable),
    "user": ("agents/root_user", as_root),
    "environment": ("agents/environment", lambda config: config["process"]["env"].append("VALIDATOR_KEY=a-key-just")),
    "masked paths": ("agents/masked_paths", lambda config: config["linux"].update(maskedPaths=[])),
    **{f"seccomp, {name}": (f"agents/{name}", unconfined) for name in (*OF_SHARED_PAGES, *OF_RARE_CALLS)},
    **{
        f"masked paths, {name}": (f"agents/{name}", lambda config: config["linux"].update(maskedPaths=[]))
        for name in OF_THE_MACHINE
    },
    "OOM score": ("agents/out_of_memory_order", process(oomScoreAdj=0)),
}


OF_CALLS: dict[str, Change] = {
    "page_note": unconfined,
    "watch_neighbours": unconfined,
    "limit_from_call": unconfined,
    "memory_signal": lambda config: config["linux"].update(maskedPaths=[]),
}


@pytest.fixture
def weakened(oci_engine: OciSandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], OciSandbox]:
    """Return what makes the engine's sandboxes lack a guard, and nobody notice."""

    def weaken(change: Change) -> OciSandbox:
        def without(*arguments: Any) -> Config:
            config = copy.deepcopy(bundle_config(*arguments))
            change(config)
            return config

        monkeypatch.setattr(oci_engine_module, "bundle_config", without)
        monkeypatch.setattr(oci_engine_module, "missing_guards", lambda *_: [])
        monkeypatch.setattr(greeting, "missing_in_guest", lambda *_: [])
        return oci_engine

    return weaken


@pytest.mark.parametrize("name", OF_CALLS)
def test_without_its_guard_a_solutions_attack_works_too(
    oci_engine: OciSandbox, weakened: Callable[[Change], OciSandbox], name: str
):
    source = attack(f"solutions/{name}").source

    assert reversed_by(oci_engine, source, LIMITS) == "held"
    assert reversed_by(weakened(OF_CALLS[name]), source, LIMITS) == "cba"


@pytest.mark.parametrize("guard", WITHOUT)
def test_without_its_guard_the_attack_works(weakened: Callable[[Change], OciSandbox], guard: str):
    name, change = WITHOUT[guard]

    answer = answer_of(weakened(change), attack(name).agent_source, limits=LIMITS)

    assert "PWNED" in answer.text, answer
