"""Import makes ordinary tasks of checked-out projects, of the right commit only and without answer keys."""

import ast
import json
from contextlib import suppress

import pytest

from bitsec_eval.core.errors import InferenceError, SettingsError, TaskError
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.reports.report import parse_report
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.sandbox.execution.workspace import files_digest, read_workspace
from bitsec_eval.scabench.case import Case
from bitsec_eval.scabench.dataset import read_dataset
from bitsec_eval.scabench.importer import import_project
from bitsec_eval.scabench.scoring import score
from tests.scabench.published import (
    VAULT,
    checkout,
    codebase,
    dataset,
    fee_finding,
    fee_vulnerability,
    finding,
    git,
    noise,
    project,
    report,
    vulnerability,
)

NAME = "contest_demo_2025_01"


@pytest.fixture(autouse=True)
def weight_mark(pytestconfig):
    """Task files weigh their checks with a mark that the plugin knows."""
    pytestconfig.addinivalue_line("markers", "weight(value): how much a check counts")


def imported(tmp_path, files=None, **fields):
    """Check out `files` as the demo project and import it; the dataset pins that commit if nothing else is said."""
    commit = checkout(tmp_path / "sources" / NAME, files)
    only = fields.pop("only", ())
    fields.setdefault("codebases", [codebase(commit=commit)])
    (read,) = read_dataset(dataset(project(**fields)))
    return import_project(read, tmp_path / "sources", tmp_path / "suite", only=only)


def workspace_of(tmp_path):
    return read_workspace(tmp_path / "suite" / NAME / "workspace")


def module_of(path):
    """Run an imported task file as pytest would import it."""
    space = {"__file__": str(path), "__name__": path.stem}
    exec(compile(path.read_text(), path, "exec"), space)
    return space


def test_a_task_file_a_workspace_and_the_expected_findings_are_written(tmp_path):
    made = imported(tmp_path)

    assert made.test_file == tmp_path / "suite" / f"test_{NAME}.py"
    assert workspace_of(tmp_path) == {"src/Vault.sol": VAULT.encode()}
    written = sorted(path.name for path in (tmp_path / "suite").iterdir())
    assert written == [NAME, f"test_{NAME}.py"]


def test_the_task_file_is_an_ordinary_one(tmp_path):
    path = imported(tmp_path).test_file
    module = module_of(path)

    assert isinstance(module["TASK"], Task)
    assert (path.parent / module["TASK"].workspace).is_dir()
    tests = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert tests == ["test_finds_h_01", "test_finds_m_01", "test_finds_all_that_is_grave"]


def test_its_checks_credit_what_was_found(tmp_path):
    module = module_of(imported(tmp_path).test_file)
    full, half = parse_report(report(finding(), fee_finding())), parse_report(report(fee_finding()))

    module["test_finds_h_01"](full)
    module["test_finds_m_01"](full)
    module["test_finds_all_that_is_grave"](full)
    module["test_finds_m_01"](half)
    for check in ("test_finds_h_01", "test_finds_all_that_is_grave"):
        with pytest.raises(AssertionError):
            module[check](half)


WORTH = {"nothing": [], "one": [finding()], "the other": [fee_finding()], "both": [finding(), fee_finding()],
         "one among nine": [finding(), *noise(9)], "both among fifteen": [fee_finding(), finding(), *noise(15)],
         "one among ten": [finding(), *noise(12)],
         "both, as a remark": [finding(severity="info"), fee_finding()]}  # fmt: skip


@pytest.mark.parametrize("name", WORTH)
def test_a_report_is_worth_the_same_as_a_file_and_as_an_answer(tmp_path, name):
    module, (demo,) = module_of(imported(tmp_path).test_file), read_dataset(dataset())
    text = report(*WORTH[name])
    checks = {check: function for check, function in module.items() if check.startswith("test_")}
    weights = {"test_finds_h_01": 3, "test_finds_m_01": 2, "test_finds_all_that_is_grave": 1}
    passed = 0
    for check, function in checks.items():
        with suppress(AssertionError):
            function(parse_report(text))
            passed += weights[check]

    assert score(demo.expected, parse_report(text), LexicalMatcher()).score.points == pytest.approx(100 * passed / 6)


def test_no_check_is_passed_by_nothing_or_by_a_spray(tmp_path):
    module = module_of(imported(tmp_path).test_file)
    checks = [value for name, value in module.items() if name.startswith("test_")]

    for text in (report(), report(*noise(100)), report(finding(), fee_finding(), *noise(98))):
        for check in checks:
            with pytest.raises(AssertionError):
                check(parse_report(text))


def test_the_expected_findings_are_not_in_the_workspace(tmp_path):
    imported(tmp_path)

    assert not any(b"re-entering" in content for content in workspace_of(tmp_path).values())
    assert "re-entering" in (tmp_path / "suite" / NAME / "expected.json").read_text()


def test_answer_keys_are_stripped_and_listed(tmp_path):
    made = imported(
        tmp_path,
        {
            "src/Vault.sol": VAULT,
            "README.md": "# Contest\nknown issues",
            "audits/firm.md": "reentrancy",
            "findings/H-01.md": "reentrancy",
            "docs/notes.md": "# Notes\nfine\n\n## Known issues\nreentrancy\n",
        },
    )

    assert [str(each) for each in made.stripped] == [
        "README.md: the contest's README",
        "audits/firm.md: audit reports",
        "docs/notes.md: its section 'Known issues'",
        "findings/H-01.md: submitted or judged findings",
    ]
    assert sorted(workspace_of(tmp_path)) == ["docs/notes.md", "src/Vault.sol"]
    assert b"reentrancy" not in b"".join(workspace_of(tmp_path).values())
    assert "  stripped audits/firm.md: audit reports" in made.lines


def test_links_and_untracked_files_stay_out(tmp_path):
    folder = tmp_path / "sources" / NAME
    folder.mkdir(parents=True)
    (folder / "passwd").symlink_to("/etc/passwd")
    checkout(folder)
    (folder / "untracked.txt").write_text("notes")
    (read,) = read_dataset(dataset(project(codebases=[codebase(commit="")])))
    made = import_project(read, tmp_path / "sources", tmp_path / "suite")

    assert sorted(workspace_of(tmp_path)) == ["src/Vault.sol"]
    assert "passwd: a link" in [str(each) for each in made.stripped]


def test_the_digest_is_of_the_workspace_and_is_kept(tmp_path):
    made = imported(tmp_path)
    kept = json.loads((tmp_path / "suite" / NAME / "expected.json").read_text())

    assert made.digest == files_digest(workspace_of(tmp_path)) == kept["workspace_sha256"]
    assert kept["sources"][0]["found"] == kept["sources"][0]["pinned"]


def test_a_checkout_at_another_commit_is_refused(tmp_path):
    with pytest.raises(
        SettingsError, match=rf"/{NAME}: at \w{{12}}, but the dataset pins 0123456789ab; run: git -C "
    ):
        imported(tmp_path, codebases=[codebase()])
    assert not (tmp_path / "suite").exists()


def test_an_abbreviated_commit_is_enough(tmp_path):
    commit = checkout(tmp_path / "sources" / NAME)
    (read,) = read_dataset(dataset(project(codebases=[codebase(commit=commit[:7])])))

    made = import_project(read, tmp_path / "sources", tmp_path / "suite")

    assert made.checkouts[0].commit == commit


@pytest.mark.parametrize("pinned", ["", "main"])
def test_where_nothing_is_pinned_what_was_found_is_recorded(tmp_path, pinned):
    made = imported(tmp_path, codebases=[codebase(commit=pinned)])

    (line,) = (line for line in made.lines if line.startswith("  source"))
    assert line.endswith(f"at {made.checkouts[0].commit}; the dataset pins nothing, so this is recorded")
    assert any(line.startswith("  odd: codebase") for line in made.lines)


def test_changed_files_are_refused(tmp_path):
    folder = tmp_path / "sources" / NAME
    commit = checkout(folder)
    (folder / "src" / "Vault.sol").write_text("// mended")
    (read,) = read_dataset(dataset(project(codebases=[codebase(commit=commit)])))

    with pytest.raises(SettingsError, match="tracked files were changed; run: git -C .* stash"):
        import_project(read, tmp_path / "sources", tmp_path / "suite")


def test_neither_the_checkouts_settings_nor_those_of_a_hook_start_or_change_anything(tmp_path, monkeypatch):
    folder = tmp_path / "sources" / NAME
    commit = checkout(folder, {"src/Vault.sol": VAULT, ".gitattributes": "*.sol filter=evil"})
    for setting in ("filter.evil.process", "core.fsmonitor"):
        git(folder, "config", setting, f"touch {tmp_path}/started; cat")
    git(folder, "config", "include.path", "more")
    (folder / ".git" / "more").write_text(f'[filter "evil"]\n\tclean = "touch {tmp_path}/started; cat"\n')
    (folder / "src" / "Vault.sol").touch()
    index = (folder / ".git" / "index").read_bytes()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere"))
    (read,) = read_dataset(dataset(project(codebases=[codebase(commit=commit)])))

    made = import_project(read, tmp_path / "sources", tmp_path / "suite")

    assert made.checkouts[0].commit == commit
    assert not (tmp_path / "started").exists()
    assert (folder / ".git" / "index").read_bytes() == index


def test_a_folder_within_another_checkout_is_not_taken_for_one(tmp_path):
    (tmp_path / "sources" / NAME / "src").mkdir(parents=True)
    (tmp_path / "sources" / NAME / "src" / "Vault.sol").write_text(VAULT)
    git(tmp_path, "init", "-q")
    (read,) = read_dataset(dataset())

    with pytest.raises(
        SettingsError, match="not a git checkout, so its commit cannot be told; clone https://github.com/o/demo"
    ):
        import_project(read, tmp_path / "sources", tmp_path / "suite")


def test_a_folder_without_git_will_do_where_nothing_is_pinned(tmp_path):
    (tmp_path / "sources" / NAME / "src").mkdir(parents=True)
    (tmp_path / "sources" / NAME / "src" / "Vault.sol").write_text(VAULT)
    (read,) = read_dataset(dataset(project(codebases=[codebase(commit="")])))

    made = import_project(read, tmp_path / "sources", tmp_path / "suite")

    assert "no git checkout, and the dataset pins nothing; its digest is recorded" in made.lines[1]


def test_a_missing_checkout_is_refused_with_the_place_for_it(tmp_path):
    (read,) = read_dataset(dataset())

    with pytest.raises(
        SettingsError, match=rf"{NAME}: no checkout in .*; clone https://github.com/o/demo into .*/{NAME}"
    ):
        import_project(read, tmp_path, tmp_path / "suite")


def test_folders_may_be_called_as_the_official_tool_calls_them(tmp_path):
    commit = checkout(tmp_path / "sources" / "sherlock_20240913_final_x")
    entry = project("sherlock_20240913---final---x", codebases=[codebase(commit=commit)])
    (read,) = read_dataset(dataset(entry))

    made = import_project(read, tmp_path / "sources", tmp_path / "suite")

    assert made.test_file.name == "test_sherlock_20240913_final_x.py"


def test_several_codebases_each_get_a_folder(tmp_path):
    codebases = []
    for name in ("core", "periphery"):
        commit = checkout(tmp_path / "sources" / NAME / name, {f"src/{name}.sol": name})
        codebases.append(codebase(repo_url=f"https://github.com/o/{name}", commit=commit))
    (read,) = read_dataset(dataset(project(codebases=codebases)))
    import_project(read, tmp_path / "sources", tmp_path / "suite")

    assert sorted(workspace_of(tmp_path)) == ["core/src/core.sol", "periphery/src/periphery.sol"]


def test_only_keeps_what_lies_below_its_paths(tmp_path):
    imported(tmp_path, {"src/Vault.sol": VAULT, "srcs/No.sol": "no", "test/T.sol": "no"}, only=["src/"])

    assert sorted(workspace_of(tmp_path)) == ["src/Vault.sol"]


def test_more_than_a_sandbox_takes_is_refused_with_a_way_out(tmp_path):
    files = {f"src/F{n}.sol": "x" for n in range(2100)}

    with pytest.raises(
        SettingsError, match="in 2100 files, the most is .*; keep the folders that matter with --only"
    ):
        imported(tmp_path, files)
    assert list((tmp_path / "suite").iterdir()) == []


def test_nothing_left_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=f"{NAME}: nothing is left for a workspace; check out its source"):
        imported(tmp_path, {"README.md": "x"})


def test_a_task_that_is_there_is_not_overwritten(tmp_path):
    imported(tmp_path)

    with pytest.raises(SettingsError, match=rf"test_{NAME}.py: exists already; remove it, or give another folder"):
        (read,) = read_dataset(dataset())
        import_project(read, tmp_path / "sources", tmp_path / "suite")


def test_importing_twice_writes_the_same(tmp_path):
    commit = checkout(tmp_path / "sources" / NAME)
    (read,) = read_dataset(dataset(project(codebases=[codebase(commit=commit)])))
    texts = []
    for suite in ("one", "two"):
        import_project(read, tmp_path / "sources", tmp_path / suite)
        texts.append(
            {p.relative_to(tmp_path / suite): p.read_bytes() for p in (tmp_path / suite).rglob("*") if p.is_file()}
        )

    assert texts[0] == texts[1]


def test_remarks_get_no_check_and_equal_ids_get_numbers(tmp_path):
    vulnerabilities = [
        vulnerability("demo_H-01"),
        fee_vulnerability(severity="informational"),
        vulnerability("H-01"),
        vulnerability("nameless"),
    ]
    made = imported(tmp_path, vulnerabilities=vulnerabilities)
    tests = [node.name for node in ast.parse(made.test_file.read_text()).body if isinstance(node, ast.FunctionDef)]

    assert tests == [
        "test_finds_finding_1",
        "test_finds_finding_3",
        "test_finds_finding",
        "test_finds_all_that_is_grave",
    ]


def test_a_hostile_name_stays_a_comment(tmp_path):
    made = imported(tmp_path, name='"""\nimport os; os.abort()\n\\')

    ast.parse(made.test_file.read_text())
    assert "\nimport os; os.abort" not in made.test_file.read_text()


def test_an_unknown_check_and_a_broken_file_say_what_to_do(tmp_path):
    imported(tmp_path)
    case = Case(folder=tmp_path / "suite" / NAME)
    with pytest.raises(TaskError, match="no expected finding 'x'; there are h_01, m_01"):
        case.finds("x", parse_report(report()))
    (tmp_path / "suite" / NAME / "expected.json").write_text("{}")
    with pytest.raises(
        TaskError, match=r"expected.json: not what import writes \(KeyError\('findings'\)\); import the project"
    ):
        Case(folder=tmp_path / "suite" / NAME).finds("x", parse_report(report()))
    with pytest.raises(
        TaskError, match=r"expected.json: cannot be read \(No such file or directory\); import the project"
    ):
        Case(folder=tmp_path).finds("x", parse_report(report()))


def test_a_finding_that_false_positives_took_back_says_so(tmp_path):
    imported(tmp_path)
    answer = Case(folder=tmp_path / "suite" / NAME).finds("h_01", parse_report(report(finding(), *noise(60))))

    assert not answer
    assert "not credited beside 60 false positives" in answer.reason


class Unreachable:
    """A judge that cannot be asked, and counts how often that was found out."""

    asked = 0

    def match(self, expected, reported):
        self.asked += 1
        raise InferenceError("the judge cannot be asked")


def test_a_judge_that_cannot_be_asked_is_waited_for_once_in_a_run(tmp_path):
    imported(tmp_path)
    case = Case(folder=tmp_path / "suite" / NAME, matcher=Unreachable())

    for ask in (lambda found: case.finds("h_01", found), case.passes, case.sheet):
        with pytest.raises(InferenceError, match="cannot be asked"):
            ask(parse_report(report(finding())))
    assert case.matcher.asked == 1
    with pytest.raises(InferenceError):
        case.passes(parse_report(report()))
    assert case.matcher.asked == 2
