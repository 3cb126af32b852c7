"""Send sequences that rename a window, fill a clipboard, erase lines and turn text around.

attack: T01 deceive whoever watches
guard: printable()
ending: exited
"""

import sys

TEXT = "\x1b]0;pwn\x07\x1b]52;c;cHdu\x07\x1b[2J\x1b[1A\x1b[2K\x9b31m\u202eDESSAP\u2066\x08\x7f\r\n"
sys.stdout.write(TEXT)
sys.stderr.write(TEXT)
sys.exit(TEXT)
