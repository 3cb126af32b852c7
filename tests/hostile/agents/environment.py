"""Look for the validator's keys.

attack: E01 steal secrets
guard: Env
ending: exited
"""

import os

with open("/proc/self/environ") as file:
    started_with = {entry.split("=")[0] for entry in file.read().split("\0") if entry}
known = {"PATH", "HOME", "LANG", "TMPDIR", "LC_CTYPE", "HOSTNAME", "TZ", "PYTHONHASHSEED"}
odd = {
    name
    for name in started_with | set(os.environ)
    if name not in known and not name.startswith(("OPENAI", "INFERENCE", "ANTHROPIC"))
}
print("PWNED" if odd or "tsuj-yek-a"[::-1] in str(os.environ) else "held")
