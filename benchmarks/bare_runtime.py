"""A side of throughput.py: a plain loop of `runc run`, or `crun run`, of the bundle that ours is started from."""

import json
import os
import subprocess
import tempfile
from functools import partial
from itertools import count
from pathlib import Path

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.hardening.policy import Placement
from bitsec_eval.sandbox.oci.bundle import bundle_config

_NUMBERS = count()


def bare_runtime(root: str, runtime: str):
    """Return what runs one command in a container of its own, with every guard of ours, over a bind mount."""
    return partial(_run, root, runtime)


def _run(root: str, runtime: str, folder: Path, command: list[str]) -> None:
    name = f"bare-{os.getpid()}-{next(_NUMBERS)}"
    with tempfile.TemporaryDirectory(prefix="bitsec-bench-") as bundle:
        (Path(bundle) / "config.json").write_text(json.dumps(_config(root, folder, command, name)))
        subprocess.run(
            [runtime, "--root", f"{bundle}/state", "run", "--bundle", bundle, name],
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def _config(root: str, folder: Path, command: list[str], name: str) -> dict:
    placement = Placement(image=root, machine=os.uname().machine, uid=65534, labels={}, command=tuple(command))
    config = bundle_config(Limits(), placement, f"/bitsec-eval/{name}")
    bound = {"destination": "/workspace", "type": "bind", "source": str(folder), "options": ["bind", "ro"]}
    config["mounts"] = [each for each in config["mounts"] if each["destination"] != "/workspace"] + [bound]
    config["process"]["cwd"] = "/workspace"
    return config
