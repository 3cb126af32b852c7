"""A chain as a scenario sees it: named accounts, contracts to deploy and call, balances, time.

Names are the task's own; under the names of a run the same contracts and functions are found.
What is drawn (addresses, amounts, the time) depends on the evaluation's seed alone, so nothing an answer could know
beforehand is worth anything.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof.accounts import Account, Addressed, Reverted, Signer
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.contract import Contract, encoded
from bitsec_eval.core.proof.machine import CALL_GAS, CallOutcome, Machine, number_of, outcome_of
from bitsec_eval.core.proof.reasons import words_of
from bitsec_eval.core.proof.signing import key_of, sign

ETHER = 10**18
BLOCK_SECONDS = 12


class Chain:
    """One chain with the contracts of a build; `seed` decides everything that is drawn."""

    def __init__(
        self, machine: Machine, build: Build, seed: str, names: Mapping[str, str] | None = None, number: int = 0
    ) -> None:
        self._machine = machine
        self._build = build
        self._seed = seed
        self._names = names or {}
        self._number = number
        self._accounts: dict[str, Account] = {}
        self.block = self.draw("block", 1_000_000, 30_000_000)
        self.timestamp = self.draw("timestamp", 1_700_000_000, 1_900_000_000)
        self.called: set[tuple[str, str]] = set()
        self.deployed: list[tuple[Artifact, Contract]] = []
        self._step("new", self.block, self.timestamp)

    def draw(self, label: str, least: int, most: int) -> int:
        """Return the number from `least` to `most` that the seed draws for `label`."""
        drawn = hashlib.sha256(f"{self._seed}:{label}".encode()).digest()
        return least + int.from_bytes(drawn, "big") % (most - least + 1)

    def account(self, name: str, balance: int = 0) -> Account:
        """Return the account called `name`, with at least `balance` wei the first time it is named."""
        if name not in self._accounts:
            digest = hashlib.sha256(f"{self._seed}:account:{name}".encode()).digest()
            self._accounts[name] = Account(name, f"0x{digest[:20].hex()}")
            if balance:
                self.fund(self._accounts[name], balance)
        return self._accounts[name]

    def signer(self, name: str, balance: int = 0) -> "Signer":
        """Return an account that can sign, with at least `balance` wei the first time it is named."""
        known = self._accounts.get(name)
        if not isinstance(known, Signer):
            key = key_of(f"{self._seed}:key:{name}")
            self._accounts[name] = known = Signer(name, self._address_of(key), key)
            if balance:
                self.fund(known, balance)
        return known

    def _address_of(self, key: int) -> str:
        """Return the address that belongs to a key, as the EVM's own precompile recovers it from a signature."""
        digest = hashlib.sha256(b"who is this").digest()
        words = (int.from_bytes(digest, "big"), *sign(key, digest))
        outcome = self.view(f"0x{1:040x}", b"".join(word.to_bytes(32, "big") for word in words))
        return f"0x{outcome.output[12:32].hex()}"

    @property
    def accounts(self) -> list[Account]:
        """Every account that has been named."""
        return list(self._accounts.values())

    def fund(self, to: "Addressed", amount: int) -> None:
        """Give an account this balance, in wei."""
        self._step("fund", to.address, amount)

    def balance(self, of: "Account | Contract") -> int:
        """Return a balance in wei."""
        return number_of(self._step("balance", of.address))

    def storage(self, of: "Contract", slot: int) -> int:
        """Return a word of a contract's storage."""
        return number_of(self._step("storage", of.address, slot))

    def wait(self, seconds: int) -> None:
        """Let time pass, and the blocks that come in it."""
        self.timestamp += seconds
        self.block += max(1, seconds // BLOCK_SECONDS)
        self._step("move", self.block, self.timestamp)

    def deploy(self, name: str, *arguments: object, sender: Account, value: int = 0) -> "Contract":
        """Deploy the contract called `name`.

        Raises:
            Reverted: its constructor did, it is too large, or it has no code.
        """
        artifact = self.artifact(name)
        deployed = self.deploy_artifact(artifact, *arguments, sender=sender, value=value)
        self.deployed.append((artifact, deployed))
        return deployed

    def artifact(self, name: str) -> Artifact:
        """Return the compiled contract called `name`, by the task's name or the run's.

        Raises:
            LookupError: there is none.
        """
        return self._build.named(self._names.get(name, name))

    def deploy_artifact(self, artifact: Artifact, *arguments: object, sender: Account, value: int = 0) -> "Contract":
        """Deploy a compiled contract; see `deploy`."""
        if artifact.code is None:
            raise Reverted(f"{artifact.name} has no code to deploy")
        data = artifact.code + encoded(artifact.constructor, arguments, artifact.name)
        outcome = outcome_of(self._step("deploy", sender.address, data, value, CALL_GAS))
        if not outcome.ok or not outcome.address:
            raise Reverted(f"deploying {artifact.name}: {words_of(outcome)}")
        return Contract(self, artifact, outcome.address)

    def transact(self, sender: Account, to: str, data: bytes, value: int = 0) -> CallOutcome:
        """Send a transaction and return what came of it, whatever that is."""
        return outcome_of(self._step("call", sender.address, to, data, value, CALL_GAS))

    def view(self, to: str, data: bytes, sender: Account | None = None) -> CallOutcome:
        """Call without changing anything."""
        caller = sender.address if sender else f"0x{1:040x}"
        return outcome_of(self._step("view", caller, to, data, CALL_GAS))

    def snapshot(self) -> int:
        """Return a number to `revert` to."""
        return number_of(self._step("snapshot"))

    def revert(self, snapshot: int) -> None:
        """Go back to a snapshot; it is gone, and so is every later one. Time does not go back."""
        self._step("revert", snapshot)

    @contextmanager
    def reverts(self) -> Iterator[None]:
        """Expect that what is done inside is undone by its contract."""
        try:
            yield
        except Reverted:
            return
        raise AssertionError("a transaction went through that must revert")

    def renamed(self, name: str) -> str:
        """Return a name of the task's as it is in this run."""
        return self._names.get(name, name)

    def another(self) -> "Chain":
        """Return a new chain of the same seed beside this one, on the same machine."""
        return Chain(self._machine, self._build, self._seed, self._names, self._number + 1)

    def close(self) -> None:
        """Forget this chain."""
        self._step("drop")

    def _step(self, name: str, *rest: object) -> Any:
        told = self._machine.run([[name, self._number, *rest]])
        if not isinstance(told, list) or len(told) != 1:
            raise ValueFault("no outcome of a step")
        return told[0]
