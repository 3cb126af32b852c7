"""Agent names: safe as a file, a test id, a path and a line on a board."""

import re

_NAME = re.compile(r"\A[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?\Z")
_WINDOWS = re.compile(r"\A(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\Z")
_PYTEST = re.compile(r"\A(?:conftest|test_.*|.*_test)\Z")
"""pytest would take a file of such a name for code of its own."""

NAME_RULE = "1 to 64 of a-z, 0-9, _ and -, beginning and ending with a letter or digit, and no name pytest imports"


def is_agent_name(text: str) -> bool:
    """Whether `text` may name an agent.

    >>> is_agent_name("careful"), is_agent_name("../careful"), is_agent_name("conftest")
    (True, False, False)
    """
    return bool(_NAME.match(text)) and not _WINDOWS.match(text) and not _PYTEST.match(text)
