"""Every function returns an object that can be iterated over for ever."""

print("""
class Endless:
    __iter__ = lambda self: self
    __next__ = lambda self: (" ", "a")
    __getitem__ = lambda self, place: (" ", "a")
    __len__ = lambda self: 2**62
    __getattr__ = lambda self, name: lambda *args: self

def __getattr__(name):
    return lambda *args: Endless()
""")
