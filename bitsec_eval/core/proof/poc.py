"""What a finding's proof of concept is run against: any scenario, behind an entry that is the same for every task.

An exploit task's prompt may say how its exploit is called, because the fault is known to be there. A findings task's
may not: which functions are called, with whom, and what happens meanwhile would lead to the fault. So every poc is
told the same: all contracts, all tokens, everybody; and it is called three times, with a day of ordinary use between.
"""

from contextlib import suppress

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.proof.accounts import Account, Reverted
from bitsec_eval.core.proof.chain import ETHER
from bitsec_eval.core.proof.contract import Contract
from bitsec_eval.core.proof.exploit_handle import ExploitHandle
from bitsec_eval.core.proof.scenario import Scenario

ROUNDS = 3
DAY_SECONDS = 24 * 3600
GIVEN_WEI = 9 * ETHER
LEAST_SHARE = 10
"""A poc proves a fault with a tenth of what an exploit is asked for: nobody told it what there is to take."""


def behind_neutral_entry(scenario: type[Scenario]) -> type[Scenario]:
    """Return the scenario with `attack(round, contracts, tokens, users)` as the exploit's only entry."""
    return type(scenario.__name__, (_NeutralEntry, scenario), {"__doc__": scenario.__doc__})


class _NeutralEntry(Scenario):
    """What a scenario is derived from first: its own `use` and `least` are behind it."""

    def use(self) -> None:
        """Go through the days of an attack that does not come, and use everything as the scenario does."""
        quiet = type(self)(self.chain.another())
        quiet.deploy()
        for day in range(ROUNDS - 1):
            quiet.chain.wait(DAY_SECONDS)
            quiet.ordinary_day(day)
        quiet.chain.close()
        super().use()

    def attack(self, exploit: ExploitHandle) -> None:
        """Call the exploit in every round; what honest people cannot do any more is left undone."""
        tokens = outside_tokens(self)
        self._equip(exploit, tokens)
        for number in range(ROUNDS):
            exploit.attack(number, project_contracts(self), tokens, users(self))
            if number < ROUNDS - 1:
                self.chain.wait(DAY_SECONDS)
                with suppress(Reverted):
                    self.ordinary_day(number)

    def _equip(self, exploit: ExploitHandle, tokens: list[Contract]) -> None:
        self.chain.fund(self.attacker, 10 * ETHER - GIVEN_WEI)
        self.chain.fund(exploit, GIVEN_WEI)
        for token in tokens:
            amount = token.balanceOf(self.attacker)
            if not amount:
                raise TaskError("the attacker has none of a token, of which every poc is given some; mint it")
            token.transfer(exploit, amount, sender=self.attacker)

    @property
    def least(self) -> int:
        """A share of what the scenario asks for, and more than dust."""
        return int(max(self.dust + 1, super().least // LEAST_SHARE))


def project_contracts(scenario: Scenario) -> list[Contract]:
    """Return the deployed contracts of the project, in alphabetical order of the names that they have in this run."""
    return [each for _, each in sorted(_deployed(scenario, of_project=True), key=lambda found: found[0])]


def outside_tokens(scenario: Scenario) -> list[Contract]:
    """Return the tokens that do not belong to the project, in an order that says nothing."""
    found = [each for name, each in _deployed(scenario, of_project=False) if name == "Token"]
    return sorted(found, key=lambda each: each.address)


def users(scenario: Scenario) -> list[Account | Contract]:
    """Return everybody who uses, owns or runs the project, in an order that says nothing."""
    accounts: list[Account | Contract] = [each for each in scenario.chain.accounts if each is not scenario.attacker]
    wallets = [each for name, each in _deployed(scenario, of_project=False) if name == "Wallet"]
    return sorted([*accounts, *wallets], key=lambda each: each.address)


def _deployed(scenario: Scenario, *, of_project: bool) -> list[tuple[str, Contract]]:
    chain = scenario.chain
    return [(each.name, at) for each, at in chain.deployed if each.path.startswith("scenario/") is not of_project]
