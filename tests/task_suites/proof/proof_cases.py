"""The patch and exploit tasks as test data: their files under a run's names, and answers of every sort."""

import importlib.util
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bitsec_eval.core.tasks.task import Task
from bitsec_eval.plugin.collection.tasks import CollectedTask
from bitsec_eval.plugin.extension import AnswerKinds
from bitsec_eval.plugin.proof.case_files import CaseFiles
from bitsec_eval.plugin.proof_kinds import PROOF_KINDS

SUITE = Path(__file__).parents[3] / "task_suites" / "proof"
SEED = 11


@dataclass(frozen=True)
class Known:
    """What the tests know of one case: the function at fault, and other patches that are right."""

    attacked: str
    """The function whose loss stops the attack, and something honest with it."""
    path: str
    """The file it stands in."""
    twin_exploit: str
    """The body of a `run` that suits the mended twin: honest use, by the attacker."""
    another_patch: tuple[tuple[str, str], ...] = ()
    """Replacements in that file that mend the fault in another way than the twin does, where there is one."""


CASES = {
    "crestal_network_h01": Known(
        attacked="payWithERC20",
        path="src/Payment.sol",
        twin_exploit="AgentMarket(a).rent(0, 1);",
        another_patch=(
            (
                "        kept = (price * commission) / WHOLE;",
                "        require(msg.sig != this.payWithERC20.selector);\n"
                "        kept = (price * commission) / WHOLE;",
            ),
        ),
    ),
    "liquid_ron_h01": Known(
        attacked="requestExit",
        path="src/LiquidRon.sol",
        twin_exploit="LiquidRon(a).leave();",
        another_patch=(
            (
                "        operatorFeeAmount += _cut(asset.balanceOf(address(this)) - before);",
                "        uint256 cut = _cut(asset.balanceOf(address(this)) - before);\n"
                "        operatorFeeAmount += cut;\n        reserved += cut;",
            ),
            ("        operatorFeeAmount = 0;", "        operatorFeeAmount = 0;\n        reserved -= amount;"),
        ),
    ),
    "secondswap_h02": Known(
        attacked="buy",
        path="src/VestingMarket.sol",
        twin_exploit="VestingMarket(a).count();",
    ),
    "next_generation_h01": Known(
        attacked="submit",
        path="src/Relay.sol",
        twin_exploit="Relay(a).skip();",
        another_patch=(
            ("digestOf(order, separator), signature)", "digestOf(order, domain()), signature)"),
            (
                "        if (order.nonce != nonces[order.from]) revert WrongNonce();",
                "        separator;\n        if (order.nonce != nonces[order.from]) revert WrongNonce();",
            ),
        ),
    ),
}


@cache
def task_of(path: Path) -> Task:
    """Return the TASK of a task's file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TASK


class Case:
    """One task of a case, as an evaluation of the seed `SEED` has it."""

    def __init__(self, name: str, kind: str) -> None:
        path = SUITE / f"test_{name}_{kind}.py"
        self.kind = kind
        self.known = CASES[name]
        self.task = CollectedTask(f"proof/{name}_{kind}", task_of(path), path, AnswerKinds(PROOF_KINDS))
        self.renaming = self.task.renaming(SEED)
        self.files = CaseFiles(self.task, SEED)
        self._originals = [{path: text.decode() for path, text in files.items()} for files in self.task.projects()]

    # -- exploits

    @property
    def reference_exploit(self) -> str:
        """The task's own exploit, under the run's names."""
        return self.files.support["scenario/Exploit.sol"]

    def exploit(self, body: str, more: str = "") -> str:
        """Return an exploit that does `body` in every entry function of the task's own, whatever that is given."""
        own = self.reference_exploit
        contracts = re.findall(r"^contract (\w+)", "\n".join(self._originals[0].values()), re.M)
        entries = re.findall(r"^    function (\w+)\((.*?)\) external \{", own[own.index("contract Exploit") :], re.M)
        imports = "\n".join(re.findall(r"^import .*;$", own, re.M))
        interfaces = "\n".join(re.findall(r"^interface .*?^}", own, re.M | re.S))
        functions = "\n".join(
            f"function {name}({arguments}) external {{\n"
            f"    address a = address({_first(arguments)}); a;\n    {self.renaming.apply(body)}\n}}"
            for name, arguments in entries
        )
        assert contracts
        assert entries
        head = f"pragma solidity ^0.8.20;\n{imports}\n{interfaces}\n"
        return f"{head}contract Exploit {{ bool public reached = true; {self.renaming.apply(more)}\n{functions}\n}}\n"

    # -- patches

    @property
    def reference_patch(self) -> str:
        """The files that differ in the mended twin."""
        project, twin = self.files.project, self.files.twin
        return json.dumps({path: text for path, text in twin.items() if project.get(path) != text})

    def patch(self, *replacements: tuple[str, str]) -> str:
        """Return a patch with these replacements in the file at fault, by the names of the task."""
        text = self._originals[0][self.known.path]
        for old, new in replacements:
            assert text.count(old) >= 1, old
            text = text.replace(old, new)
        return json.dumps({self.renaming.path(self.known.path): self.renaming.apply(text)})

    def guarded(self, first: str) -> tuple[str, str]:
        """Return the replacement that puts a statement first in the attacked function."""
        text = self._originals[0][self.known.path]
        head = re.search(rf"function {self.known.attacked}\([^{{]*\{{", text).group()
        return head, f"{head}\n        {first}"

    @property
    def gutting_patch(self) -> str:
        """The attacked function reverts, for everybody."""
        return self.patch(self.guarded("if (block.timestamp != 0) revert();"))


def _first(arguments: str) -> str:
    return arguments.split(",")[0].split()[-1]
