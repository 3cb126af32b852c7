"""Read one's place among the machine's control groups, which names the container.

attack: P14 learn an identity that others can be told by
guard: CgroupnsMode
ending: exited
"""

with open("/proc/self/cgroup") as file:
    places = [line.strip().rsplit(":", 1)[1] for line in file]
print("PWNED" if any(len(place) > 20 for place in places) else "held")
