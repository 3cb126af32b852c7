"""New names are drawn by the seed, never clash, look like the old ones, and every report finds back from them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.tasks.renaming import Renaming, identifiers
from bitsec_eval.core.tasks.words import NOUNS, QUALIFIERS, RESERVED, VERBS

NAMES = [
    "Payment",
    "IPayment",
    "payWithERC20",
    "_payWithERC20",
    "payer",
    "_payer",
    "MAX_FEE",
    "fee_of",
    "Vault",
    "vault",
]

SOURCE = """\
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20; // payWithERC20
import {IPayment} from "./IPayment.sol";
/* Payment takes
   what payer owes */
contract Payment is IPayment {
    bytes constant KEY = hex"fee0"; uint256 constant MAX_FEE = 0xfee; // fee
    string said = "no // Payment, payer's \\" fault"; /* a */ uint256 fee_of;
    function payWithERC20(address payer, uint256 payerCount) public { _payWithERC20(payer); Vault vault; }
}
"""


def renamed(source=SOURCE, names=NAMES, seed=1):
    renaming = Renaming.from_seed(names, seed, identifiers(source))
    return renaming, renaming.apply(source)


def test_equal_seeds_give_equal_names_and_others_others():
    assert renamed(seed=1) == renamed(seed=1)
    assert renamed(seed=1)[0].new != renamed(seed=2)[0].new
    assert renamed(seed="1:a")[0].new != renamed(seed="1:b")[0].new


def test_the_order_of_the_list_does_not_matter():
    assert renamed(names=NAMES[::-1]) == renamed()


def test_a_thousand_seeds_never_give_one_name_twice_nor_one_that_was_there():
    taken = {name.casefold() for name in identifiers(SOURCE)} | RESERVED
    for seed in range(1000):
        new = Renaming.from_seed(NAMES, seed, identifiers(SOURCE)).new

        assert set(new) == set(NAMES)
        assert len({name.casefold() for name in new.values()} - taken) == len(NAMES)


def test_names_run_out_of_short_ones_and_not_of_longer():
    names = [f"name{number}" for number in range(9000)]

    assert len(set(Renaming.from_seed(names, 1).new.values())) == 9000


def test_every_word_that_could_be_drawn_may_be_taken_already():
    taken = {f"{first}{second.capitalize()}" for first in (*QUALIFIERS, *VERBS) for second in NOUNS}

    assert not set(Renaming.from_seed(["payer"], 1, taken).new.values()) & taken


STYLES = {
    "payWithERC20": r"[a-z]+([A-Z][a-z]+)+",
    "_payWithERC20": r"_[a-z]+([A-Z][a-z]+)+",
    "payer": r"[a-z]+([A-Z][a-z]+)+",
    "payer_": r"[a-z]+([A-Z][a-z]+)+_",
    "Payment": r"([A-Z][a-z]+){2,}",
    "IPayment": r"I([A-Z][a-z]+){2,}",
    "MAX_FEE": r"[A-Z]+_[A-Z]+",
    "fee_of": r"[a-z]+_[a-z]+",
    "__gap": r"__[a-z]+([A-Z][a-z]+)+",
}


@pytest.mark.parametrize("name", STYLES)
def test_a_new_name_keeps_the_style_of_the_old(name):
    for seed in range(50):
        assert re.fullmatch(STYLES[name], Renaming.from_seed([name], seed).new[name])


def test_functions_get_verbs():
    new = Renaming.from_seed(["payWithERC20", "payer"], 1, functions=["payWithERC20"]).new

    assert new["payWithERC20"].startswith(tuple(VERBS))
    assert new["payer"].startswith(tuple(QUALIFIERS))


def test_names_of_the_same_words_stay_akin():
    new = renamed()[0].new

    assert new["IPayment"] == "I" + new["Payment"]
    assert new["_payer"] == "_" + new["payer"]
    assert new["Vault"].casefold() != new["vault"].casefold()


def test_a_new_name_has_no_word_of_an_old_one():
    for seed in range(200):
        assert "ledger" not in Renaming.from_seed(["ledgerOf", "other"], seed).new["other"].lower()


def test_lines_keep_their_numbers_and_comments_go():
    new, source = renamed()

    assert source.count("\n") == SOURCE.count("\n")
    assert "SPDX" not in source
    assert "owes" not in source
    assert f"function {new.new['payWithERC20']}(" in source.splitlines()[8]


def test_only_whole_identifiers_change():
    new, source = renamed()

    assert "payerCount" in source
    assert 'hex"fee0"' in source
    assert "0xfee;" in source
    assert f"_{new.new['payWithERC20']}({new.new['payer']})" in source


def test_strings_are_no_comments_and_their_words_change():
    new, source = renamed()

    assert f'"no // {new.new["Payment"]}, {new.new["payer"]}\'s \\" fault";' in source


def test_imports_follow_the_files():
    new, source = renamed()

    assert f'import {{{new.new["IPayment"]}}} from "./{new.new["IPayment"]}.sol";' in source
    assert new.path("src/IPayment.sol") == f"src/{new.new['IPayment']}.sol"


def test_windows_lines_stay_windows_lines():
    assert Renaming.from_seed(["a"], 1).apply("b; // a\r\n/* a\r\n */ c\r\n") == "b;\r\n\r\n c\r\n"


@pytest.mark.parametrize(
    "source", ["/* never closed a", '"never closed a', "'", "//", "/", "hex'", "0x", 'unicode"ä"']
)
def test_broken_sources_are_read_to_their_end(source):
    assert isinstance(Renaming.from_seed(["a"], 1).apply(source), str)


@given(st.text(alphabet="/*\"'\\\r\n ax;", max_size=60))
def test_no_source_loses_a_line(source):
    assert Renaming.from_seed(["a"], 1).apply(source).count("\n") == source.count("\n")


def project(**changes):
    files = {
        "src/Payment.sol": SOURCE.encode(),
        "src/IPayment.sol": b"interface IPayment {}",
        "README.md": b"# Payment",
        "logo.png": b"\xff\x00Payment",
    }
    return files | changes


def test_a_project_is_renamed_in_all_its_files_and_paths():
    renaming = Renaming.of_projects(["Payment", "IPayment"], 1, project())
    files = renaming.project(project())

    assert set(files) == {renaming.path(path) for path in project()}
    assert files["README.md"] == f"# {renaming.new['Payment']}".encode()
    assert files["logo.png"] == b"\xff\x00Payment"
    assert not any(b"Payment" in content for path, content in files.items() if path != "logo.png")


def test_twins_get_the_same_names():
    twin = project(**{"src/Payment.sol": SOURCE.replace("public", "internal").encode()})
    renaming = Renaming.of_projects(["Payment", "payWithERC20"], 1, project(), twin)
    one, other = renaming.project(project()), renaming.project(twin)

    assert {path: content.replace(b"internal", b"public") for path, content in other.items()} == one


def test_new_names_stood_in_neither_twin():
    other = {"a.sol": " ".join(f"{q}{n.capitalize()}" for q in QUALIFIERS for n in NOUNS).encode()}
    new = Renaming.of_projects(["payer"], 1, project(), other).new["payer"]

    assert new not in identifiers(other["a.sol"].decode())


def test_without_names_a_project_stays_as_it_is():
    assert Renaming.of_projects([], 1, project()).project(project()) == project()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("payWithErc20", "rename lists 'payWithErc20', which is not in the workspace; check its spelling"),
        ("function", "rename lists 'function', a word of Solidity; list names of the project only"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(name, words):
    with pytest.raises(TaskError, match=re.escape(words)):
        Renaming.of_projects([name], 1, project())


FORMS = [
    "{f}",
    "{f}()",
    "{c}.{f}",
    "`{f}(address)`",
    "{c}::{f}",
    "src/{c}.sol:12",
    "({f})",
    "{f},",
    "**{f}**",
    "{c}#{f}",
]


@pytest.mark.parametrize("form", FORMS)
def test_what_the_agent_saw_is_mapped_back_in_every_form(form):
    renaming = renamed()[0]
    said = form.format(f=renaming.new["payWithERC20"], c=renaming.new["Payment"])

    assert renaming.back(said) == form.format(f="payWithERC20", c="Payment")


def test_names_of_several_words_are_mapped_back_in_any_case():
    renaming = renamed()[0]

    assert renaming.back(renaming.new["payWithERC20"].upper()) == "payWithERC20"


def test_parts_of_longer_words_are_left_alone():
    renaming = renamed()[0]

    assert renaming.back(f"x{renaming.new['payer']} {renaming.new['payer']}s") == (
        f"x{renaming.new['payer']} {renaming.new['payer']}s"
    )


def test_a_name_the_agent_can_only_remember_becomes_one_that_nobody_knows():
    renaming = renamed()[0]

    for remembered in ("payWithERC20", "PAYWITHERC20", "paywitherc20", "Payment", "src/IPayment.sol"):
        assert not re.search("pay", renaming.back(remembered), re.IGNORECASE)


def test_names_that_differ_by_case_alone_are_told_apart():
    renaming = Renaming.from_seed(["bigVault", "BigVault"], 1)

    assert renaming.back(renaming.new["bigVault"]) == "bigVault"
    assert renaming.back(renaming.new["BigVault"]) == "BigVault"
    assert renaming.back("BIGVAULT") == "BIGVAULT"


@given(st.lists(st.sampled_from([*NAMES, "other", "payers", "src/", ".sol:7", " ", "(", "ä", "\n"])), st.integers())
def test_what_is_renamed_and_mapped_back_is_what_it_was(pieces, seed):
    text = "".join(pieces)
    renaming = Renaming.from_seed(NAMES, seed, identifiers(text))

    assert renaming.back(renaming.words(text)) == text


def test_every_text_of_every_finding_is_mapped_back():
    renaming = renamed()[0]
    new = renaming.new["Payment"]
    reported = Finding(
        title=new, description=new, severity=new, vulnerability_type=new, file=new, location=new, confidence=1
    )
    report = renaming.report(Report(findings=(reported, Finding()), dropped=3))

    assert set(report.findings[0].texts.values()) == {"Payment"}
    assert report.findings[0].confidence == 1
    assert (report.findings[1], report.dropped) == (Finding(), 3)
