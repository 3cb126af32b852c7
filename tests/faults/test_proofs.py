"""A sandbox that is lost while an exploit is compiled or run is no miss of its author: the check is made again."""

import json
from pathlib import Path

from faults.evaluations import evaluated, prepare
from faults.leftovers import DockerWitness, Witness
from plugin.evaluations import printing

PLACES = ("compile", "control", "attack")
PROJECT = """
pragma solidity ^0.8.20;

contract Safe {
    mapping(address => uint256) public held;

    function put() external payable { held[msg.sender] += msg.value; }

    function take(address from) external {
        uint256 amount = held[from];
        CHECK
        held[from] = 0;
        (bool done,) = msg.sender.call{value: amount}("");
        require(done);
    }
}
"""
EXPLOIT = """
pragma solidity ^0.8.20;

import {Safe} from "src/Safe.sol";

contract Bulk {
BULK
}

contract Exploit {
    bool public reached;

    receive() external payable {}

    function run(Safe safe, address victim) external {
        reached = true;
        BURN
        try safe.take(victim) {} catch {}
    }
}
"""
BULK = "\n".join(f"    function f{n}(uint256 a, uint256 b) external pure returns (uint256) {{ return a * b + {n}; }}"
                 for n in range(400))  # fmt: skip
BURN = """
        bytes12 mark = hex"c0ffeec0ffeec0ffeec0ffee";
        bytes1 last = mark == 0 ? bytes1(0) : bytes1(0x01);
        address(9).staticcall(abi.encodePacked(uint32(25_000_000), new bytes(208), last));
"""
SCENARIO = """
import disturbing
from bitsec_eval import ETHER, Scenario

class Safe(Scenario):
    def deploy(self):
        self.alice = self.chain.account("alice", 9 * ETHER)
        self.safe = self.chain.deploy("Safe", sender=self.alice)
        self.safe.put(sender=self.alice, value=5 * ETHER)

    def use(self):
        disturbing.kill("control")
        with disturbing.noted("control"):
            self.safe.take(self.alice, sender=self.alice)
        assert self.chain.balance(self.alice) == 9 * ETHER

    def attack(self, exploit):
        exploit.run(self.safe, self.alice)

    @property
    def least(self):
        return 5 * ETHER

    def stolen(self):
        return self.held_ether()
"""
TASK = """
from bitsec_eval import EXPLOIT_PROMPT, Task

TASK = Task(prompt=EXPLOIT_PROMPT, answer="exploit", compiler="0.8.30", workspace="PLACE/a", twin="PLACE/b",
            scenario="PLACE/chain", timeout=30)


def test_takes_what_is_there(exploit):
    assert exploit.gain >= exploit.least
"""
DISTURBING = f"""
import os
import sys
from contextlib import contextmanager
from pathlib import Path, PosixPath

sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from bitsec_eval.core.errors import SandboxError
from faults.leftovers import DockerWitness, OciWitness

FOLDER = Path(__file__).parent
WITNESS = ITS_WITNESS

def kill(place):
    if f"test_{{place}}.py" not in os.environ.get("PYTEST_CURRENT_TEST", ""):
        return
    tried = FOLDER / f"{{place}}-tried"
    tried.open("a").write("x")
    if len(tried.read_text()) == 1:
        for container in WITNESS.containers(FOLDER):
            WITNESS.kill(container)

@contextmanager
def noted(place):
    try:
        yield
    except SandboxError as error:
        (FOLDER / f"{{place}}-lost").write_text(str(error))
        raise
"""
CONFTEST = """
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import disturbing
from bitsec_eval.sandbox.evm.guests import Compiler, SandboxMachine

compile_once = Compiler.compile

def compiled(self, version, text):
    if "f399" in text:
        threading.Thread(target=disturbing.kill, args=("compile",)).start()
    with disturbing.noted("compile"):
        return compile_once(self, version, text)

run_once = SandboxMachine.run

def run(self, steps):
    if not any(step[0] == "deploy" and MARK in step[3] for step in steps):
        return run_once(self, steps)
    threading.Thread(target=disturbing.kill, args=("attack",)).start()
    with disturbing.noted("attack"):
        return run_once(self, steps)

SandboxMachine.run = run
MARK = bytes.fromhex("c0ffee" * 4)

Compiler.compile = compiled
"""


def test_a_sandbox_that_is_lost_costs_no_point_and_wins_none(tmp_path: Path, witness: Witness, evm_root: Path):
    files = {"disturbing.py": DISTURBING.replace("ITS_WITNESS", repr(witness))}
    for place in PLACES:
        files |= {
            f"{place}/a/src/Safe.sol": PROJECT.replace("CHECK", ""),
            f"{place}/b/src/Safe.sol": PROJECT.replace("CHECK", "require(from == msg.sender);"),
            f"{place}/chain/scenario.py": SCENARIO,
            f"{place}/chain/Exploit.sol": EXPLOIT.replace("BULK", "").replace("BURN", ""),
            f"test_{place}.py": TASK.replace("PLACE", place),
        }
    right = EXPLOIT.replace("BULK", BULK).replace("BURN", BURN)
    agents = {"right": right, "idle": "pragma solidity ^0.8.20; contract Exploit {}"}
    prepare(tmp_path, {name: printing(text) for name, text in agents.items()}, files)
    with (tmp_path / "conftest.py").open("a") as file:
        file.write(CONFTEST)

    options = () if isinstance(witness, DockerWitness) else (f"--bitsec-evm-image={evm_root}",)
    ran = evaluated(tmp_path, *witness.options, *options, "--bitsec-jobs=1")

    assert ran.status == 0, ran.output
    assert ran.scores() == {"right": 100.0, "idle": 0.0}, ran.output
    assert {place: "from outside" in (tmp_path / f"{place}-lost").read_text() for place in PLACES} == dict.fromkeys(
        PLACES, True
    )
    told = json.loads((tmp_path / "results/runs/idle/attack.json").read_text())
    assert told["state"] == "scored"
    assert witness.left(tmp_path) == []
