"""Compilers and EVMs in their sandboxes, on every engine: what they say, and what takes them down."""

import json
from collections.abc import Iterator

import pytest

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.errors import AnswerFault, SandboxError
from bitsec_eval.core.proof.accounts import Reverted
from bitsec_eval.core.proof.build import Artifact, compiler_input, read_build
from bitsec_eval.core.proof.chain import ETHER, Chain
from bitsec_eval.core.proof.machine import CALL_GAS, number_of, outcome_of
from bitsec_eval.core.proof.public import Public
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.evm.guests import plain_outcome
from bitsec_eval.sandbox.evm.places import EvmSandboxes

VERSION = "0.8.30"
COUNTER = """
pragma solidity ^0.8.20;

contract Counter {
    uint256 public count;
    uint256 public seen;

    error TooMuch(uint256 asked);

    constructor(uint256 start) payable { count = start; }

    function add(uint256 amount) external returns (uint256) {
        if (amount > 100) revert TooMuch(amount);
        count += amount;
        return count;
    }

    function refuse() external pure { revert("not today"); }

    function loop() external { while (true) count++; }

    function bump() external {
        assembly {
            tstore(0, add(tload(0), 1))
            sstore(1, tload(0))
        }
    }

    function shout(uint256 times) external {
        for (uint256 i; i < times; i++) assembly { log0(0, 0) }
    }

    function grow(uint256 size) external pure returns (bytes memory) { return new bytes(size); }

    function now_() external view returns (uint256, uint256) { return (block.timestamp, block.number); }

    function die() external { selfdestruct(payable(msg.sender)); }
}
"""


@pytest.fixture(scope="module")
def places(evm_sandbox: Sandbox) -> Iterator[EvmSandboxes]:
    """Compilers and EVMs on one engine."""
    opened = EvmSandboxes(evm_sandbox)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def counter(places: EvmSandboxes) -> Artifact:
    """The contract above, compiled."""
    return read_build(places.compile_task(VERSION, compiler_input({"C.sol": COUNTER}))).named("Counter")


def on_chain(places: EvmSandboxes, counter: Artifact, action):
    """Run `action` with a chain, a deployed counter and its deployer."""

    def run(machine):
        chain = Chain(machine, read_build("{}"), "seed")
        sender = chain.account("deployer", 5 * ETHER)
        return action(chain, chain.deploy_artifact(counter, 7, sender=sender, value=9), sender)

    return places.run("someone", run)


def test_a_contract_is_deployed_called_and_read(places, counter):
    def action(chain, contract, sender):
        added = contract.add(5, sender=sender)
        return added, contract.count(), chain.balance(contract), chain.balance(sender), chain.storage(contract, 0)

    assert on_chain(places, counter, action) == (12, 12, 9, 5 * ETHER - 9, 12)


def test_a_revert_undoes_the_transaction_and_says_why(places, counter):
    def action(chain, contract, sender):
        with pytest.raises(Reverted, match="Counter.refuse: reverted with 'not today'"):
            contract.refuse()
        with pytest.raises(Reverted, match="Counter.add: reverted"):
            contract.add(101, sender=sender)
        return contract.count()

    assert on_chain(places, counter, action) == 7


def test_an_endless_loop_ends_with_its_gas(places, counter):
    def action(chain, contract, sender):
        return contract.loop.outcome(sender=sender)

    outcome = on_chain(places, counter, action)

    assert (outcome.ok, outcome.reason, outcome.gas) == (False, "halted: OutOfGas(Basic)", CALL_GAS)


def test_transient_storage_ends_with_its_transaction(places, counter):
    def action(chain, contract, sender):
        contract.bump(sender=sender)
        contract.bump(sender=sender)
        return contract.seen()

    assert on_chain(places, counter, action) == 1


def test_a_snapshot_is_gone_back_to(places, counter):
    def action(chain, contract, sender):
        outer = chain.snapshot()
        contract.add(1, sender=sender)
        chain.snapshot()
        contract.add(1, sender=sender)
        chain.revert(outer)
        reverted = contract.count()
        contract.add(3, sender=sender)
        return reverted, contract.count()

    assert on_chain(places, counter, action) == (7, 10)


def test_a_view_leaves_nothing_behind(places, counter):
    def action(chain, contract, sender):
        chain.view(contract.address, contract.add.data(3), sender)
        return contract.count()

    assert on_chain(places, counter, action) == 7


def test_time_passes_and_state_stays(places, counter):
    def action(chain, contract, sender):
        before = contract.now_()
        chain.wait(3600)
        return contract.now_()[0] - before[0], contract.now_()[1] - before[1], contract.count()

    assert on_chain(places, counter, action) == (3600, 300, 7)


def test_two_machines_share_no_state(places, counter):
    def action(chain, contract, sender):
        contract.add(50, sender=sender)
        return contract.count()

    assert on_chain(places, counter, action) == on_chain(places, counter, action) == 57


def test_no_evm_outlives_its_verdict(places):
    who = "0x" + "11" * 20

    assert places.run("someone", lambda machine: machine.run([["new", 0, 1, 1], ["balance", 0, who]])) == [True, 0]
    with pytest.raises(AnswerFault, match="KeyError"):
        places.run("someone", lambda machine: machine.run([["balance", 0, who]]))


@pytest.mark.parametrize("told", ["0x", "0x1g", [1, 2], [True, "zz", "", 0, "", []], {"ok": True}, "0x" + "1" * 65])
@pytest.mark.parametrize("read", [outcome_of, number_of])
def test_what_is_no_outcome_is_refused_where_it_is_read(read, told):
    with pytest.raises(ValueFault, match="no outcome|no number"):
        read(plain_outcome(told))


def test_two_runs_of_one_agent_leave_no_sandbox_behind(evm_sandbox):
    opened = EvmSandboxes(evm_sandbox)
    with opened.lent("agent") as one, opened.lent("agent") as other:
        assert one is not other
    with opened.lent("agent") as kept:
        assert kept in (one, other)
        lost = other if kept is one else one
        with pytest.raises(SandboxError):  # its sandbox has been removed
            lost.renew()
    opened.close()


def test_a_flood_of_logs_and_bytes_is_cut(places, counter):
    def action(chain, contract, sender):
        shouted = contract.shout.outcome(20_000, sender=sender)
        grown = chain.view(contract.address, contract.grow.data(1_000_000))
        return shouted.ok, len(shouted.logs), grown.ok, len(grown.output)

    assert on_chain(places, counter, action) == (True, 32, True, 1 << 16)


def test_the_same_input_of_a_task_is_compiled_once(places):
    text = compiler_input({"C.sol": COUNTER})

    assert places.compile_task(VERSION, text) is places.compile_task(VERSION, text)


def test_every_version_that_tasks_may_pin_is_there(places):
    output = json.loads(places.compile_task("0.8.26", compiler_input({"C.sol": COUNTER})))

    assert "errors" not in output or all(each["severity"] == "warning" for each in output["errors"])
    assert "Counter" in output["contracts"]["C.sol"]


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("pragma solidity 0.8.1; contract Exploit {}", Public.PRAGMA),
        ('import "./Elsewhere.sol"; contract Exploit {}', Public.IMPORT),
        ('import "/etc/passwd"; contract Exploit {}', Public.IMPORT),
        ("contract Exploit { function run( }", Public.NOT_COMPILED),
        ("", None),
    ],
)
def test_what_does_not_compile_is_told_by_a_line_of_the_list(places, source, public):
    output = places.compile_answer("someone", VERSION, compiler_input({"Exploit.sol": source}))

    if public is None:
        assert read_build(output).artifacts == {}
        return
    with pytest.raises(AnswerFault) as refused:
        read_build(output)
    assert refused.value.public == public


def test_an_answer_that_takes_the_compiler_down_costs_nobody_else_anything(places):
    bomb = "contract Exploit { uint256 x = " + "(" * 60_000 + "1" + ")" * 60_000 + "; }"

    with pytest.raises(AnswerFault) as down:
        read_build(places.compile_answer("bomber", VERSION, compiler_input({"Exploit.sol": bomb})))

    assert down.value.public in (Public.COMPILER, Public.NOT_COMPILED)
    for agent in ("bomber", "neighbour"):
        output = places.compile_answer(agent, VERSION, compiler_input({"C.sol": COUNTER}))
        assert read_build(output).named("Counter").code


def test_an_outcome_that_no_machine_of_ours_tells_is_refused():
    for told in (None, [], {}, {"ok": 1}, {"ok": True, "output": "", "gas": 0, "reason": ""}):
        with pytest.raises(ValueFault, match="no outcome"):
            outcome_of(told)
