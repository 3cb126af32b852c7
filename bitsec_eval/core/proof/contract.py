"""Deployed contracts and their functions, called by name as a scenario calls them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof import abi
from bitsec_eval.core.proof.accounts import Account, Reverted
from bitsec_eval.core.proof.build import Artifact
from bitsec_eval.core.proof.machine import CallOutcome
from bitsec_eval.core.proof.reasons import words_of


class Caller(Protocol):
    """The chain that a contract is on; `called` holds (contract, function) of what went through."""

    called: set[tuple[str, str]]

    def view(self, to: str, data: bytes, sender: Account | None = None) -> CallOutcome:
        """Call without changing anything."""

    def transact(self, sender: Account, to: str, data: bytes, value: int = 0) -> CallOutcome:
        """Send a transaction and return what came of it, whatever that is."""

    def renamed(self, name: str) -> str:
        """Return a name of the task's as it is in this run."""


class Contract:
    """A deployed contract: `token.transfer(bob, 5, sender=alice)`; views need no sender.

    A function returns what it returns, alone if that is one value, and raises `Reverted` where it is undone.
    """

    def __init__(self, chain: Caller, artifact: Artifact, address: str) -> None:
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

    def __init__(self, chain: Caller, contract: Contract, artifact: Artifact, entry: Mapping[str, Any]) -> None:
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
        return self._artifact.selectors[signature] + encoded(inputs, arguments, self.name)

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


def encoded(inputs: Sequence[Mapping[str, Any]], arguments: Sequence[object], called: str) -> bytes:
    """Return the bytes of the arguments of what is `called`.

    Raises:
        TypeError: one does not fit.
    """
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
