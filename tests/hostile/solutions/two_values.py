"""Reply with two values under one key, of which readers take the one or the other.

attack: P07 have two readers see two values
guard: a duplicate key is refused
reason: the sandbox sent a duplicate key
"""

import gc
import sys


def reverse_string(s):
    main = sys.modules["__main__"]
    worker = next(each for each in gc.get_objects() if type(each).__name__ == "Worker")
    text = '{"id":"%s","value":["s","a"],"value":["s","b"]}'
    type(worker).send = lambda self, reply: main.send(self.replies, "V", (text % reply["id"]).encode())
    return s
