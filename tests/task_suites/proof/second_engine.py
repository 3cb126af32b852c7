"""A second EVM, of other authors and in another language: py-evm, every transaction a transaction of its own.

There each transaction raises its sender's nonce, empties transient storage and makes every slot cold again, as on a
chain; so a verdict that holds on both engines comes from no peculiarity of one.
"""

from collections.abc import Sequence
from typing import Any

from recursion import kept_recursion_limit

with kept_recursion_limit():
    # py-evm raises the limit for the whole process, in which deep JSON must end in a RecursionError.
    from eth.abc import StateAPI
    from eth.chains.base import MiningChain
    from eth.db.atomic import AtomicDB
    from eth.vm.forks.cancun import CancunVM
    from eth.vm.spoof import SpoofTransaction
    from eth_utils import to_canonical_address


class _Chain:
    """One chain; `move` changes the block and keeps the state."""

    def __init__(self, block: int, timestamp: int) -> None:
        cls = MiningChain.configure("Second", vm_configuration=((0, CancunVM),), chain_id=1)
        header = {"difficulty": 0, "gas_limit": 30_000_000, "timestamp": 1}
        self._chain = cls.from_genesis(AtomicDB(), {**header}, {})
        self._vm = self._chain.get_vm()
        self.state: StateAPI = self._vm.state
        self.snapshots: list[Any] = []
        self.viewing = False
        self.move(block, timestamp)

    def move(self, block: int, timestamp: int) -> bool:
        context = self.state.execution_context
        context._block_number, context._timestamp, context._base_fee_per_gas = block, timestamp, 0
        return True

    def transact(self, sender: str, to: bytes, data: bytes, value: int, gas: int) -> dict[str, Any]:
        caller = to_canonical_address(sender)
        state = self.state
        if not self.snapshots and not self.viewing:
            state.lock_changes()  # as between two transactions of a block
        transaction = self._vm.create_unsigned_transaction(
            nonce=state.get_nonce(caller), gas_price=0, gas=gas, to=to, value=value, data=data
        )
        try:
            computation = state.apply_transaction(SpoofTransaction(transaction, from_=caller))
        except Exception as error:  # noqa: BLE001 - refused before it ran
            return {"ok": False, "output": b"", "reason": f"{error}", "gas": 0, "logs": []}
        ok = computation.is_success
        output = bytes(computation.output)
        reverted = f"Revert {{ gas_used: 0, output: 0x{output.hex()} }}"
        address = f"0x{computation.msg.storage_address.hex()}" if ok and not to else ""
        told = {"ok": ok, "output": b"" if not to or not ok else output, "gas": computation.get_gas_used()}
        return {**told, "reason": "" if ok else reverted, "logs": [], "address": address}

    def view(self, sender: str, to: str, data: bytes, gas: int) -> dict[str, Any]:
        snapshot, self.viewing = self.state.snapshot(), True
        try:
            return self.transact(sender, to_canonical_address(to), data, 0, gas)
        finally:
            self.state.revert(snapshot)
            self.viewing = False

    def revert(self, number: int) -> bool:
        self.state.revert(self.snapshots[number])
        del self.snapshots[number:]
        return True

    def snapshot(self) -> int:
        self.snapshots.append(self.state.snapshot())
        return len(self.snapshots) - 1


class SecondEngine:
    """A `Machine`; see `bitsec_eval.core.proof.machine`."""

    def __init__(self) -> None:
        self._chains: dict[int, _Chain] = {}

    def run(self, steps: Sequence[Sequence[Any]]) -> list[Any]:
        return [getattr(self, f"_{step[0]}")(*step[1:]) for step in steps]

    def _new(self, number: int, block: int, timestamp: int) -> bool:
        self._chains[number] = _Chain(block, timestamp)
        return True

    def _drop(self, number: int) -> bool:
        self._chains.pop(number, None)
        return True

    def _move(self, number: int, block: int, timestamp: int) -> bool:
        return self._chains[number].move(block, timestamp)

    def _deploy(self, number: int, sender: str, code: bytes, value: int, gas: int) -> dict[str, Any]:
        return self._chains[number].transact(sender, b"", code, value, gas)

    def _call(self, number: int, sender: str, to: str, data: bytes, value: int, gas: int) -> dict[str, Any]:
        return self._chains[number].transact(sender, to_canonical_address(to), data, value, gas)

    def _view(self, number: int, sender: str, to: str, data: bytes, gas: int) -> dict[str, Any]:
        return self._chains[number].view(sender, to, data, gas)

    def _fund(self, number: int, address: str, amount: int) -> bool:
        self._chains[number].state.set_balance(to_canonical_address(address), amount)
        return True

    def _balance(self, number: int, address: str) -> int:
        return self._chains[number].state.get_balance(to_canonical_address(address))

    def _storage(self, number: int, address: str, slot: int) -> int:
        return self._chains[number].state.get_storage(to_canonical_address(address), slot)

    def _snapshot(self, number: int) -> int:
        return self._chains[number].snapshot()

    def _revert(self, number: int, snapshot: int) -> bool:
        return self._chains[number].revert(snapshot)
