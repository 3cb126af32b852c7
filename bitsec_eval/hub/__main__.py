"""`python -m hub`: read the command line and serve."""

import sys

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.hub.server import serve
from bitsec_eval.hub.settings import settings_from


def main() -> int:
    """Run the hub; 4 where a setting cannot be used."""
    try:
        serve(settings_from(sys.argv[1:]))
    except SettingsError as error:
        print(f"hub: {error}", file=sys.stderr)  # noqa: T201 - the operator reads it
        return 4
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
