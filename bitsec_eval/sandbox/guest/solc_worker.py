"""Loaded in a sandbox like a code answer: keeps one compiler process, and hands the host what that says.

The host puts `PROGRAM`, the text of solc.js, in front of this. Nothing here is trusted by the host.
"""

import struct
import subprocess

PART_CHARACTERS = 1 << 18
MOST_BYTES = 24 << 20

compiler = None
output = ""


def start(versions):
    """Start the compiler's process with these versions loaded; returns once it is ready."""
    global compiler
    with open("/tmp/solc.js", "w") as file:
        file.write(PROGRAM)  # noqa: F821 - set by the host
    command = ["/opt/node/bin/node", "--no-warnings", "--v8-pool-size=1", "/tmp/solc.js"] + list(versions)
    environment = {"LD_LIBRARY_PATH": "/opt/lib"}
    compiler = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    return receive()


def translate(version, text):
    """Compile standard JSON; returns how many parts the output has, or None where the compiler's process died."""
    global output
    payload = version.encode() + b"\0" + text.encode()
    try:
        compiler.stdin.write(struct.pack(">I", len(payload)) + payload)
        compiler.stdin.flush()
        output = receive()
    except (OSError, EOFError):
        return None
    return -(-len(output) // PART_CHARACTERS)


def part(index):
    """Return one part of the last output."""
    return output[index * PART_CHARACTERS : (index + 1) * PART_CHARACTERS]


def receive():
    size = struct.unpack(">I", take(4))[0]
    if size > MOST_BYTES:
        raise EOFError
    return take(size).decode()


def take(count):
    taken = compiler.stdout.read(count)
    if len(taken) < count:
        raise EOFError
    return taken
