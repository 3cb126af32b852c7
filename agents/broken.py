"""An agent with a bug: it starts to answer and ends in a traceback."""

import argparse


def solve(task):
    """Return Python source for the first function that the task names."""
    signatures = [line for line in task.splitlines() if line.startswith("def ")]
    return f"{signatures[0]}:\n    return None\n"


def main():
    """Read the task and fail at it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, help="what to do")
    task = parser.parse_args().task
    print("# one moment, please")
    print(solve(task))


if __name__ == "__main__":
    main()
