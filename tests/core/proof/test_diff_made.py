"""A diff that is made applies, and gives what it was made of; diffs inside a JSON object are found."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.answer import DIFF_NAMES, parse_patch
from bitsec_eval.core.proof.diff import apply_diff, diff_of

LINE = st.text(st.sampled_from("ab {}+-@\\"), max_size=4).map(str.rstrip)
TEXT = st.lists(LINE, min_size=1, max_size=12).map(lambda lines: "\n".join([*lines, "end", ""]))
FILES = st.dictionaries(st.sampled_from(["src/A.sol", "src/B.sol", "src/c/D.sol"]), TEXT, max_size=3)
BEFORE = {"src/A.sol": "contract A {\n    uint a;\n}\n"}
DIFF = "--- a/src/A.sol\n+++ b/src/A.sol\n@@ -1,3 +1,3 @@\n contract A {\n-    uint a;\n+    uint b;\n }\n"
AFTER = {"src/A.sol": "contract A {\n    uint b;\n}\n"}


@given(before=FILES, after=FILES)
def test_a_diff_that_is_made_gives_what_it_was_made_of(before, after):
    diff = diff_of(before, after)

    assert (apply_diff(diff, before) if diff else before) == after


def test_a_diff_is_written_as_git_writes_it():
    assert diff_of(BEFORE, AFTER) == DIFF


@pytest.mark.parametrize("name", DIFF_NAMES)
@pytest.mark.parametrize("diff", [DIFF, f"Done:\n```diff\n{DIFF}```\n"])
def test_a_diff_may_stand_in_a_json_object_by_its_name(name, diff):
    answer = json.dumps({name: diff, "success": True, "cost": 0.5})

    assert parse_patch(answer, BEFORE, ["src"]) == AFTER


@pytest.mark.parametrize("answer", [{"patch": 7}, {"patch": "no diff"}, {"result": DIFF}, {"patch": {"a": DIFF}}])
def test_what_is_no_diff_there_is_no_patch(answer):
    with pytest.raises(AnswerFault):
        parse_patch(json.dumps(answer), BEFORE, ["src"])
