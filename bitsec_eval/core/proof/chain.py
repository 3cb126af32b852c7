"""A chain as a scenario sees it: named accounts, contracts to deploy and call, balances, time.

Names are the task's own; under the names of a run the same contracts and functions are found.
What is drawn (addresses, amounts, the time) depends on the evaluation's seed alone, so nothing an answer could know
beforehand is worth anything.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof import abi
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.machine import CALL_GAS, CallOutcome, Machine, number_of, outcome_of
from bitsec_eval.core.proof.reasons import words_of
from bitsec_eval.core.proof.signing import key_of, sign

ETHER = 10**18
BLOCK_SECONDS = 12


class Reverted(Exception):  # noqa: N818 - it is what a transaction did, as often wanted as not
    """A transaction was undone: it reverted, ran out of gas, or its contract was not there."""


class Account:
    """A named account without code; whoever holds the name may send as it."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Signer(Account):
    """A named account that can sign."""

    def __init__(self, name: str, address: str, key: int) -> None:
        super().__init__(name, address)
        self._key = key

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a 32-byte digest: r, s and v, as `ecrecover` is usually fed, 65 bytes."""
        v, r, s = sign(self._key, digest)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


class Addressed(Protocol):
    """Somebody or something on a chain."""

    @property
    def address(self) -> str:
        """Where it is: 0x and 40 digits."""


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
        data = artifact.code + _encoded(artifact.constructor, arguments, artifact.name)
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


class Contract:
    """A deployed contract: `token.transfer(bob, 5, sender=alice)`; views need no sender.

    A function returns what it returns, alone if that is one value, and raises `Reverted` where it is undone.
    """

    def __init__(self, chain: Chain, artifact: Artifact, address: str) -> None:
        self._chain = chain
        self._artifact = artifact
        self.address = address

    def __repr__(self) -> str:
        return f"<{self._artifact.name} at {self.address}>"

    def __getattr__(self, name: str) -> "Function":
        if name.startswith("__"):
            raise AttributeError(name)
        return self.function(name)

    def at(self, artifact: Artifact) -> "Contract":
        """Return what is at this address, as a contract of another ABI."""
        return Contract(self._chain, artifact, self.address)

    def function(self, name: str, inputs: int | None = None) -> "Function":
        """Return the function of this name, with so many arguments where there are several.

        Raises:
            AttributeError: there is none, or it is not clear which.
        """
        known = self._artifact.functions(self._chain.renamed(name))
        fitting = [entry for entry in known if inputs is None or len(entry.get("inputs", ())) == inputs]
        if len(fitting) != 1:
            raise AttributeError(f"{self._artifact.name} has {len(fitting) or 'no'} functions called {name}")
        return Function(self._chain, self, self._artifact, fitting[0])


class Function:
    """One function of a deployed contract."""

    def __init__(self, chain: Chain, contract: Contract, artifact: Artifact, entry: Mapping[str, Any]) -> None:
        self._chain = chain
        self._contract = contract
        self._artifact = artifact
        self._entry = entry
        self.name = str(entry.get("name"))

    @property
    def to(self) -> str:
        """The address of its contract."""
        return self._contract.address

    @property
    def is_view(self) -> bool:
        """Whether it changes nothing."""
        return self._entry.get("stateMutability") in ("view", "pure")

    def data(self, *arguments: object) -> bytes:
        """Return the bytes of a call of it.

        Raises:
            TypeError: an argument does not fit.
        """
        inputs = self._entry.get("inputs", ())
        signature = f"{self.name}({','.join(map(_canonical, inputs))})"
        return self._artifact.selectors[signature] + _encoded(inputs, arguments, self.name)

    def __call__(self, *arguments: object, sender: Account | None = None, value: int = 0) -> Any:
        outcome = self.outcome(*arguments, sender=sender, value=value)
        if not outcome.ok:
            raise Reverted(f"{self._artifact.name}.{self.name}: {words_of(outcome)}")
        if not self.is_view:
            self._chain.called.add((self._artifact.name, self.name))
        return _returned(self._entry.get("outputs", ()), outcome.output)

    def outcome(self, *arguments: object, sender: Account | None = None, value: int = 0) -> CallOutcome:
        """Call it and return what came of it, whatever that is."""
        data = self.data(*arguments)
        if self.is_view:
            return self._chain.view(self._contract.address, data, sender)
        if sender is None:
            raise TypeError(f"{self.name} changes the chain: say who calls it, with sender=")
        return self._chain.transact(sender, self._contract.address, data, value)


def _encoded(inputs: Sequence[Mapping[str, Any]], arguments: Sequence[object], called: str) -> bytes:
    try:
        return abi.encode(inputs, [_plain(each) for each in arguments])
    except ValueFault as fault:
        raise TypeError(f"{called}: {fault}") from None


def _canonical(kind: Mapping[str, Any]) -> str:
    name = str(kind["type"])
    if name.startswith("tuple"):
        return f"({','.join(map(_canonical, kind['components']))}){name[5:]}"
    return name


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (int, str, bytes)):
        return value
    return getattr(value, "address", value)


def _returned(outputs: Sequence[Mapping[str, Any]], data: bytes) -> Any:
    """Return what a function returned; bytes that are not what its ABI says are as good as a revert."""
    try:
        values = abi.decode(outputs, data)
    except ValueFault as fault:
        raise Reverted(f"what came back is {fault}") from None
    return values[0] if len(values) == 1 else (values or None)
