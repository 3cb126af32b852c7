"""A small dataset in ScaBench's schema, a checkout of its source, and reports; a test says what differs in it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

CURATED = Path(__file__).resolve().parents[3] / "shared/data/scabench/curated-2025-08-18.json"
DATASET = Path(os.environ.get("BITSEC_SCABENCH_DATASET") or CURATED)
"""The published dataset, which is no part of this project: where a variable says, or in a folder beside this one."""

real = pytest.mark.skipif(
    not DATASET.is_file(), reason=f"no dataset {DATASET.name}; BITSEC_SCABENCH_DATASET names one"
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"

VAULT = """\
contract Vault {
    mapping(address => uint256) balances;
    function withdrawAll() external {
        (bool sent, ) = msg.sender.call{value: balances[msg.sender]}("");
        balances[msg.sender] = 0;
    }
}
"""


def vulnerability(name="2025-01-demo_H-01", **fields):
    return {
        "finding_id": name,
        "severity": "high",
        "title": "Depositors can drain the Vault by re-entering withdrawAll",
        "description": "Submitted by\nalice\n\nhttps://github.com/o/demo/blob/main/src/Vault.sol#L4\n\nwithdrawAll()"
        " sends ether to the caller before it clears balances[msg.sender]: a contract re-enters and is paid twice.",
        **fields,
    }


def fee_vulnerability(**fields):
    return vulnerability(
        "2025-01-demo_M-01",
        **{
            "severity": "medium",
            "title": "Anyone can set the fee collector",
            "description": "setCollector() of FeeRegistry lacks an owner check: an attacker redirects trading fees.",
            **fields,
        },
    )


def codebase(*, commit=COMMIT, **fields):
    return {
        "codebase_id": f"Demo_{(commit or COMMIT)[:6]}" if commit != "main" else "Demo_main",
        "repo_url": "https://github.com/o/demo",
        "commit": commit,
        "tree_url": f"https://github.com/o/demo/tree/{COMMIT}",
        "tarball_url": f"https://github.com/o/demo/archive/{COMMIT}.tar.gz",
        **fields,
    }


def project(project_id="contest_demo_2025_01", *, codebases=None, vulnerabilities=None, **fields):
    return {
        "project_id": project_id,
        "name": "Demo",
        "platform": "contest",
        "codebases": [codebase()] if codebases is None else codebases,
        "vulnerabilities": [vulnerability(), fee_vulnerability()] if vulnerabilities is None else vulnerabilities,
        **fields,
    }


def dataset(*projects):
    return json.dumps(list(projects or [project()]))


def checkout(folder, files=None):
    """Make a git checkout of `files` and return its commit."""
    for path, text in (files or {"src/Vault.sol": VAULT}).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text) if isinstance(text, str) else target.write_bytes(text)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A", "-f")
    git(folder, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "audited")
    return git(folder, "rev-parse", "HEAD").strip()


def git(folder, *arguments):
    """Run git in `folder`, with nothing of the repository and the settings of whoever runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout


def finding(**fields):
    return {
        "title": "Reentrancy in withdrawAll lets an attacker drain the vault",
        "description": "withdrawAll() sends ether before the caller's balance is cleared: a contract re-enters it.",
        "severity": "high",
        "vulnerability_type": "reentrancy",
        "file": "src/Vault.sol",
        "location": "withdrawAll()",
        "confidence": 0.9,
        **fields,
    }


def fee_finding(**fields):
    return finding(
        **{
            "title": "Missing access control: anyone can set the fee collector",
            "description": "setCollector() has no owner check, so an attacker redirects all trading fees.",
            "vulnerability_type": "access control",
            "file": "src/FeeRegistry.sol",
            "location": "setCollector()",
            **fields,
        }
    )


def noise(number):
    """Findings that are about nothing expected."""
    return [
        finding(title=f"Fault {n}", description=f"quirk{n} is odd", file=f"src/Other{n}.sol", location=f"other{n}()")
        for n in range(number)
    ]


def report(*findings, key="vulnerabilities"):
    return json.dumps({key: list(findings)})
