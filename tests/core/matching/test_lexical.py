"""The lexical matcher: the same fault in other words is found, and nothing near it is."""

from dataclasses import replace

import pytest

from bitsec_eval.core.matching.evidence import evidence_of
from bitsec_eval.core.matching.lexical import Curve, LexicalMatcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.scabench.injections import FAMILIES, PLACES

REENTRANCY = Finding(
    title="Depositors can drain the Vault by re-entering withdrawAll",
    description="Submitted by\nalice\n, also found by\nbob\n\nhttps://github.com/x/y/blob/main/src/Vault.sol#L44\n\n"
    "withdrawAll() sends ether to the caller before it clears balances[msg.sender]. A contract can re-enter in its"
    " receive function and withdraw the same balance again, draining what other depositors own.",
    severity="high",
)
FEES = Finding(
    title="Anyone can set the fee collector",
    description="setCollector() of FeeRegistry lacks an owner check, so that an attacker redirects all trading fees.",
    severity="medium",
)
STALE = Finding(
    title="Loans are quoted at stale prices",
    description="quoteCollateral() in LoanDesk ignores the age of the oracle's round: bad debt builds up in a crash.",
    severity="high",
)
EXPECTED = (REENTRANCY, FEES, STALE)

SEEN_REENTRANCY = Finding(
    title="Reentrancy in withdrawAll lets an attacker drain the vault",
    description="In withdrawAll() ether is sent with a low-level call before the caller's balance is cleared, so a"
    " malicious contract re-enters from receive() and drains other depositors.",
    severity="critical",
    vulnerability_type="reentrancy",
    file="Vault.sol",
    location="withdrawAll()",
)
SEEN_FEES = Finding(
    title="Missing access control on setCollector",
    description="setCollector() can be called by anyone: there is no owner check; trading fees go to the attacker.",
    severity="high",
    file="src/FeeRegistry.sol",
    location="FeeRegistry.setCollector",
)


def verdicts(reported, expected=EXPECTED):
    return [decision.verdict for decision in LexicalMatcher().match(expected, reported)]


def test_the_same_fault_in_other_words_is_matched_whatever_the_order():
    assert verdicts([SEEN_REENTRANCY, SEEN_FEES]) == ["match", "match", "none"]
    assert [d.reported for d in LexicalMatcher().match(EXPECTED, [SEEN_FEES, SEEN_REENTRANCY])] == [1, 0, None]


def test_nothing_reported_matches_nothing():
    assert verdicts([]) == ["none"] * 3
    assert LexicalMatcher().match(EXPECTED, [])[0].reason == "nothing was reported"


def test_nothing_expected_gives_no_decision():
    assert LexicalMatcher().match((), [SEEN_FEES]) == ()


def test_one_finding_is_credited_once():
    twin = replace(REENTRANCY, title="withdrawAll can be re-entered and drains the Vault")
    decisions = LexicalMatcher().match((REENTRANCY, twin), [SEEN_REENTRANCY])

    assert sorted(decision.verdict for decision in decisions) == ["match", "none"]
    (missed,) = (decision for decision in decisions if decision.verdict == "none")
    assert f"it is credited to expected finding {1 - missed.expected}" in missed.reason


def test_the_same_words_about_another_function_are_another_fault():
    moved = replace(
        SEEN_REENTRANCY,
        title=SEEN_REENTRANCY.title.replace("withdrawAll", "claimRewards"),
        description=SEEN_REENTRANCY.description.replace("withdrawAll", "claimRewards"),
        location="claimRewards()",
    )

    assert verdicts([moved]) == ["none"] * 3
    assert "but another place" in LexicalMatcher().match(EXPECTED, [moved])[0].reason


def test_the_right_function_with_another_fault_is_no_match():
    other = Finding(
        title="withdrawAll emits no event",
        description="withdrawAll() emits nothing, so indexers must read traces to follow it.",
        file="Vault.sol",
        location="withdrawAll()",
    )

    assert "match" not in verdicts([other])


def test_a_finding_that_names_no_place_matches_nothing():
    vague = Finding(title="Reentrancy may exist everywhere", description="Ether may be re-entered and drained.")

    assert verdicts([vague]) == ["none"] * 3


def test_names_of_finders_and_links_weigh_nothing():
    bare = replace(REENTRANCY, description=REENTRANCY.description.split("#L44")[1])
    dressed = evidence_of(EXPECTED, [SEEN_REENTRANCY])[0][0].words

    assert evidence_of((bare, FEES, STALE), [SEEN_REENTRANCY])[0][0].words == pytest.approx(dressed, abs=0.06)
    assert verdicts([Finding(title="alice, also found by bob", description="Submitted by alice")]) == ["none"] * 3


def test_what_else_is_reported_changes_nothing_about_a_pair():
    alone = LexicalMatcher().match(EXPECTED, [SEEN_REENTRANCY])[0]
    noise = [
        Finding(title=f"Fault {n}", description="drain receive vault " * 50, location=f"f{n}()") for n in range(60)
    ]
    among = LexicalMatcher().match(EXPECTED, [SEEN_REENTRANCY, *noise])[0]

    assert among == alone


def test_identifiers_that_a_scraper_broke_up_are_still_names():
    broken = replace(
        FEES,
        title="Anyone can set Collector",
        description="set Collector () of Fee Registry lacks an owner check: an attacker redirects trading fees.",
    )

    assert verdicts([SEEN_FEES], (REENTRANCY, broken, STALE))[1] == "match"


def test_a_list_of_files_and_a_path_with_a_line_are_read():
    seen = replace(
        SEEN_FEES, location="", title="Missing access control", file="src/Other.sol, src/FeeRegistry.sol:88"
    )

    assert evidence_of(EXPECTED, [seen])[1][0].here


def test_equal_input_gives_equal_decisions_with_a_reason_each():
    first, second = (LexicalMatcher().match(EXPECTED, [SEEN_FEES, SEEN_REENTRANCY]) for _ in range(2))

    assert first == second
    assert all(decision.reason for decision in first)
    assert "both name vault, withdrawall" in first[0].reason


def test_confidence_is_the_likeness_on_the_curve():
    decision = LexicalMatcher().match(EXPECTED, [SEEN_REENTRANCY])[0]
    likeness = evidence_of(EXPECTED, [SEEN_REENTRANCY])[0][0].likeness

    assert decision.confidence == pytest.approx(Curve()(likeness), abs=1e-4)


def test_megabytes_in_one_finding_take_no_time():
    huge = replace(SEEN_FEES, description="setCollector() " * 100_000, title="a" * 100_000)

    assert len(verdicts([huge])) == 3


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", ["after the description", "before the description"])
def test_what_is_said_beside_the_matter_weighs_nothing(family, place):
    told = [PLACES[place](finding, FAMILIES[family]) for finding in (SEEN_REENTRANCY, SEEN_FEES)]

    assert evidence_of(EXPECTED, told) == evidence_of(EXPECTED, [SEEN_REENTRANCY, SEEN_FEES])


def test_many_causes_in_one_finding_are_no_cause():
    causes = "reentrancy, oracle, stale price, signature, overflow, rounding, slippage, owner, donation, gas, replay"
    hedged = replace(SEEN_REENTRANCY, title=f"withdrawAll: {causes}", description=f"Vault.withdrawAll has {causes}.")

    assert verdicts([hedged]) == ["none"] * 3
