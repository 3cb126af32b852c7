"""Answer in UTF-16, which some readers detect and take.

attack: P09 have two readers see two answers
guard: the answer is UTF-8 or nothing
ending: exited
"""

import os

os.write(1, "def reverse_string(s):\n    return s[::-1]\n".encode("utf-16"))
