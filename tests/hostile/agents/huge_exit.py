"""End with a number that is no status.

attack: P16 confuse whoever reads the status
guard: a status is a number from 0 to 255
ending: exited
"""

import sys

sys.exit(1 << 70)
