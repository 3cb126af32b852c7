"""The findings tasks that take a poc, as test data: their files under a run's names, and pocs of every sort."""

from pathlib import Path

from bitsec_eval.plugin.collection.tasks import CollectedTask
from bitsec_eval.plugin.extension import AnswerKinds
from bitsec_eval.plugin.proof.case_files import CaseFiles
from bitsec_eval.plugin.proof_kinds import PROOF_KINDS
from tests.task_suites.proof.proof_cases import task_of

SUITE = Path(__file__).parents[3] / "task_suites" / "scabench"
CASES = ("crestal_network_h01", "liquid_ron_h01")
ATTACK = "function attack(uint256, address[] calldata c, address[] calldata t, address[] calldata u) external"


class PocCase:
    """One findings task, as an evaluation of a seed has it."""

    def __init__(self, name: str, seed: int) -> None:
        path = SUITE / f"test_{name}.py"
        self.task = CollectedTask(f"scabench/{name}", task_of(path), path, AnswerKinds(PROOF_KINDS))
        self.renaming = self.task.renaming(seed)
        self.files = CaseFiles(self.task, seed)

    @property
    def reference(self) -> str:
        """The task's own poc, as an agent would write it."""
        return self.files.support["scenario/Poc.sol"].replace("contract Poc", "contract Exploit")


def doing(body: str, more: str = "") -> str:
    """Return a poc that does `body` in every round."""
    return f"pragma solidity ^0.8.20;\n{TOKEN}\ncontract Exploit {{ {more} {ATTACK} {{ c; t; u; {body} }} }}\n"


TOKEN = """
interface Token {
    function balanceOf(address account) external view returns (uint256);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}
"""
