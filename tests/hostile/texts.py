"""A thousand texts that a terminal, an XML parser, a JSON reader or a browser might take for more than text."""

import random

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
INVISIBLE = [
    chr(code)
    for first, last in ((0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFFF0, 0xFFFF), (0xE0001, 0xE007F))
    for code in range(first, last + 1)
] + ["\xad", "\u061c", "\u180e", "\ufeff", "\ud800", "\udfff", "\U0001fffe", "\U0010ffff", "\ufdd0"]
SEQUENCES = [
    "\x1b[31mPASSED\x1b[0m", "\x1b]0;pwn\x07", "\x1b]52;c;cHdu\x07", "\x1b[2J\x1b[H", "\x9b31m", "\x1b[1A\x1b[2K", "\x1bc",
    "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "\x1bP1$r\x1b\\", "\x1b[6n", "\x0e\x0f", "a\rb", "a\x08\x08b", "\x05",
]  # fmt: skip
MARKUP = [
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "'\"><svg onload=alert(1)>", "javascript:alert(1)",
    "<a href='data:text/html,x'>", "<iframe srcdoc='x'>", "{{7*7}}", "{% raw %}", "${7*7}", "<style>*{display:none}</style>",
    "]]><testcase name='x'/>", "<!--", "-->", "<![CDATA[", "&lt;script&gt;", "&#0;", "&xxe;", "<?xml version='1.0'?>",
    "</failure></testcase>", '" onmouseover="x', "\u2028alert(1)", "</title>", "<base href=//evil>", "<math><mi xlink:href>",
]  # fmt: skip
FORGED = [
    "x\n[INFO] agent b scored 0", "1 passed in 0.01s", "\n=== 99 passed ===\n", "PASSED [100%]", "=cmd|'/c calc'!A0", "@SUM(1)",
    "| a | b |\n|---|---|", "a\tb", "%s%n%x", "{0.__class__}", "\\x1b[31m", "\\u202e", "C:\\nul", "../../etc/passwd", "",
    " ", "\u00e9", "e\u0301" * 50, "\u0433\u0440\u0438", "\U0001f600", "\u0e01" * 100, "x" * 100_000, "\u202e" * 5000,
]  # fmt: skip


def texts() -> list[str]:
    """Return the corpus: every part alone, inside words, and a thousand in all with mixtures of them."""
    parts = CONTROLS + INVISIBLE + SEQUENCES + MARKUP + FORGED
    found = [*parts, *(f"be{part}fore" for part in CONTROLS + INVISIBLE)]
    chance = random.Random(1000)
    while len(found) < 1000:
        found.append("".join(chance.choices(parts, k=chance.randint(2, 6)))[:2000])
    return found[:1000]
