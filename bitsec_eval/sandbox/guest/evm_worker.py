"""Called in a sandbox like a code answer: runs transactions on EVMs of its own and reports plain values.

Process 1 loads it once, and every check has a forked process with it, in which there has been no EVM yet.
A call of the EVM holds the interpreter's lock, so nothing in this process can stop one: every call has a gas limit,
and process 1 can kill this process. Nothing here is trusted by the host.
"""

import _ctypes
import json
import marshal
import sys
from binascii import a2b_base64

for library in ("libdl.so.2", "libpthread.so.0", "librt.so.1"):  # found by name once they are loaded
    _ctypes.dlopen("/opt/lib/" + library, 0x102)
sys.path.insert(0, "/opt/python")

import pyrevm  # noqa: E402 - its libraries come first

MOST_OUTPUT_BYTES = 1 << 16
MOST_LOGS = 32
MOST_REASON = 4096
OUTPUT, ADDRESS = 1, 4  # where they stand in an outcome

machines = {}


def run(steps):
    """Do marshalled steps in order; returns JSON of what came of each. A step is a list: its name, what it needs.

    Of a transaction comes a list: whether it stands, output as hexadecimal, reason, gas, the address of what was
    deployed, and of each log who wrote it and how many bytes. A number is hexadecimal text.
    """
    return json.dumps([STEPS[step[0]](*step[1:]) for step in marshal.loads(a2b_base64(steps))], separators=(",", ":"))


def new(number, block, timestamp):
    """Make a machine without any account; it replaces the one of the same number."""
    machines[number] = EvmMachine(block, timestamp)
    return True


def drop(number):
    machines.pop(number, None)
    return True


class EvmMachine:
    """One chain: a new EVM, its block, and snapshots of it."""

    def __init__(self, block, timestamp):
        self.evm = pyrevm.EVM()
        self.snapshots = []
        self.move(block, timestamp)

    def move(self, block, timestamp):
        # Fields that are not named go back to defaults, and BASEFEE reads 0 whatever is set.
        self.evm.set_block_env(pyrevm.BlockEnv(number=block, timestamp=timestamp, gas_limit=30_000_000))
        return True

    def transact(self, action, gas):
        """Return what came of one transaction; transient storage ends with it, as on a chain."""
        ok, output, reason, used, logs = True, b"", "", 0, []
        try:
            output = action(gas)
        except RuntimeError as error:
            ok, reason = False, str(error)[:MOST_REASON]
        result = self.evm.result
        if result is not None:
            used = result.gas_used
            if ok:
                logs = [[log.address, len(log.data[1])] for log in result.logs[:MOST_LOGS]]
        self.evm.reset_transient_storage()
        return [ok, output, reason, used, "", logs]

    def deploy(self, sender, code, value, gas):
        outcome = self.transact(lambda limit: self.evm.deploy(sender, code, value=value, gas=limit), gas)
        outcome[ADDRESS], outcome[OUTPUT] = outcome[OUTPUT] or "", ""
        return outcome

    def call(self, sender, to, data, value, gas):
        outcome = self.transact(
            lambda limit: self.evm.message_call(sender, to, calldata=data, value=value, gas=limit), gas
        )
        outcome[OUTPUT] = bytes(outcome[OUTPUT])[:MOST_OUTPUT_BYTES].hex()
        return outcome

    def view(self, sender, to, data, gas):
        """A call that changes nothing: what it did is undone."""
        checkpoint = self.evm.snapshot()
        try:
            return self.call(sender, to, data, 0, gas)
        finally:
            self.evm.revert(checkpoint)

    def snapshot(self):
        self.snapshots.append(self.evm.snapshot())
        return len(self.snapshots) - 1

    def revert(self, number):
        """Go back to a snapshot, which is gone with every later one: an inner one left behind would leak."""
        for checkpoint in reversed(self.snapshots[number:]):
            self.evm.revert(checkpoint)
        del self.snapshots[number:]
        return True


STEPS = {
    "new": new,
    "drop": drop,
    "move": lambda number, *rest: machines[number].move(*rest),
    "deploy": lambda number, *rest: machines[number].deploy(*rest),
    "call": lambda number, *rest: machines[number].call(*rest),
    "view": lambda number, *rest: machines[number].view(*rest),
    "fund": lambda number, address, amount: machines[number].evm.set_balance(address, amount) or True,
    "balance": lambda number, address: hex(machines[number].evm.get_balance(address)),
    "storage": lambda number, address, slot: hex(machines[number].evm.storage(address, slot)),
    "snapshot": lambda number: hex(machines[number].snapshot()),
    "revert": lambda number, snapshot: machines[number].revert(snapshot),
}
