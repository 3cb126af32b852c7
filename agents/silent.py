"""An agent that understands its task and has nothing to say."""

import argparse


def main():
    """Read the task and print nothing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, help="what to do")
    parser.parse_args()


if __name__ == "__main__":
    main()
