"""Crestal Network H-01 (ScaBench, sherlock_crestal-network_2025_03) in a project of our own.

The helper that collects payments is public and takes the payer as an argument.
So anyone can spend what every customer has approved to the contract.
In the twin the helper is internal; all else is the same.
"""

import pytest

from bitsec_eval import AUDIT_PROMPT, POC_PROMPT, ExpectedFinding, Task, compare

TELLING = """
    AgentMarket Controlled Payment TokenMover Offer Collected NotAllowed Unaccepted Closed TooMuch MoveFailed
    payWithERC20 _takeIn _useUp _extend rent rentFor rentPrepaid renew prepay takeBack publish close accept sweep
    quote isRunning setTerms setDelegate setAutoRenewLimit handOver setOperator
    payer payee price kept giver tenant commission treasury offers accepted rentedUntil prepaid prepaidTotal
    delegates autoRenewLimit host dailyPrice
    _share _keep support tip gift isDelegate thank prepayFor known sane
"""

TASK = Task(
    prompt=AUDIT_PROMPT + POC_PROMPT,
    workspace="crestal_network_h01/a",
    twin="crestal_network_h01/b",
    variants="crestal_network_h01/variants.json",
    compiler="0.8.30",
    scenario="../proof/crestal_network_h01/chain",
    rename=TELLING.split(),
)

EXPECTED_FINDING = ExpectedFinding(
    file="src/Payment.sol",
    contract="Payment",
    function="payWithERC20",
    kinds=("access-control", "arbitrary-from"),
    neighbours=(
        *("_takeIn", "_useUp", "_extend", "rent", "rentFor", "rentPrepaid", "renew", "prepay", "takeBack"),
        *("publish", "close", "accept", "sweep", "quote", "isRunning"),
        *("_share", "_keep", "support", "tip", "gift", "isDelegate", "thank", "prepayFor"),
        *("setTerms", "setDelegate", "setAutoRenewLimit", "handOver", "setOperator"),
    ),
)


def test_finds_the_place(report, twin_report):
    found = compare(EXPECTED_FINDING, report, twin_report)

    assert found.placed, found.reason


@pytest.mark.weight(3)
def test_says_what_is_wrong_there(report, twin_report):
    found = compare(EXPECTED_FINDING, report, twin_report)

    assert found.matched, found.reason


@pytest.mark.weight(2)
def test_accuses_no_neighbour(report, twin_report):
    found = compare(EXPECTED_FINDING, report, twin_report)

    assert found.matched, found.reason
    assert not found.accused, f"innocent: {', '.join(found.accused)}"


def test_sees_how_grave_it_is(report, twin_report):
    found = compare(EXPECTED_FINDING, report, twin_report)

    assert found.matched, found.reason
    assert found.severity.grave, f"rated {found.severity or 'not at all'}"
