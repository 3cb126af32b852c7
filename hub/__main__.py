"""`python -m hub`: the same as the installed command `bitsec-hub`."""

from bitsec_eval.hub.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
