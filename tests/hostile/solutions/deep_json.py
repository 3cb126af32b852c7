"""Reply with a hundred thousand brackets.

attack: P04 exhaust the reader's stack
guard: a depth is checked, and RecursionError is caught
reason: the sandbox sent
"""

import gc
import sys


def reverse_string(s):
    main = sys.modules["__main__"]
    worker = next(each for each in gc.get_objects() if type(each).__name__ == "Worker")
    type(worker).send = lambda self, reply: main.send(self.replies, "V", b"[" * 100_000)
    return s
