"""Reply with NaN and infinities, which no JSON holds and Python's reader takes.

attack: P06 have a value that equals nothing, not even itself
guard: constants are refused
reason: the sandbox sent NaN in a message
"""

import gc
import sys


def reverse_string(s):
    main = sys.modules["__main__"]
    worker = next(each for each in gc.get_objects() if type(each).__name__ == "Worker")
    text = '{"id":"%s","value":["f",NaN]}'
    type(worker).send = lambda self, reply: main.send(self.replies, "V", (text % reply["id"]).encode())
    return s
