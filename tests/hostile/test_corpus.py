"""Nothing an agent does changes another's score: every attack ends as it says, beside honest agents who lose nothing.

The short form judges the whole corpus once among five honest agents on Docker, a slice of it on an OCI runtime, and a
few over two engines at once and over a cluster of two nodes.
BITSEC_LONG=1 judges all of it three times on each, more at once each time. BITSEC_SANDBOX=docker, oci, engines or
cluster leaves the others out and takes the whole corpus.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cluster.nodes import Node, nodes, scheduler, until
from faults.leftovers import DockerWitness, OciWitness
from hostile.corpus import Attack, attacks
from hostile.evaluation import HONEST, Judged, judge
from long import LONG

pytestmark = pytest.mark.usefixtures("docker_cli")

CORPUS = attacks()
REPEATS = 3 if LONG else 1
ENGINES = (
    (os.environ["BITSEC_SANDBOX"],) if "BITSEC_SANDBOX" in os.environ else ("docker", "oci", "engines", "cluster")
)
SLICE = {
    *("memory_bomb", "child_memory_bomb", "self_kill", "kill_everything", "segfault", "stdout_flood", "open_files"),
    *(
        "root_filesystem",
        "tmp_fill",
        "inode_fill",
        "run_from_tmp",
        "shm_fill",
        "network",
        "odd_sockets",
        "environment",
    ),
    *("system_calls", "old_entry", "namespaces", "privileges", "capabilities", "root_user", "masked_paths"),
    *("other_processes", "control_group", "task_name", "trace_process_1", "limit_process_1", "through_process_1"),
    *("secret_memory", "old_segments", "answer_for_children", "list_mounts", "place_of_pages", "disk_by_number"),
    *("copy_of_mounts", "modules_of_the_host", "advise_another", "outrank_neighbours", "descriptors_in_flight"),
    *("s-kill_everybody", "s-memory_call", "s-notes_between_checks", "s-survivor", "s-channel_from_call"),
}
"""Attacks on what each engine sets up in its own way."""
FEW = {
    *(
        "memory_bomb",
        "kill_everything",
        "stdout_flood",
        "late_stdout_flood",
        "late_stderr_flood",
        "trace_process_1",
        "ignore_signals",
        "task_name",
    ),
    *("s-kill_everybody", "s-survivor", "s-channel_from_call", "s-notes_between_checks"),
}
"""Attacks on what lies between a guest and its verdict, where that is another process or another machine."""
FLEETS = ("engines", "cluster")
_RAW = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Setting:
    """One evaluation among attackers: on which engine, and how many runs go on at once."""

    engine: str
    jobs: int

    @property
    def attacks(self) -> list[Attack]:
        """Who takes part."""
        if LONG or self.engine == ENGINES[0]:
            return CORPUS
        few = FEW if self.engine in FLEETS else SLICE
        return [attack for attack in CORPUS if attack.agent in few]


SETTINGS = [Setting(engine, 3 + repeat) for engine in ENGINES for repeat in range(REPEATS)]
CASES = [(setting, attack) for setting in SETTINGS for attack in setting.attacks]


def options_for(engine: str, jobs: int, request: pytest.FixtureRequest) -> list[str]:
    """Return the options that make an evaluation use this engine, or these."""
    if engine == "docker":
        return ["--bitsec-sandbox=docker", f"--bitsec-jobs={jobs}"]
    root: Path = request.getfixturevalue("oci_root")
    if engine == "oci":
        return ["--bitsec-sandbox=oci", f"--bitsec-image={root}", f"--bitsec-jobs={jobs}"]
    if engine == "engines":
        return ["--bitsec-engine=docker:,jobs=2", f"--bitsec-engine=oci:{root},jobs={jobs}"]
    return [f"--bitsec-cluster={request.getfixturevalue('cluster')[0]}"]


@pytest.fixture(scope="module")
def cluster(oci_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Node]]]:
    """A scheduler's address and its two nodes."""
    folder = tmp_path_factory.mktemp("cluster")
    with scheduler(folder) as (address, _), nodes(address, oci_root, folder, "left", "right") as both:
        yield address, both


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder whose name says nothing of tests: with OCI a guest can read where the validator keeps its state."""
    with tempfile.TemporaryDirectory(prefix="evaluations-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def alone(request: pytest.FixtureRequest, place: Path) -> Judged:
    return judge(place / "alone", [], *options_for(ENGINES[0], 3, request))


@pytest.fixture(scope="module")
def judged() -> dict[Setting, Judged]:
    """Every evaluation among attackers is made once, whatever the order of the tests."""
    return {}


@pytest.fixture(params=SETTINGS, ids=lambda setting: f"{setting.engine}-{setting.jobs}")
def mixed(request: pytest.FixtureRequest, judged: dict[Setting, Judged], place: Path) -> Judged:
    setting: Setting = request.param
    if setting not in judged:
        options = options_for(setting.engine, setting.jobs, request)
        judged[setting] = judge(place / f"{setting.engine}-{setting.jobs}", setting.attacks, *options)
    return judged[setting]


def test_there_are_sixty_attacks_and_each_says_what_stops_it():
    assert len(CORPUS) >= 60
    assert all(attack.attack and attack.guard for attack in CORPUS)
    assert len({attack.agent for attack in CORPUS} | set(HONEST)) == len(CORPUS) + len(HONEST)


def test_honest_agents_alone_get_what_they_deserve(alone: Judged):
    scores = {name: alone.rows[name]["score"] for name in HONEST}

    assert scores == dict.fromkeys(HONEST, 100.0) | {"f_half": 50.0}, alone.ran.output


def test_no_honest_agent_loses_anything_among_the_attackers(alone: Judged, mixed: Judged):
    assert mixed.vector() == alone.vector()


def test_no_attack_makes_a_run_void_or_incomplete_or_stops_the_evaluation(mixed: Judged):
    unscored = {name for name, row in mixed.rows.items() if row["runs"] != {"scored": 1, "void": 0, "incomplete": 0}}

    assert unscored == set()
    assert mixed.ran.status == 0, mixed.ran.output


def test_the_slices_are_of_the_corpus():
    assert {attack.agent for attack in CORPUS} >= SLICE | FEW


@pytest.mark.parametrize(
    ("mixed", "attack"),
    CASES,
    indirect=["mixed"],
    ids=[f"{setting.engine}-{setting.jobs}-{attack.id}" for setting, attack in CASES],
)
def test_an_attack_ends_as_expected_and_gains_nothing(mixed: Judged, attack: Attack):
    told = mixed.runs[attack.agent]

    assert told["ending"] in attack.ending.split(" or "), told
    assert "PWNED" not in told["stdout"], told["stdout"]
    assert told["score"] == attack.score, told
    assert attack.reason in told["said"], told["said"]


def test_what_attackers_print_reaches_neither_terminal_nor_results_raw(mixed: Judged):
    folder = mixed.ran.folder / "results"
    texts = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]

    for text in (*texts, mixed.ran.output):
        assert _RAW.search(text) is None
        assert "\x1b]" not in text
    assert sum(map(len, texts)) < 40 << 20


def test_expected_values_are_in_nothing_a_miner_reads(mixed: Judged):
    for path in (mixed.ran.folder / "results/runs").rglob("*.json"):
        assert "expected-canary" not in path.read_text("utf-8")


def test_no_container_is_left(mixed: Judged):
    for witness in (DockerWitness(), OciWitness(root=mixed.ran.folder)):
        assert witness.left(mixed.ran.folder) == []


@pytest.mark.skipif("cluster" not in ENGINES, reason="another engine was asked for")
def test_no_container_is_left_on_any_node(cluster: tuple[str, list[Node]]):
    for node in cluster[1]:
        until(lambda node=node: not node.containers(), f"{node.name}: {node.containers()}")
