"""Bring a program of one's own and run it.

attack: E10 run machine code that no Python is
guard: Tmpfs noexec
ending: exited
"""

import os
import shutil
import subprocess
import sys

shutil.copy(os.path.realpath(sys.executable), "/tmp/program")
os.chmod("/tmp/program", 0o755)
try:
    subprocess.run(["/tmp/program", "-c", "pass"], check=False)
except OSError:
    print("held")
else:
    print("PWNED")
