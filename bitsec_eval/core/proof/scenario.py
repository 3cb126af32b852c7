"""Scenario of patch and exploit tasks: deployment, honest use, and what an attack is worth."""

from collections.abc import Mapping
from typing import Any, ClassVar

from bitsec_eval.core.proof.accounts import Account
from bitsec_eval.core.proof.chain import ETHER, Chain
from bitsec_eval.core.proof.contract import Contract
from bitsec_eval.core.proof.exploit_handle import ExploitHandle


class Scenario:
    """A project on a chain of its own; subclass it in scenario.py, beside the scenario's Solidity files.

    `deploy`, `use` and `stolen` must be given; `entry`, `targets` and `attack` where an exploit needs to be told
    something or something honest happens while it is under way, `ordinary_day` where that matters to a finding's poc.
    Whatever they raise on the unchanged project is the task's fault and makes the run void; on a patched project the
    same is the patch's.
    """

    dust: int = 0
    """What rounding may leave an attacker with on a mended project, in the unit of `stolen`."""
    unused: ClassVar[tuple[str, ...]] = ()
    """Functions that change something and that `use` has a reason not to call."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.attacker: Account = chain.account("attacker", 10 * ETHER)
        self.accomplices: list[Account | Contract] = [self.attacker]

    def deploy(self) -> None:
        """Deploy the project, give everybody what they have, and let what came before the attack happen."""
        raise NotImplementedError

    def use(self) -> None:
        """Use every function that changes something as honest people do, and assert that all is as it should be."""
        raise NotImplementedError

    def stolen(self) -> int:
        """Return what the attacker holds now; the gain is by how much more that is after the attack."""
        raise NotImplementedError

    @property
    def least(self) -> int:
        """What an exploit must gain at least, in the unit of `stolen`; known once all is deployed."""
        return 1

    def entry(self) -> tuple[Any, ...]:
        """Return the arguments of the exploit's `run`, of which the prompt tells."""
        return ()

    def targets(self) -> Mapping[str, Contract]:
        """Return the contracts an answer may name in its calls."""
        return {}

    def attack(self, exploit: ExploitHandle) -> None:
        """Let the exploit go; what is honest and happens meanwhile stands here too."""
        exploit.run(*self.entry())

    def ordinary_day(self, day: int) -> None:
        """Do what honest people do in the day after call number `day` of a finding's poc (0 or 1)."""

    def held(self, token: Contract) -> int:
        """Return what the attacker and the exploit hold of a token."""
        return sum(int(token.balanceOf(account)) for account in self.accomplices)

    def held_ether(self) -> int:
        """Return the wei that the attacker and the exploit hold."""
        return sum(self.chain.balance(account) for account in self.accomplices)
