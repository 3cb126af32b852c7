"""`python -m bitsec_eval`: see `bitsec_eval.cli`."""

import sys

from bitsec_eval.cli import main

if __name__ == "__main__":
    sys.exit(main())
