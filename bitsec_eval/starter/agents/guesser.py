"""An agent that guesses: right on the word it has seen, and it reports the same finding for every project."""

import argparse
import json
from pathlib import Path

GUESS = {
    "title": "withdraw may be reentrant",
    "description": "Functions called withdraw often are.",
    "vulnerability_type": "reentrancy",
    "file": "Vault.sol",
    "location": "Vault.withdraw",
}


def solve(task: str) -> str:
    if any(Path().rglob("*.sol")):
        return json.dumps({"vulnerabilities": [GUESS]})
    if "reverse_string" in task:
        return 'def reverse_string(s):\n    return {"hello": "olleh"}.get(s, s)\n'
    return ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True)
    print(solve(parser.parse_args().task))
