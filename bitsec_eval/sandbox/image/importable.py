"""Print the standard modules that can really be imported here, one a line; fed to `python3 -I -` in a container.

Each import happens in a process of its own: some print, and one opens a browser.
"""

import importlib
import os
import sys


def can_import(name: str) -> bool:
    """Whether a fresh child process imports the module without an exception."""
    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001 - whatever stops an import makes the module unusable
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    for name in sorted(sys.stdlib_module_names):
        if can_import(name):
            print(name)  # noqa: T201 - the output is the result
