"""Whether the long forms run: BITSEC_LONG=1 repeats attacks and faults, and searches further, for about an hour."""

import os

LONG = bool(os.environ.get("BITSEC_LONG"))
