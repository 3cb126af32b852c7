"""Keep eight processes busy.

attack: H18 slow neighbours down until they are late
guard: NanoCpus
ending: timed_out
"""

import os

for _ in range(3):
    os.fork()
while True:
    pass
