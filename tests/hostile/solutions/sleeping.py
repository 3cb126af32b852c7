"""Never return.

attack: H10 keep the host waiting
guard: call_timeout
reason: took longer than
"""

import time


def reverse_string(s):
    time.sleep(1000)
