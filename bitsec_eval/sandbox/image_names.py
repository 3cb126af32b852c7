"""Names of the images of patch and exploit tasks."""

EVM_IMAGE = "bitsec-eval/evm:1"
EVM_ROOT = "evm-rootfs"
"""The folder of its root file system, for an OCI runtime, beside that of the agents' image."""
FOUNDRY_IMAGE = "bitsec-eval/foundry:1"
FOUNDRY_ROOT = "foundry-rootfs"
"""The same of the image of tasks that are judged by a Foundry project's tests."""
FOUNDRY_COMPILERS = ("0.7.6", "0.8.19", "0.8.20", "0.8.24", "0.8.28", "0.8.30")
"""The Solidity compilers of that image, oldest first."""
