"""The testcases of a junit file as pytest writes them, found by one pattern: three times as fast as a parser.

Only a stretch that consists of such testcases and of nothing else is taken; whatever looks different is left to the
XML parser. Every tag begins with "<", which is nothing else in XML without comments and CDATA, so their number tells
whether the pattern has met all of them.
"""

import re
from collections.abc import Sequence

TAGS_PASSED, TAGS_FAILED = 6, 8

_TESTCASE = re.compile(
    rb'<testcase [^>]*><properties><property name="bitsec\.run" value="([^"]*)" ?/>'
    rb'<property name="bitsec\.check" value="([^"]*)" ?/></properties>'
    rb"(?:</testcase>|<(failure|error|skipped)(?: [^>]*)?(?:/>|>[^<]*</\3>)</testcase>)"
)
_ENTITY = re.compile(r"&(?:(quot|amp|lt|gt|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));|&")
_NAMED = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}

END = b"</testcase>"

Testcase = tuple[bytes, bytes, bytes]
"""bitsec.run and bitsec.check as they are written, and the name of the element that tells of a failure."""


def scanned(stretch: bytes) -> Sequence[Testcase] | None:
    """Return the testcases of `stretch`, which ends with END, or None where it holds anything else."""
    found: list[Testcase] = _TESTCASE.findall(stretch)
    failed = sum([1 for testcase in found if testcase[2]])
    tags = TAGS_PASSED * len(found) + (TAGS_FAILED - TAGS_PASSED) * failed
    tags -= stretch.count(b"/></testcase>")  # a failure without a text is one tag
    if stretch.count(b"<") != tags:
        return None
    return found


def text_of(value: bytes) -> str:
    """Return the text of an attribute.

    Raises: ValueError where it is no XML text.
    """
    text = value.decode("utf-8").replace("&quot;", '"')
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: "re.Match[str]") -> str:
    name, decimal, hexadecimal = entity.groups()
    if name:
        return _NAMED[name]
    if decimal or hexadecimal:
        return chr(int(decimal) if decimal else int(hexadecimal, 16))
    raise ValueError("an & that begins no entity")
