"""Print bytes that grow sixfold when a log spells them out.

attack: H08 multiply output in logs and in junit
guard: LogConfig, output_bytes
ending: too_loud or timed_out
"""

import os

while True:
    os.write(1, b"\x01" * 65536)
