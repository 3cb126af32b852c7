"""Reply in UTF-16, which Python's reader detects and takes.

attack: P09 get past a check of bytes
guard: a message is ASCII
reason: the sandbox sent a message that is not JSON
"""

import gc
import sys


def reverse_string(s):
    main = sys.modules["__main__"]
    worker = next(each for each in gc.get_objects() if type(each).__name__ == "Worker")
    text = '{"id":"%s","value":["s","x"]}'
    type(worker).send = lambda self, reply: main.send(self.replies, "V", (text % reply["id"]).encode("utf-16"))
    return s
