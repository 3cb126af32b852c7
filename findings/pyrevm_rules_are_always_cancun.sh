#!/usr/bin/env bash
# Guess: EVM(spec_id=...) chooses the fork whose rules hold, and a name that is no fork is an error.
# What happens: pyrevm takes any text and always plays by Cancun's rules: an EVM made for "SHANGHAI" runs MCOPY, one made
# for "OSAKA" does not know CLZ, and so does one made for "NO SUCH FORK".
# Why our users care: a contract that is compiled for another fork than the engine plays gets a verdict that no chain would
# give. Compile for Cancun and refuse sources that ask for more.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyrevm==0.3.7

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
from importlib.metadata import version

from pyrevm import EVM

SENDER = "0x" + "22" * 20
# Creation codes that use one new operation each and leave an empty contract.
CODES = {"MCOPY (Cancun)": "6000600060005e60006000f3", "CLZ (Osaka)": "60011e5060006000f3"}


def outcome(fork: str, code: str) -> str:
    evm = EVM(spec_id=fork)
    evm.set_balance(SENDER, 10**18)
    try:
        evm.deploy(SENDER, bytes.fromhex(code), gas=1_000_000)
    except RuntimeError as error:
        return "OpcodeNotFound" if "OpcodeNotFound" in str(error) else str(error)
    return "runs"


print("pyrevm", version("pyrevm"))
for fork in ("SHANGHAI", "CANCUN", "OSAKA", "NO SUCH FORK"):
    print(fork + ":", ", ".join(f"{name} {outcome(fork, code)}" for name, code in CODES.items()))
PY
for fork in SHANGHAI CANCUN OSAKA "NO SUCH FORK"; do
  grep -qx "$fork: MCOPY (Cancun) runs, CLZ (Osaka) OpcodeNotFound" "$folder/seen"
done
