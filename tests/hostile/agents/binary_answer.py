"""Print every byte there is, and no text.

attack: P09 break whoever decodes the answer
guard: the answer is bytes until it has parsed
ending: exited
"""

import os

os.write(1, bytes(range(256)) * 64)
