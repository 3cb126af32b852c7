"""Answers with its own prompt."""

import sys

print(sys.argv[-1])
