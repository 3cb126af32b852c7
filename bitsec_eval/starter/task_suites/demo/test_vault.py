"""Find a vulnerability: a findings task. The agent sees `vault`, and later its twin, in which the bug is mended.

Whoever reports the same finding for both has not found it, and every evaluation draws new names for the identifiers
in `rename`, so that no agent can know the answer by heart.
"""

import pytest

from bitsec_eval import AUDIT_PROMPT, ExpectedFinding, Report, Task, compare

TASK = Task(
    prompt=AUDIT_PROMPT,
    workspace="vault",
    twin="vault_mended",
    rename=["Vault", "balances", "deposit", "withdraw"],
    timeout=60,
)

EXPECTED_FINDING = ExpectedFinding(
    file="Vault.sol",
    contract="Vault",
    function="withdraw",
    kinds=("reentrancy",),
    neighbours=("deposit",),
)


def test_finds_the_place(report: Report, twin_report: Report) -> None:
    found = compare(EXPECTED_FINDING, report, twin_report)

    assert found.placed, found.reason


@pytest.mark.weight(2)
def test_says_what_is_wrong_there(report: Report, twin_report: Report) -> None:
    found = compare(EXPECTED_FINDING, report, twin_report)

    assert found.matched, found.reason
