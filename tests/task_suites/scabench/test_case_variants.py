"""The shipped cases vary in their statements: who remembers shapes knows nothing, who understands the code all.

Each variant is compiled, project and twin. An agent that is keyed on the shapes of a published case scores 100 where
nothing but names is drawn, which shows that it works, and below 5 in the mean over 50 evaluations.
"""

import json
import re
import shutil
import subprocess
from statistics import fmean

import pytest

from tests.task_suites.scabench.test_scabench_cases import CASES, HONEST_TITLES, each_case, loaded_careful, sources

SEEDS = range(50)
FRESH = range(7_310_000, 7_310_050)
COMPILED = range(100)
SOLC = "solc@0.8.28"
_WORD = re.compile(r"[A-Za-z_$][\w$]*|\d[\w]*")
_KEPT = {
    *(
        "function",
        "returns",
        "return",
        "public",
        "internal",
        "external",
        "private",
        "view",
        "virtual",
        "if",
        "revert",
    ),
    *("address", "uint256", "memory", "this", "require", "emit", "mapping", "for", "while", "else"),
}
_FUNCTION = re.compile(r"function\s+(\w+)[^{;]*\{.*?\n    \}", re.DOTALL)


def shape(source):
    """Return the shape of some source: its tokens, names and numbers all alike."""
    return re.sub(r"\s+", " ", _WORD.sub(lambda word: word[0] if word[0] in _KEPT else "x", source)).strip()


def statements(function):
    """Return the shape of each statement of a function's source."""
    return {shape(statement) for statement in re.split(r"[;{}]", function)} - {""}


def whole(function):
    """Return the shape of a function's source as a whole."""
    return {shape(function)}


def known_by(shapes, files):
    texts = sources(files).values()
    return {each for text in texts for found in _FUNCTION.finditer(text) for each in shapes(found[0])}


def keyed_on(shapes, known, title):
    """Return an agent that reports the function in which it sees one of the shapes it knows."""

    def agent(folder):
        found = [
            {"title": title, "severity": "high", "file": path.relative_to(folder).as_posix(), "location": each[1]}
            for path in sorted(folder.rglob("*.sol"))
            for each in _FUNCTION.finditer(path.read_text())
            if shapes(each[0]) & known
        ]
        return json.dumps({"findings": found})

    return agent


def trained(case, shapes, project, twin):
    known = known_by(shapes, project) - known_by(shapes, twin)
    return keyed_on(shapes, known, HONEST_TITLES[case.bug.contract])


@each_case
@pytest.mark.parametrize("shapes", [statements, whole], ids=lambda shapes: shapes.__name__)
def test_an_agent_keyed_on_published_shapes_needs_the_published_statements(case, shapes, tmp_path):
    agent = trained(case, shapes, case.project, case.twin)

    assert [case.run(agent, seed, tmp_path, varied=False) for seed in range(3)] == [100, 100, 100]
    assert fmean(case.run(agent, seed, tmp_path) for seed in SEEDS) < 5


@each_case
@pytest.mark.parametrize("shapes", [statements, whole], ids=lambda shapes: shapes.__name__)
@pytest.mark.parametrize("learnt", range(1000, 1004))
def test_an_agent_keyed_on_the_shapes_of_one_evaluation_fails_in_others(case, shapes, learnt, tmp_path):
    agent = trained(case, shapes, *case.drawn(learnt))

    assert shapes is statements or case.run(agent, learnt, tmp_path) == 100
    assert fmean(case.run(agent, seed, tmp_path) for seed in SEEDS) < 5


def learnt_from_many(case, shapes, seeds):
    """Return the shapes that only projects of these evaluations have, by what two readers keep of twins.

    One drops what any twin has, the other what the twin of the same evaluation has.
    """
    drawn = [[known_by(shapes, files) for files in case.drawn(seed)] for seed in seeds]
    twins = {each for _, twin in drawn for each in twin}
    return {each for project, _ in drawn for each in project} - twins, {
        each for project, twin in drawn for each in project - twin
    }


@each_case
@pytest.mark.parametrize("shapes", [statements, whole], ids=lambda shapes: shapes.__name__)
def test_an_agent_keyed_on_a_hundred_drawn_evaluations_fails_in_others(case, shapes, tmp_path):
    """The generator is public, so anybody can draw evaluations; none of these seeds is among those drawn later."""
    for known in learnt_from_many(case, shapes, range(2000, 2100)):
        agent = keyed_on(shapes, known, HONEST_TITLES[case.bug.contract])
        assert fmean(case.run(agent, seed, tmp_path) for seed in FRESH) < 5


@each_case
def test_the_careful_agent_scores_100_on_all_of_them(case, tmp_path):
    careful = loaded_careful()

    points = [
        case.run(lambda folder: json.dumps({"findings": careful.audit(folder)}), seed, tmp_path)
        for seed in (*SEEDS, *FRESH)
    ]

    assert points == [100] * (len(SEEDS) + len(FRESH))


@each_case
def test_an_evaluation_is_drawn_alike_twice_and_unlike_another(case):
    drawn = [tuple(sources(case.drawn(seed)[0]).values()) for seed in SEEDS]

    assert drawn == [tuple(sources(case.drawn(seed)[0]).values()) for seed in SEEDS]
    assert len(set(drawn)) == len(drawn)


@each_case
def test_helpers_are_there_or_not_and_innocents_are_few_or_many(case):
    """So neither the number of functions nor what they call is the same in two evaluations."""
    declared = [_declared(case.drawn(seed)[0]) for seed in SEEDS]
    published = _declared(case.project)
    helpers = {name for names in declared for name in names if name.startswith("_")} - published
    innocents = [len({name for name in names - published if not name.startswith("_")}) for names in declared]

    assert helpers
    assert all(0 < sum(helper in names for names in declared) < len(SEEDS) for helper in helpers)
    assert set(innocents) >= {0, 1, 2, 3}
    assert [_declared(case.drawn(seed)[1]) for seed in SEEDS] == declared


@each_case
def test_a_helper_is_declared_exactly_where_it_is_called(case):
    for seed in SEEDS:
        for side in case.drawn(seed):
            text = " ".join(sources(side).values())
            called = set(re.findall(r"(?<!function )\b(_\w+)\(", text))
            assert called <= _declared(side)
            assert {name for name in _declared(side) if name.startswith("_")} <= called


def _declared(files):
    return {name for text in sources(files).values() for name in re.findall(r"function (\w+)", text)}


COMPILE = """
const solc = require("solc");
const projects = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const [name, files] of Object.entries(projects)) {
  const sources = Object.fromEntries(Object.entries(files).map(([path, content]) => [path, {content}]));
  const settings = {outputSelection: {"*": {"*": ["metadata"]}}};
  const told = JSON.parse(solc.compile(JSON.stringify({language: "Solidity", sources, settings})));
  const errors = (told.errors || []).filter((each) => each.severity === "error");
  console.log(name + ": " + (errors.length ? errors[0].formattedMessage : "compiles"));
}
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """What Solidity's compiler says of every drawn project."""
    if shutil.which("npm") is None:
        pytest.skip("npm brings Solidity's compiler")
    folder = tmp_path_factory.mktemp("solc")
    subprocess.run(["npm", "install", "--silent", "--no-audit", SOLC], cwd=folder, check=True, capture_output=True)
    projects = {
        f"{name} {seed} {side}": sources(files)
        for name, case in CASES.items()
        for seed in COMPILED
        for side, files in zip(("project", "twin"), case.drawn(seed), strict=True)
    }
    told = subprocess.run(
        ["node", "-e", COMPILE], cwd=folder, input=json.dumps(projects), capture_output=True, text=True, check=True
    )
    return dict(line.split(": ", 1) for line in told.stdout.splitlines() if ": " in line)


def test_every_variant_compiles_on_both_sides(compiled):
    assert len(compiled) == len(CASES) * len(COMPILED) * 2
    assert set(compiled.values()) == {"compiles"}


@each_case
def test_every_alternative_is_among_those_that_were_compiled(case):
    texts = ["\n".join(text for files in case.drawn(seed) for text in sources(files).values()) for seed in COMPILED]
    listed = [symbol if isinstance(symbol, list) else symbol["of"] for symbol in case.variants.symbols.values()]
    written = [each for symbol in listed for each in symbol]

    for alternative in written:
        fixed = re.split(r"<\w+>", alternative)
        drawn = r"[^\0]*?" if "function" in alternative else r"[^;{}]*(?:;[^;{}]*)*"
        pattern = re.compile(drawn.join(map(re.escape, fixed)))
        assert any(pattern.search(text) for text in texts), alternative
