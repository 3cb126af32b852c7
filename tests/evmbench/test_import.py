"""`bitsec-eval evmbench import`: what it writes, and its one line for each audit that it cannot import."""

import json

import pytest

from bitsec_eval.cli import main
from bitsec_eval.evmbench.audit import forge_options
from bitsec_eval.evmbench.case import read_case
from bitsec_eval.evmbench.project import accepts
from tests.evmbench.small_audit import AUDIT, MENDED, SUMS, THEFT, WORTH, small_audit, write_files

PATCH, DETECT = "test_2026_01_jars_patch.py", "test_2026_01_jars_detect.py"
FOLDER = "2026_01_jars_patch"


def imported(folder, *more):
    return main(["evmbench", "import", str(folder), "--audit", AUDIT, "-o", str(folder / "suite"), "--no-run", *more])


def refusal(folder, capsys, *more):
    """Return the one line that refuses an import, of which nothing may be left."""
    assert imported(folder, *more) == 2
    assert not list((folder / "suite").glob("*")) if (folder / "suite").exists() else True
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0].removeprefix("bitsec-eval evmbench: ")


def test_patch_and_detect_tasks_are_written(tmp_path, capsys):
    assert imported(small_audit(tmp_path)) == 0

    shown = capsys.readouterr().out
    assert "  patch task of 2 faults, 5 files, Solidity 0.8.20\n" in shown
    assert "  not proven: its controls are run by the first evaluation\n" in shown
    assert "  detect task of 2 faults, " in shown
    assert {path.name for path in (tmp_path / "suite").iterdir()} == {
        PATCH, DETECT, FOLDER, "2026_01_jars_detect",
    }  # fmt: skip


def test_a_workspace_has_what_tests_need_and_nothing_that_tells(tmp_path):
    imported(small_audit(tmp_path))

    workspace = tmp_path / "suite" / FOLDER / "workspace"
    found = {path.relative_to(workspace).as_posix() for path in workspace.rglob("*") if path.is_file()}
    assert found == {"foundry.toml", "remappings.txt", "src/Jars.sol", "test/Jars.t.sol", "lib/sums/src/Sums.sol"}
    assert (workspace / "remappings.txt").read_text() == "sums/=lib/sums/src/\n"


def test_a_case_is_read_as_it_was_written(tmp_path):
    imported(small_audit(tmp_path))

    case = read_case(tmp_path / "suite" / FOLDER)
    assert (case.name, case.compiler, case.editable) == (AUDIT, "0.8.20", ("src",))
    assert case.gold == {"src/Jars.sol": MENDED}
    assert [(each.id, each.test, each.passes_on_faulty, [*each.files]) for each in case.hidden] == [
        ("H-01", THEFT["test"], True, ["test/Thief.t.sol"]),
        ("H-02", WORTH["test"], False, ["test/Worth.t.sol"]),
    ]
    assert case.allowed_to_fail == {"test/Jars.t.sol:JarsTest::test_worth_counts_fees()"}


def test_expected_findings_have_no_mark_of_evmbench(tmp_path):
    imported(small_audit(tmp_path), "--kind", "detect")

    told = json.loads((tmp_path / "suite/2026_01_jars_detect/expected.json").read_text())
    assert [each["check"] for each in told["findings"]] == ["h_01", "h_02"]
    assert told["findings"][0]["description"].startswith("# [H-01] Anybody takes")
    assert told["findings"][0]["severity"] == "high"
    assert not (tmp_path / "suite/2026_01_jars_detect/workspace/lib").exists()
    assert not (tmp_path / "suite/2026_01_jars_detect/workspace/audit-report.md").exists()


def test_an_exploit_task_is_left_out_and_that_is_said(tmp_path, capsys):
    assert imported(small_audit(tmp_path, [{**THEFT, "exploit_task": True}])) == 0
    assert "  its exploit task is left out: EVMbench replays transactions" in capsys.readouterr().out


def test_an_audit_without_hidden_tests_becomes_a_detect_task(tmp_path, capsys):
    bare = {"id": "H-01", "title": "Anybody takes"}

    assert imported(small_audit(tmp_path, [bare], framework=None)) == 0
    assert "no patch task: EVMbench has no hidden tests for this audit" in capsys.readouterr().out
    assert not (tmp_path / "suite" / PATCH).exists()


def test_a_project_in_a_part_of_the_repository_is_found(tmp_path):
    mapped = {
        **THEFT,
        "test_path_mapping": {"test/Thief.t.sol": "jars/test/Thief.t.sol"},
        "patch_path_mapping": {"patch/Jars.sol": "jars/src/Jars.sol"},
    }
    small_audit(tmp_path, [mapped], run_cmd_dir="jars")
    source = tmp_path / "sources" / AUDIT
    moved = {path.relative_to(source).as_posix(): path.read_text() for path in source.rglob("*") if path.is_file()}
    write_files(source / "jars", moved)

    assert imported(tmp_path) == 0
    assert [*read_case(tmp_path / "suite" / FOLDER).gold] == ["src/Jars.sol"]


def test_libraries_that_are_installed_are_refused(tmp_path, capsys):
    small_audit(tmp_path)
    (tmp_path / "sources" / AUDIT / "lib/sums/src/Sums.sol").unlink()

    assert refusal(tmp_path, capsys) == (
        "2026-01-jars: src/Jars.sol imports sums/Sums.sol, which is not in the checkout: its libraries are installed,"
        " and a patch task needs them there (--kind detect does not)"
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"framework": "hardhat"}, "its tests run with hardhat, whose packages npm installs"),
        ({"default_test_flags": "--ffi"}, "its tests are run with --ffi, which no sandbox offers"),
        ({"run_cmd_dir": "elsewhere"}, "lies outside the project that is tested"),
    ],
)
def test_audits_that_need_more_than_a_sandbox_has_are_refused(tmp_path, capsys, fields, words):
    small_audit(tmp_path, **fields)
    write_files(tmp_path / "sources" / AUDIT / "elsewhere", {"foundry.toml": "[profile.default]\n"})

    assert words in refusal(tmp_path, capsys, "--kind", "patch")


def test_a_detect_task_needs_no_tests_that_can_be_run(tmp_path, capsys):
    checkout = small_audit(tmp_path, default_test_flags="--ffi")

    assert main(["evmbench", "import", str(checkout), "--audit", AUDIT, "-o", str(tmp_path / "suite")]) == 0
    assert "no patch task: its tests are run with --ffi, which no sandbox offers" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "suite").glob("*.py")] == ["test_2026_01_jars_detect.py"]


def test_remappings_that_a_library_brings_along_are_followed_as_forge_does(tmp_path):
    small_audit(tmp_path)
    library = tmp_path / "sources" / AUDIT / "lib/sums"
    (library / "src/Sums.sol").write_text(
        'pragma solidity ^0.8.0;\nimport "@inner/One.sol";\n' + SUMS.partition("\n")[2]
    )
    write_files(library, {"remappings.txt": "@inner/=src/inner\n", "src/inner/One.sol": "pragma solidity ^0.8.0;\n"})

    imported(tmp_path)
    workspace = tmp_path / "suite" / FOLDER / "workspace"
    assert (workspace / "lib/sums/src/inner/One.sol").is_file()
    assert "lib/sums/:@inner/=lib/sums/src/inner/" in (workspace / "remappings.txt").read_text().splitlines()


def test_every_audit_of_a_copy_is_listed_with_what_can_be_made_of_it(tmp_path, capsys):
    small_audit(tmp_path)
    for name, fields in {
        "2026-02-npm": {"framework": "hardhat"},
        "2026-03-ffi": {"default_test_flags": "--ffi"},
    }.items():
        small_audit(tmp_path / "more", **fields)
        config = (tmp_path / "more/audits" / AUDIT / "config.yaml").read_text().replace(AUDIT, name)
        write_files(tmp_path / "audits" / name, {"config.yaml": config})
    write_files(tmp_path / "audits", {"2026-04-bad/config.yaml": "id: 2026-04-bad\n"})

    assert main(["evmbench", "list", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2026-01-jars: detect (2 faults); patch"
    assert lines[1].startswith("2026-02-npm: detect (2 faults); no patch task (its tests run with hardhat, whose")
    assert lines[2].startswith("2026-03-ffi: detect (2 faults); no patch task (its tests are run with --ffi")
    assert "not EVMbench's configuration" in lines[3]
    assert lines[4] == "4 audits: detect tasks of 3, patch tasks of 1, exploit tasks of 0 (0 have one)"
    assert main(["evmbench", "list", str(tmp_path / "suite")]) != 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('[profile.default]\nsolc = "0.4.11"\n', "needs Solidity 0.4.11; the image has 0.7.6, "),
        ("[profile.default]\nffi = true\n", "its tests start programs (ffi), which no sandbox offers"),
        ("profile", "foundry.toml: cannot be read"),
    ],
)
def test_projects_that_no_image_can_build_are_refused(tmp_path, capsys, settings, words):
    small_audit(tmp_path)
    (tmp_path / "sources" / AUDIT / "foundry.toml").write_text(settings)

    assert words in refusal(tmp_path, capsys)


def test_wrong_names_and_files_are_refused(tmp_path, capsys):
    small_audit(tmp_path)
    audit = tmp_path / "audits" / AUDIT

    (audit / "patch/Jars.sol").unlink()
    assert "2026-01-jars: a file of the audit cannot be read" in refusal(tmp_path, capsys)
    (audit / "config.yaml").write_text("vulnerabilities: [")
    assert "config.yaml: cannot be read" in refusal(tmp_path, capsys)
    (audit / "config.yaml").write_text("id: 2026-01-jars")
    assert "config.yaml: not EVMbench's configuration (KeyError('vulnerabilities'))" in refusal(tmp_path, capsys)
    (audit / "config.yaml").unlink()
    assert "has no audits/2026-01-jars/config.yaml; name a copy of EVMbench" in refusal(tmp_path, capsys)


def test_a_task_that_exists_is_not_written_over(tmp_path, capsys):
    imported(small_audit(tmp_path))
    before = (tmp_path / "suite" / PATCH).stat().st_mtime_ns

    assert imported(tmp_path) == 2
    assert "exists already; remove it, or give another folder with -o" in capsys.readouterr().err
    assert (tmp_path / "suite" / PATCH).stat().st_mtime_ns == before


def test_a_project_that_is_not_there_is_asked_for(tmp_path, capsys):
    small_audit(tmp_path)

    line = refusal(tmp_path, capsys, "--source", str(tmp_path / "nowhere"))
    assert line == f"2026-01-jars: {tmp_path}/nowhere is no folder; check the project out there, or name --source"


@pytest.mark.parametrize(
    ("pragma", "version", "taken"),
    [
        ("^0.8.20", "0.8.30", True),
        ("^0.8.20", "0.8.19", False),
        (">=0.6.2 <0.9.0", "0.8.20", True),
        (">=0.4.22 <0.8.0", "0.8.20", False),
        ("0.8.24", "0.8.20", False),
        ("=0.7.6", "0.7.6", True),
        ("^0.7.0 || ^0.8.0", "0.8.28", True),
        ("~0.8.19", "0.8.30", True),
        (">0.8.20", "0.8.20", False),
        ("<=0.8.20", "0.8.20", True),
        ("^0.8", "0.8.20", True),
    ],
)
def test_pragmas_are_read_as_the_compiler_reads_them(pragma, version, taken):
    assert accepts(pragma, version) is taken


def test_options_that_change_nothing_but_the_output_are_left_out():
    flags = "--silent -vvv --ignored-error-codes 2319 --via-ir --match-path 'test/unit/**'"

    assert forge_options("a", flags) == ("--via-ir", "--match-path", "test/unit/**")
