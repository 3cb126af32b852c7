"""Loaded in a sandbox like a code answer: keeps a Foundry project, runs its tests, and tells the host of them.

Nothing here is trusted by the host.
"""

import json
import os
import shutil
import subprocess

PROJECT = "/tmp/project"
CHEAT_CODES = "0x7109709ecfa91a80626ff3989d68f67f5b1dd12d"
MOST_WORDS = 2000
MOST_TESTS = 4096

ENVIRONMENT = {
    "HOME": "/tmp",
    "LD_LIBRARY_PATH": "/opt/lib",
    "NO_COLOR": "1",
    "FOUNDRY_OFFLINE": "true",
    "FOUNDRY_FFI": "false",
    "FOUNDRY_FS_PERMISSIONS": "[]",
    "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1",
}


def clear():
    """Forget the project, and what was compiled of it."""
    shutil.rmtree(PROJECT, ignore_errors=True)
    os.makedirs(PROJECT)


def put(files):
    """Write text files of the project, by path."""
    for path, text in files.items():
        whole = os.path.join(PROJECT, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def remove(paths):
    """Remove files of the project."""
    for path in paths:
        os.remove(os.path.join(PROJECT, path))


def test(version, options):
    """Run `forge test`, with Solidity's compiler of this version; see `read_report` of core/proof/forge_report.py.

    Returns None where forge neither gave a report nor said that the project does not compile.
    """
    command = ["/opt/foundry/bin/forge", "test", "--allow-failure", "--offline", "--json", "--fuzz-seed", "0"]
    environment = dict(ENVIRONMENT, FOUNDRY_SOLC="/opt/foundry/bin/solc-" + version)
    done = subprocess.run(
        command + list(options), cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    told = report_in(done.stdout)
    if told is not None:
        return dict(summary(told), compiled=True, words="")
    words = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace")
    if "Compiler run failed" in words or "Encountered invalid solc version" in words:
        return dict(summary({}), compiled=False, words=words[:MOST_WORDS])
    if done.returncode in (0, 1) and "no tests" in words.lower():
        return dict(summary({}), compiled=True, words="")
    return words[-MOST_WORDS:]


def report_in(printed):
    """Return the report that is the last line of what forge printed, or None."""
    for line in reversed(printed.splitlines()):
        if line.startswith(b"{"):
            try:
                return json.loads(line)
            except ValueError:
                return None
    return None


def summary(told):
    tests, callers, calls = [], set(), 0
    for suite, results in told.items():
        for name, result in results["test_results"].items():
            reason = str(result.get("reason") or "")[:MOST_WORDS]
            tests.append([suite, name, str(result["status"]), reason])
            for kind, trace in result.get("traces") or ():
                nodes = [node["trace"] for node in trace["arena"]]
                callers.update(node["caller"] for node in nodes if node["address"] == CHEAT_CODES)
                if kind == "Execution":
                    calls += sum(node["depth"] == 1 and node["address"] != CHEAT_CODES for node in nodes)
    return {"tests": tests[:MOST_TESTS], "callers": sorted(callers)[:MOST_TESTS], "calls": calls}
