"""Every function returns its last argument."""

print("def __getattr__(name): return lambda *args: args[-1]")
