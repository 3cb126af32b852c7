"""An agent in a hurry: it writes down the first thing that comes to mind and never reads the small print.

It looks for names it knows in the task, prints a short function for each and stops there.
What the task says about edge cases, limits and exceptions it has not read, so about half of it is right.
"""

import argparse
import re

FIRST_THOUGHTS = {
    "reverse_string": """
def reverse_string(s):
    return "".join(reversed(s.strip()))
""",
    "slugify": """
def slugify(title, limit=40):
    return "-".join(title.lower().replace(",", "").split())[:limit]
""",
    "parse_duration": """
import re

def parse_duration(text):
    seconds = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(int(number) * seconds[unit] for number, unit in re.findall("([0-9]+)([wdhms])", text))
""",
    "merge": """
def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
""",
    "build_order": """
def build_order(needs):
    order = []
    def build(name):
        for needed in sorted(needs.get(name, ())):
            build(needed)
        if name not in order:
            order.append(name)
    for name in sorted(needs):
        build(name)
    return order
""",
    "LRUCache": """
class LRUCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self.stored = {}

    def get(self, key, default=None):
        return self.stored.get(key, default)

    def put(self, key, value):
        self.stored[key] = value
        if len(self.stored) > self.capacity:
            oldest = next(iter(self.stored))
            return oldest, self.stored.pop(oldest)

    def keys(self):
        return list(self.stored)
""",
    "transfer": """
def transfer(balances, source, target, amount):
    balances[source] -= amount
    balances[target] += amount
    return balances
""",
    "fit_line": """
import statistics

def fit_line(points):
    xs, ys = zip(*points)
    slope, intercept = statistics.linear_regression(xs, ys)
    return slope, intercept, statistics.correlation(xs, ys) ** 2
""",
    "encode": """
def encode(items):
    return b"".join(b"%d:%b," % (len(item), item) for item in items)

def decode(data):
    items = []
    while b":" in data:
        length, rest = data.split(b":", 1)
        items.append(rest[:int(length)])
        data = rest[int(length) + 1:]
    return items, data
""",
    "circles": """
def circles(pairs):
    found = []
    for pair in map(set, pairs):
        joined = pair.union(*(circle for circle in found if circle & pair))
        found = [circle for circle in found if not circle & pair] + [joined]
    return {frozenset(circle) for circle in found}
""",
    "evaluate": """
def evaluate(text, names):
    return eval(text.replace("^", "**").replace("/", "//"), {}, names)
""",
    "diff": """
import difflib

def diff(old, new):
    return [(line[0], line[2:]) for line in difflib.ndiff(old, new) if line[0] != "?"]
""",
}


def solve(task):
    """Return source for the names in the task that ring a bell."""
    names = re.findall(r"\b(\w+)\(", task)
    return "\n".join(FIRST_THOUGHTS.get(name, "") for name in dict.fromkeys(names))


def main():
    """Read the task and print the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, help="what to do")
    print(solve(parser.parse_args().task))


if __name__ == "__main__":
    main()
