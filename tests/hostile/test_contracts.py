"""Attacks on compilers, EVMs and the host through Solidity answers, each with a control, on every engine.

Each file in contracts/ is one attack; its first lines say what it tries, by which public line it ends, and at which
size it is one. The control is the same program at another size, which is compiled, deployed and run without trouble:
so what ends the attack is a limit, and not something else that is wrong with the program.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.answer import EXPLOIT_FILE
from bitsec_eval.core.proof.build import compiler_input, read_build
from bitsec_eval.core.proof.chain import Chain
from bitsec_eval.core.proof.public import Public
from bitsec_eval.plugin.proof.case_files import solidity
from bitsec_eval.plugin.proof.verdicts import judged, refuse
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.evm.places import EvmSandboxes
from tests.task_suites.proof.proof_cases import Case

PROGRAMS = sorted((Path(__file__).parent / "contracts").glob("*.sol"))
CASE = "crestal_network_h01"


@pytest.fixture(scope="module")
def places(evm_sandbox: Sandbox) -> Iterator[EvmSandboxes]:
    """Compilers and EVMs on one engine."""
    opened = EvmSandboxes(evm_sandbox)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def case() -> Case:
    """The task under attack."""
    return Case(CASE, "exploit")


def head(text: str, name: str) -> str:
    return re.search(rf"^// {name}: (.*)$", text, re.M)[1]


def program(path: Path, name: str) -> str:
    """Return a program at its size as attack or as control."""
    text = path.read_text()
    size = int(head(text, name))
    if "LEVELS" in text:
        levels = "".join(f"struct S{i} {{ S{i - 1} a; S{i - 1}[] b; S{i - 1}[2] c; }}\n" for i in range(1, size + 1))
        text = text.replace("LEVELS", levels).replace("SLAST", f"S{size}")
    imports = 'import "/etc/passwd";\nimport "file:///etc/passwd";' if size else 'import "src/Payment.sol";'
    text = text.replace("IMPORTS", imports).replace("PRAGMA", "0.4.11" if size else "^0.8.20")
    text = re.sub(r"REPEAT\((\(|\))\)", lambda match: match[1] * size, text)
    return re.sub(r"REPEAT\((\w+)\)", lambda match: match[1] * size, text).replace("SIZE", str(size))


def lost(places: EvmSandboxes, case: Case, answer: str, agent: str = "attacker") -> Public:
    with pytest.raises(AnswerFault) as fault:
        refuse(judged(case.files, places, agent, case.kind, answer).verdict)
    return fault.value.public


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_an_attack_ends_in_a_line_of_the_list_and_neighbours_never_notice(places, case, path):
    text = path.read_text()

    assert lost(places, case, program(path, "size")) in [Public[name] for name in head(text, "ends").split()]
    for agent in ("neighbour", "attacker"):
        assert judged(case.files, places, agent, "exploit", case.reference_exploit).verdict.proven


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_its_control_is_compiled_deployed_and_run(places, case, path):
    compiled = case.files.case(places)
    source = program(path, "control").replace("src/Payment.sol", case.renaming.path("src/Payment.sol"))
    sources = {**solidity(case.files.project), EXPLOIT_FILE: source}
    output = places.compile_answer("control", "0.8.30", compiler_input(sources, wanted=(EXPLOIT_FILE,)))
    artifact = read_build(output).artifacts[EXPLOIT_FILE, "Exploit"]

    def run(machine):
        chain = Chain(machine, compiled.faulty, "seed")
        attacker = chain.account("attacker")
        token = chain.deploy("Token", sender=attacker)
        exploit = chain.deploy_artifact(artifact, sender=attacker).at(compiled.exploit)
        return exploit.run.outcome(token, token, token, sender=attacker)

    assert places.run("control", run).ok


TEXTS = {
    "binary": ("\\x00\\xff" * 1000, Public.NO_SOURCE),
    "megabyte": ("contract Exploit {} //" + "x" * (1 << 20), Public.TOO_LARGE),
    "deep_json": ('{"source": ' + "[" * 50_000, Public.NO_SOURCE),
    "many_calls": (json.dumps({"source": "contract Exploit {}", "calls": [{}] * 1000}), Public.BAD_CALLS),
    "long_number": (
        '{"source": "contract Exploit {}", "calls": [{"value": ' + "9" * 5000 + "}]}",
        Public.NOT_COMPILED,
    ),
    "negative": (json.dumps({"source": "contract Exploit {}", "calls": [{"value": -1}]}), Public.BAD_CALLS),
    "odd_data": (json.dumps({"source": "contract Exploit {}", "calls": [{"data": "0x0"}]}), Public.BAD_CALLS),
    "no_source": (json.dumps({"source": ["contract Exploit {}"]}), Public.NO_SOURCE),
    "abstract": ("pragma solidity ^0.8.20; abstract contract Exploit {}", Public.NO_CONTRACT),
    "interface": ("pragma solidity ^0.8.20; interface Exploit {} contract Other {}", Public.NO_CONTRACT),
    "constructor": ("pragma solidity ^0.8.20; contract Exploit { constructor(uint256) {} }", Public.NO_CONTRACT),
    "surrogate": ("pragma solidity ^0.8.20; contract Exploit {} // \ud800", Public.NOT_COMPILED),
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_odd_answer_ends_in_a_line_of_the_list(places, case, name):
    text, public = TEXTS[name]

    assert lost(places, case, text) == public


PATCHES = {
    "many_hunks": (
        "--- a/src/X.sol\n+++ b/src/X.sol\n" + "@@ -1,1 +1,1 @@\n-x\n+y\n" * 5000,
        Public.DOES_NOT_APPLY,
    ),
    "half_a_hunk": ("--- a/PATH\n+++ b/PATH\n@@ -1,900 +1,1 @@\n x\n", Public.DOES_NOT_APPLY),
    "no_such_file": ("--- a/src/None.sol\n+++ b/src/None.sol\n@@ -1,1 +1,1 @@\n-x\n+y\n", Public.DOES_NOT_APPLY),
    "overwrites": ("--- /dev/null\n+++ b/PATH\n@@ -0,0 +1,1 @@\n+x\n", Public.DOES_NOT_APPLY),
    "deletes": ("--- a/PATH\n+++ /dev/null\n", Public.NOT_COMPILED),
    "climbs": ("--- /dev/null\n+++ b/../../etc/cron.sol\n@@ -0,0 +1,1 @@\n+x\n", Public.FORBIDDEN_PATH),
    "numbers": ('{"PATH": 7}', Public.NO_PATCH),
    "megabyte": ('{"PATH": "' + "x" * (1 << 20) + '"}', Public.TOO_LARGE),
}


@pytest.mark.parametrize("name", PATCHES)
def test_an_odd_patch_ends_in_a_line_of_the_list(places, name):
    case = Case(CASE, "patch")
    text, public = PATCHES[name]

    assert lost(places, case, text.replace("PATH", case.renaming.path("src/Payment.sol"))) in (public, Public.IMPORT)
