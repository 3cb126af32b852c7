"""SecondSwap H-02 (ScaBench, code4rena_secondswap_2025_02) in a project of our own: mend it.

All that is for sale lies in one account, which has claimed as many steps as the first seller had.
So who buys from a seller that has claimed more gets tokens long before they are released.
"""

from bitsec_eval import PATCH_PROMPT, Task

TELLING = """
    StepVesting VestingMarket Grant Lot stepsClaimed claimed perStep total issuer start stepLength steps market
    grants NotAllowed TooMuch Nothing onlyMarket setMarket issue stepsPassed claimable available claim park unpark
    _take _add _spread vesting currency lots seller price open Closed NotSeller Unpaid offer withdraw buy count _close
"""

TASK = Task(
    prompt=PATCH_PROMPT
    + """
The project releases granted tokens in steps, and has a market for what is not released yet.
Somebody who buys there can claim tokens at once that are to be released much later.
""",
    answer="patch",
    compiler="0.8.30",
    workspace="secondswap_h02/a",
    twin="secondswap_h02/b",
    scenario="secondswap_h02/chain",
    rename=TELLING.split(),
)


def test_nothing_is_released_early(patch):
    assert patch.accepted
