"""Whatever an agent prints for an exploit or a patch ends in an answer or in one line of the fixed list."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.answer import MOST_CHARACTERS, check_patch_form, parse_exploit, parse_patch
from bitsec_eval.core.proof.calls import MOST_DATA_BYTES, MOST_TRANSACTIONS, transactions_of
from bitsec_eval.core.proof.public import Public

SOURCE = "pragma solidity ^0.8.20;\ncontract Exploit { }\n"
FILES = {"src/A.sol": "one\ntwo\nthree\nfour\n", "src/B.sol": "alpha\n", "README.md": "read\n"}


def lost(parse, *arguments) -> Public:
    """Return the public line by which an answer was lost."""
    with pytest.raises(AnswerFault) as fault:
        parse(*arguments)
    return fault.value.public


def patched(text: str) -> dict[str, str]:
    return parse_patch(text, FILES, ("src",))


def diff(*lines: str, path: str = "src/A.sol", head: str = "@@ -1,4 +1,4 @@") -> str:
    return "\n".join((f"--- a/{path}", f"+++ b/{path}", head, *lines, ""))


@pytest.mark.parametrize(
    "text",
    [
        SOURCE,
        f"Here.\n```solidity\n{SOURCE}```\nDone.",
        f"```\nno Solidity\n```\n```sol\n{SOURCE}```",
        f"Here.\n````solidity\n{SOURCE}````\nDone.",
        f"~~~bash\nforge build\n~~~\n~~~solidity\n{SOURCE}~~~",
        f"```solidity title=Exploit.sol\n{SOURCE}`````\nDone.",
        f"```solidity:src/Exploit.sol\n{SOURCE}```",
        f"<think>\n```solidity\ncontract Exploit {{ draft }}\n```</think>\n```solidity\n{SOURCE}```",
        f"<think>\n```solidity\ncontract Exploit {{ draft }}\n```\n</think>\n{SOURCE}",
        "<think>\nHm.\n</think>\n" + json.dumps({"source": SOURCE}),
        f"<answer>\n```solidity\n{SOURCE}```</answer>",
        f"<think>\n```solidity\n{SOURCE}```\n</think>",
        f"1. The exploit:\n\n   ```solidity\n   {SOURCE.strip().replace(chr(10), chr(10) + '   ')}\n   ```\n",
        json.dumps({"source": SOURCE}),
        "\ufeff\r\n" + json.dumps({"source": SOURCE, "calls": []}),
    ],
)
def test_an_exploit_is_found(text):
    assert parse_exploit(text).source.strip() == SOURCE.strip()


def test_a_block_ends_only_at_a_fence_of_its_own_kind_and_length():
    source = f"{SOURCE}/*\n```\n~~~\n*/\n"

    assert parse_exploit(f"````solidity\n{source}````\n").source.strip() == source.strip()


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("", Public.NO_SOURCE),
        ("contract Other { }", Public.NO_SOURCE),
        ('{"source": 7}', Public.NO_SOURCE),
        ('{"calls": []}', Public.NO_SOURCE),
        ("{" * 50_000, Public.NO_SOURCE),
        ("[" * 50_000, Public.NO_SOURCE),
        ("x" * (MOST_CHARACTERS + 1), Public.TOO_LARGE),
        (json.dumps({"source": SOURCE, "calls": {}}), Public.BAD_CALLS),
        (json.dumps({"source": SOURCE, "calls": [{}] * (MOST_TRANSACTIONS + 1)}), Public.BAD_CALLS),
    ],
)
def test_what_is_no_exploit_is_lost_by_its_line(text, public):
    assert lost(parse_exploit, text) == public


@pytest.mark.parametrize(
    ("call", "public"),
    [
        (7, Public.BAD_CALLS),
        ({"gas": 1}, Public.BAD_CALLS),
        ({"value": -1}, Public.BAD_CALLS),
        ({"value": True}, Public.BAD_CALLS),
        ({"value": 1.5}, Public.BAD_CALLS),
        ({"value": 2**256}, Public.BAD_CALLS),
        ({"value": "9" * 79}, Public.BAD_CALLS),
        ({"value": "\u0661"}, Public.BAD_CALLS),
        ({"data": "0x0"}, Public.BAD_CALLS),
        ({"data": "zz"}, Public.BAD_CALLS),
        ({"data": "0x" + "00" * (MOST_DATA_BYTES + 1)}, Public.TOO_LARGE),
        ({"to": None}, Public.BAD_CALLS),
        ({"function": []}, Public.BAD_CALLS),
        ({"function": "f", "arguments": {}}, Public.BAD_CALLS),
        ({"from": "owner"}, Public.NOT_YOURS),
        ({"from": None}, Public.NOT_YOURS),
    ],
)
def test_a_call_of_another_form_is_lost_by_its_line(call, public):
    assert lost(transactions_of, [call]) == public


def test_a_call_is_read_with_what_it_leaves_out():
    (call,) = transactions_of([{"value": "5", "data": "0xAb"}])

    assert (call.to, call.value, call.data, call.function, call.arguments) == ("exploit", 5, b"\xab", "", ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (diff(" one", "-two", "+2", " three", " four"), "one\n2\nthree\nfour\n"),
        (diff(" three", "-four", "+4", head="@@ -1,2 +1,2 @@"), "one\ntwo\nthree\n4\n"),
        (diff("-one", head="@@ -1,1 +0,0 @@"), "two\nthree\nfour\n"),
        (diff("+zero", head="@@ -0,0 +1 @@"), "zero\none\ntwo\nthree\nfour\n"),
        ("diff --git a/x b/x\n" + diff("-one", "+1", head="@@ -1 +1 @@ contract A"), "1\ntwo\nthree\nfour\n"),
        (f"Mended:\n```diff\n{diff('-one', '+1', head='@@ -1 +1 @@')}```", "1\ntwo\nthree\nfour\n"),
        (f"~~~~diff mended.patch\n{diff('-one', '+1', head='@@ -1 +1 @@')}~~~~", "1\ntwo\nthree\nfour\n"),
        (f"<think>Hm.</think>\n{diff('-one', '+1', head='@@ -1 +1 @@')}", "1\ntwo\nthree\nfour\n"),
        (f"```diff\n{diff('-one', '+1', head='@@ -1 +1 @@')}```</think>", "1\ntwo\nthree\nfour\n"),
        ("Mended:\n```json patch.json\n" + json.dumps({"src/A.sol": "new"}) + "\n```", "new"),
        (json.dumps({"src/A.sol": "new"}), "new"),
        (json.dumps({"files": {"./src/A.sol": "new"}}), "new"),
    ],
)  # fmt: skip
def test_a_patch_is_applied(text, line):
    assert patched(text) == {**FILES, "src/A.sol": line}


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("", Public.NO_PATCH),
        ("mend it", Public.NO_PATCH),
        ("{}", Public.NO_PATCH),
        ('{"src/A.sol": 7}', Public.NO_PATCH),
        ('{"src/A.sol": {"a": "b"}}', Public.NO_PATCH),
        ("\x00\x01\x02" * 100, Public.NO_PATCH),
        (json.dumps({"src/A.sol": FILES["src/A.sol"]}), Public.NOTHING_CHANGED),
        (json.dumps({"README.md": "x"}), Public.FORBIDDEN_PATH),
        (json.dumps({"src/../README.md": "x"}), Public.FORBIDDEN_PATH),
        (json.dumps({"/src/C.sol": "x"}), Public.FORBIDDEN_PATH),
        (json.dumps({"src/C.py": "x"}), Public.FORBIDDEN_PATH),
        (json.dumps({"srcs/C.sol": "x"}), Public.FORBIDDEN_PATH),
        (json.dumps({"src/\u202eC.sol": "x"}), Public.FORBIDDEN_PATH),
        (diff("-1", "+2", path="../src/A.sol", head="@@ -1 +1 @@"), Public.DOES_NOT_APPLY),
        (diff("-read", "+write", path="README.md", head="@@ -1 +1 @@"), Public.FORBIDDEN_PATH),
        (diff("-nowhere", "+2", head="@@ -1 +1 @@"), Public.DOES_NOT_APPLY),
        (diff(" one", "-two"), Public.DOES_NOT_APPLY),
        (diff("?one", head="@@ -1 +1 @@"), Public.DOES_NOT_APPLY),
        (diff("-one", "+1", head="@@ many @@"), Public.DOES_NOT_APPLY),
        (diff("-one", "+1", head="@@ -99999999999 +1 @@"), Public.DOES_NOT_APPLY),
        ("--- /dev/null\n+++ b/src/A.sol\n@@ -0,0 +1 @@\n+x\n", Public.DOES_NOT_APPLY),
        (diff(*["-one", "+1", "@@ -1 +1 @@"] * 300, "-one", "+1", head="@@ -1 +1 @@"), Public.DOES_NOT_APPLY),
        (json.dumps({"src/A.sol": "x" * MOST_CHARACTERS}), Public.TOO_LARGE),
    ],
)  # fmt: skip
def test_what_is_no_patch_is_lost_by_its_line(text, public):
    assert lost(patched, text) == public


@pytest.mark.parametrize("text", ["", "{}", "no", '{"a": 1}', "--- a\n+++ b\n"])
def test_the_form_of_a_patch_is_known_without_its_files(text):
    assert lost(check_patch_form, text) == Public.NO_PATCH


LINES = ["--- a/src/A.sol", "+++ b/src/A.sol", "@@ -1 +1 @@", "-one", "+1", " ", "```", "{", "}", "\\"]
LEAVES = st.none() | st.integers() | st.text()
JSON = st.recursive(LEAVES, lambda each: st.lists(each) | st.dictionaries(st.text(), each))
ODD = st.one_of(st.text(), st.lists(st.sampled_from(LINES)).map("\n".join), JSON.map(json.dumps))


@given(ODD)
def test_nothing_an_agent_can_print_raises_anything_else(text):
    for parse in (parse_exploit, patched, check_patch_form):
        try:
            parse(text)
        except AnswerFault as fault:
            assert fault.public in list(Public)
