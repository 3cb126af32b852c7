"""Every function returns its first argument."""

print("def __getattr__(name): return lambda *args: args[0]")
