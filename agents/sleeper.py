"""An agent that thinks for longer than anybody waits."""

import argparse
import time


def main():
    """Read the task and sleep on it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, help="what to do")
    parser.parse_args()
    time.sleep(24 * 3600)
    print("42")


if __name__ == "__main__":
    main()
