"""Print the standard modules that can really be imported here, one a line; fed to `python3 -I -` in a container."""

import contextlib
import importlib
import io
import sys


def can_import(name: str) -> bool:
    """Whether importing the module works; what it prints meanwhile (`this` does) is dropped."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 - whatever stops an import makes the module unusable
            return False
    return True


if __name__ == "__main__":
    for name in sorted(sys.stdlib_module_names):
        if can_import(name):
            print(name)  # noqa: T201 - the output is the result
