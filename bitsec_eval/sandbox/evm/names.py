"""Names of the image of patch and exploit tasks."""

EVM_IMAGE = "bitsec-eval/evm:1"
EVM_ROOT = "evm-rootfs"
"""The folder of its root file system, for an OCI runtime, beside that of the agents' image."""
