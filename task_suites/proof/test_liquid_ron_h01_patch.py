"""Liquid Ron H-01 (ScaBench, code4rena_liquid-ron_2025_03) by execution: mend it.

Harvesting notes the operator's cut of the rewards but leaves it in the balance that backs the shares.
"""

from bitsec_eval import PATCH_PROMPT, Task

TELLING = """
    LiquidRon IStakePool NotOperator Refused WHOLE OFFSET
    totalAssets convertToShares convertToAssets deposit requestExit leave harvest fetchOperatorFee stakeIdle
    setOperatorFee setOperator _cut _receive _send stake unstake claim staked pending
    asset pool operatorFee operatorFeeAmount reserved leaving assets shares rewards held
"""

TASK = Task(
    prompt=PATCH_PROMPT
    + """
The project pools stakes behind shares; its operator gets a cut of the rewards.
Somebody who comes before a harvest and leaves behind it gets what is the operator's due, at the others' cost.
""",
    answer="patch",
    compiler="0.8.30",
    workspace="../scabench/liquid_ron_h01/a",
    twin="../scabench/liquid_ron_h01/b",
    scenario="liquid_ron_h01/chain",
    rename=TELLING.split(),
)


def test_the_operators_due_is_nobody_elses(patch):
    assert patch.accepted
