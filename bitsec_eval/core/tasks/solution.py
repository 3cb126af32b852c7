"""The type of the fixture `solution`, for task authors who annotate their checks."""

from typing import Any, Protocol


class Solution(Protocol):
    """The agent's code: every name it defines is an attribute, and functions take and return plain values.

    Calls run in the solution's sandbox; what comes back is data, so its type is whatever the task asked for.
    """

    def __getattr__(self, name: str) -> Any: ...
