"""Every function and method returns the empty value of the type that the prompt says it returns."""

import re
import sys

returns = dict(re.findall(r"(\w+)\(.*\)\s*-> (\w+)", sys.argv[-1]))

print(f"""
import builtins

RETURNS = {returns!r}

class Empty:
    def __init__(self, *args):
        pass

    def __getattr__(self, name):
        return lambda *args: getattr(builtins, RETURNS[name])() if name in RETURNS else None

def __getattr__(name):
    return Empty if name[0].isupper() else getattr(Empty(), name)
""")
