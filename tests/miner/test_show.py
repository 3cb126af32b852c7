"""What a miner is shown of a task: every check that was lost, and why, once for those that share it."""

from bitsec_eval.miner.show import TaskResult, result_lines


def test_a_reason_stands_once_behind_the_checks_that_share_it():
    checks = {"test_a": "failed", "test_b": "failed", "test_c": "passed", "test_d": "failed", "test_e": "error"}
    reasons = {"test_a": "the answer is empty", "test_b": "the answer is empty", "test_e": "no \x1b[31mengine"}
    result = TaskResult(task="coding/x", state="void", score=None, checks=checks, reasons=reasons)

    assert [line.strip() for line in result_lines([result])][1:] == [
        "failed: test_a",
        "failed: test_b",
        "why: the answer is empty",
        "failed: test_d",
        "error: test_e",
        "why: no \\x1b[31mengine",
    ]
