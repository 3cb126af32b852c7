"""`bitsec-hub`, or `python -m hub`: read the command line and serve."""

import sys
from importlib.util import find_spec

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.support.signals import take_interrupts

WRONG_SETTING_EXIT = 4
NEEDS = {"fastapi": "fastapi", "uvicorn": "uvicorn", "multipart": "python-multipart"}
"""Modules that the extra [hub] brings, and their distributions."""


def main() -> int:
    """Run the hub; 4 where a setting cannot be used."""
    missing = [name for module, name in NEEDS.items() if find_spec(module) is None]
    if missing:
        return _refused(f"{missing[0]} is not installed; run pip install 'bitsec-eval[hub]'")
    from bitsec_eval.hub.server import serve
    from bitsec_eval.hub.settings import settings_from

    try:
        with take_interrupts():
            serve(settings_from(sys.argv[1:]))
    except SettingsError as error:
        return _refused(str(error))
    return 0


def _refused(message: str) -> int:
    print(f"hub: {message}", file=sys.stderr)  # noqa: T201 - the operator reads it
    return WRONG_SETTING_EXIT


if __name__ == "__main__":
    raise SystemExit(main())
