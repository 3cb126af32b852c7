"""What gives the faults away stays out of a workspace, and source stays in."""

import pytest

from bitsec_eval.scabench.stripping import reason_to_strip, without_telling_sections


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("README.md", "the contest's README"),
        ("readme", "the contest's README"),
        (".git/HEAD", "the history of the repository"),
        (".gitmodules", "the history of the repository"),
        (".github/workflows/ci.yml", "settings of the contest's host"),
        ("audits/2023-11-firm.md", "audit reports"),
        ("contracts/audit/notes.sol", "audit reports"),
        ("findings/H-01.md", "submitted or judged findings"),
        ("judging/001.json", "submitted or judged findings"),
        ("docs/issues/7.md", "a document on findings"),
        ("4naly3er-report.md", "a document on findings"),
        ("docs/KNOWN_ISSUES.md", "a document on findings"),
        ("bot-report.txt", "a document on findings"),
        ("slither.json", "a document on findings"),
        ("docs/architecture.pdf", "no source"),
        ("logo.PNG", "no source"),
        ("node_modules/a/index.js", "packages and build output"),
        ("out/Vault.sol/Vault.json", "packages and build output"),
    ],
)
def test_answer_keys_and_what_is_no_source_are_stripped(path, reason):
    assert reason_to_strip(path, 100) == reason


@pytest.mark.parametrize(
    "path",
    [
        *("src/Vault.sol", "src/security/Guard.sol", "src/issues/Issuance.sol", "contracts/target/Target.sol"),
        *("docs/architecture.md", "src/README.md", "foundry.toml", "lib/solmate/src/Owned.sol", "src/Auditor.sol"),
        *("src/FindingsRegistry.sol", "programs/pool/src/lib.rs", "sources/vault.move", "package.json"),
    ],
)
def test_source_is_kept(path):
    assert reason_to_strip(path, 100) == ""


def test_what_is_larger_than_any_source_is_stripped():
    assert reason_to_strip("src/data.sol", 3 << 20) == "3145728 bytes, more than any source"


DOCUMENT = b"""\
# Vault

How it works.

## Automated Findings / Publicly Known Issues

The oracle may be stale.

### A detail

More.

## Setup

forge build

Previous audits
---------------

One firm found reentrancy.

Build
-----

forge test
"""


def test_sections_on_known_issues_are_cut_with_what_is_below_them():
    kept, cut = without_telling_sections("docs/vault.md", DOCUMENT)

    assert cut == ("Automated Findings / Publicly Known Issues", "Previous audits")
    assert b"stale" not in kept
    assert b"More." not in kept
    assert b"reentrancy" not in kept
    assert b"How it works." in kept
    assert b"forge build" in kept
    assert b"forge test" in kept


def test_source_and_bytes_that_are_no_text_are_returned_as_they_are():
    assert without_telling_sections("src/Vault.sol", b"// # Known issues\n") == (b"// # Known issues\n", ())
    assert without_telling_sections("a.md", b"\xff\xfe# x\n") == (b"\xff\xfe# x\n", ())
