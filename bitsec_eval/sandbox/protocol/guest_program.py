"""The program of process 1 of every container: a few lines as its command, and the rest through its standard input.

An engine copies a container's command from description to description, and its runtime too, so the command is short.
The rest comes compiled, for a guest with this very Python, and as text for one with another.
"""

import marshal
import struct
from functools import cache
from importlib.resources import files
from importlib.util import MAGIC_NUMBER

START = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import os, marshal
from _frozen_importlib_external import MAGIC_NUMBER
def take(count):
    taken = b""
    while len(taken) < count:
        chunk = os.read(0, count - len(taken))
        if not chunk:
            os._exit(0)
        taken += chunk
    return taken
sizes = take(8)
code = take(int.from_bytes(sizes[:4], "big"))
text = take(int.from_bytes(sizes[4:], "big"))
exec(marshal.loads(code[4:]) if code[:4] == MAGIC_NUMBER else compile(text, "runner.py", "exec"))
"""

COMMAND = ("python3", "-s", "-S", "-B", "-X", "utf8", "-c", START)
"""Not `-I`: the environment is ours, and fixes the seed of hashes."""

PARTS = (
    ("bitsec_eval.core.answers", "fences.py"),
    ("bitsec_eval.core.answers", "reasoning.py"),
    ("bitsec_eval.core.answers", "printed_code.py"),
    ("bitsec_eval.sandbox.guest", "runner.py"),
)
"""The files that make the program, in this order: each may use what those before it define, and imports nothing else
of this project."""

_OURS = b"from bitsec_eval."


@cache
def program(magic: bytes = MAGIC_NUMBER) -> bytes:
    """Return what process 1 reads before anything else: a guest whose Python has another `magic` takes the text."""
    text = program_text()
    code = magic + compiled(text, "runner.py")[1]
    return struct.pack(">II", len(code), len(text)) + code + text


def compiled(text: str | bytes, name: str) -> tuple[bytes, bytes, str | bytes]:
    """Return a guest's program as the number of this Python's bytecode, its code for such a Python, and its text."""
    return MAGIC_NUMBER, marshal.dumps(compile(text, name, "exec", dont_inherit=True)), text


def program_text() -> bytes:
    """Return the source of what process 1 runs: its parts without their imports of one another."""
    texts = (files(package).joinpath(name).read_bytes() for package, name in PARTS)
    return b"\n".join(line for text in texts for line in text.split(b"\n") if not line.startswith(_OURS))
