"""What of a patch is its author's own."""

import json

from bitsec_eval.core.proof.answer import changed_text

FILES = {"src/A.sol": "contract A {\n    uint a;\n}", "src/B.sol": "contract B {}\n"}


def test_of_whole_files_only_lines_that_are_new_count():
    patch = json.dumps({"src/A.sol": "contract A {\n    uint a;\n    uint b;\n}"})

    assert changed_text(patch, FILES) == "    uint b;"
    assert changed_text(f"so:\n```json\n{patch}\n```\n", FILES) == "    uint b;"


def test_of_a_diff_its_added_lines_count():
    diff = "--- a/src/A.sol\n+++ b/src/A.sol\n@@ -1,3 +1,3 @@\n contract A {\n-    uint a;\n+    uint b;\n }\n"

    assert changed_text(diff, FILES) == "    uint b;"


def test_two_that_change_the_same_are_alike_whatever_else_they_print():
    whole = json.dumps({"src/A.sol": "contract A {\n    uint b;\n}"})
    more = json.dumps({"src/A.sol": "contract A {\n    uint b;\n}", "src/B.sol": "contract B {}\n"})

    assert changed_text(whole, FILES) == changed_text(more, FILES)


def test_what_is_no_patch_counts_as_it_is():
    assert changed_text("no idea", FILES) == "no idea"
    assert changed_text('{"src/A.sol": 1}', FILES) == '{"src/A.sol": 1}'
    assert changed_text("", FILES) == ""
