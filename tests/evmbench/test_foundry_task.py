"""Imported patch tasks with a real forge: what each sort of patch is worth, and what a broken grader costs nobody."""

import difflib
import json

import pytest

from bitsec_eval.cli import main
from bitsec_eval.sandbox.evm.foundry_image import build_foundry_image
from tests.evmbench.small_audit import AUDIT, JARS, MENDED, THEFT, THIEF_TEST, small_audit
from tests.plugin.evaluations import evaluate

TASK = "suite/test_2026_01_jars_patch.py"
CASE = "suite/2026_01_jars_patch"
STEALS = """thief.steal(jars, address(this));
        require(address(thief).balance == 90, "nothing stolen");"""


@pytest.fixture(scope="module")
def foundry(evm_engine):
    """The image with forge on a real Docker engine; it is made if need be."""
    build_foundry_image()
    return evm_engine


def import_(folder, *more):
    command = ["evmbench", "import", str(folder), "--audit", AUDIT, "--kind", "patch", "-o", str(folder / "suite")]
    return main([*command, *more])


def printing(text):
    return f"print({text!r})"


def changed(old, new, text=MENDED):
    assert old in text
    return printing(json.dumps({"src/Jars.sol": text.replace(old, new)}))


def diff(new):
    lines = difflib.unified_diff(
        JARS.splitlines(keepends=True), new.splitlines(keepends=True), "a/src/Jars.sol", "b/src/Jars.sol"
    )
    return printing("".join(lines))


CHEAT = """
interface Cheats { function assume(bool) external pure; }
contract Jars {
    function put() external payable {
        Cheats(address(uint160(uint256(keccak256("hevm cheat code"))))).assume(true);
"""

AGENTS = {
    "gold": diff(MENDED),
    "half": changed(" - fees;", ";"),
    "own": changed('require(msg.sender == owner, "not yours");', "if (owner != msg.sender) revert();"),
    "nothing": printing(""),
    "noop": changed("contract Jars", "// mended\ncontract Jars", JARS),
    "gutted": changed("held[owner] -= amount;", "revert();", JARS),
    "renamed": changed("take(address owner,", "takeFrom(address owner,"),
    "broken": changed("fees += fee;", "fees += fee", JARS),
    "rewrites_tests": printing(json.dumps({"test/Jars.t.sol": "contract JarsTest {}"})),
    "settings": printing(json.dumps({"foundry.toml": "[profile.default]\nffi = true\n"})),
    "cheat": changed(
        "\ncontract Jars {",
        CHEAT.replace("    function put() external payable {\n", "    function cheat() internal {\n").rstrip()
        + "\n    }\n",
    ).replace("uint256 fee = ", "cheat();\\\\n        uint256 fee = "),
}


def test_the_import_proves_the_hidden_tests(foundry, tmp_path, capsys):
    assert import_(small_audit(tmp_path)) == 0

    assert capsys.readouterr().out.splitlines()[-3:] == [
        "  faulty project: 4 tests pass, 1 fail",
        "  mended project: 3 tests pass, 2 fail",
        "  2 tests of the project's own must pass under a patch",
    ]


def test_each_patch_is_worth_what_it_mends(foundry, tmp_path):
    import_(small_audit(tmp_path), "--no-run")

    ran = evaluate(tmp_path, TASK, agents=AGENTS, tasks={"unused.txt": ""})

    assert ran.scores() == {
        **dict.fromkeys(AGENTS, 0.0), "gold": 100.0, "own": 100.0, "half": 50.0,
    }, ran.output  # fmt: skip


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (
            THIEF_TEST.replace(STEALS, ""),
            "test_thief_takes_what_others_hold of H-01 must fail on the mended project",
        ),
        (
            THIEF_TEST.replace("== 90", "== 91"),
            "test_thief_takes_what_others_hold of H-01 must pass on the faulty project: nothing stolen",
        ),
        (THIEF_TEST.replace("new Jars();", "new Jar();"), "does not run on the faulty project: "),
        (THIEF_TEST.replace("test_thief", "thief"), "does not run on the faulty project"),
        (THIEF_TEST.replace("jars = new Jars();", "revert();"), "does not run on the faulty project"),
    ],
)
def test_hidden_tests_that_tell_nothing_apart_are_refused(foundry, tmp_path, capsys, test, words):
    small_audit(tmp_path, [THEFT])
    (tmp_path / "audits" / AUDIT / "test/Thief.t.sol").write_text(test)

    assert import_(tmp_path) == 2
    assert words in capsys.readouterr().err
    assert not list((tmp_path / "suite").iterdir())


def test_a_grader_that_breaks_is_void_and_never_zero(foundry, tmp_path):
    import_(small_audit(tmp_path), "--no-run")
    hidden = tmp_path / CASE / "hidden/H-01/test/Thief.t.sol"
    hidden.write_text(THIEF_TEST.replace("== 90", "== 91"))

    ran = evaluate(tmp_path, TASK, agents={"gold": AGENTS["gold"], "noop": AGENTS["noop"]}, tasks={"unused.txt": ""})

    assert ran.scores() == {"gold": None, "noop": None}
    assert "must pass on the faulty project" in ran.output
