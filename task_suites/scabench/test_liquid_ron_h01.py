"""Liquid Ron H-01 (ScaBench, code4rena_liquid-ron_2025_03) in a project of our own.

Harvesting notes the operator's cut of the rewards but leaves it in the balance that backs the shares.
So who deposits before the cut is collected pays for assets that are about to leave.
In the twin the shares' worth is net of the cut; all else is the same.
"""

import pytest

from bitsec_eval import AUDIT_PROMPT, POC_PROMPT, ExpectedFinding, Task, compare

TELLING = """
    LiquidRon IStakePool NotOperator Refused WHOLE OFFSET
    totalAssets convertToShares convertToAssets deposit requestExit leave harvest fetchOperatorFee stakeIdle
    setOperatorFee setOperator _cut _receive _send stake unstake claim staked pending
    asset pool operatorFee operatorFeeAmount reserved leaving assets shares rewards held owed
    _debts idle atWork worthOf operatorShare topUp
"""

TASK = Task(
    prompt=AUDIT_PROMPT + POC_PROMPT,
    workspace="liquid_ron_h01/a",
    twin="liquid_ron_h01/b",
    variants="liquid_ron_h01/variants.json",
    compiler="0.8.30",
    scenario="../proof/liquid_ron_h01/chain",
    rename=TELLING.split(),
)

EXPECTED_FINDING = ExpectedFinding(
    file="src/LiquidRon.sol",
    contract="LiquidRon",
    function="totalAssets",
    also=("harvest", "fetchOperatorFee", "_debts"),
    kinds=("accounting",),
    mentions=("fee", "cut", "commission", "liabilit", "owed to the operator"),
    neighbours=(
        *("convertToShares", "convertToAssets", "deposit", "requestExit", "leave", "stakeIdle", "unstake"),
        *("idle", "atWork", "worthOf", "operatorShare", "topUp"),
        *("setOperatorFee", "setOperator", "_cut", "_receive", "_send"),
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
