"""Nothing that came back from a guest is published, whatever a solution or an agent does with what it is given.

200 hidden words are planted; whatever a solution does with one, and whatever an agent does with its files, no file
that may be published holds it, in any of the usual spellings.
"""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin.evaluations import GOOD, REVERSE_TASK, Ran, lay_out, printing, run

from bitsec_eval.render.timeline import CHECK_SECONDS

PYTEST = (sys.executable, "-m", "pytest", "--bitsec-agents=agents", "-q")
PRIVATE = ("private", "findings", "answers", "junit.xml", "evaluation.json")
CHANNELS = (
    "value", "handle", "exception", "exception_type", "missing", "fault", "status", "signal", "output", "seconds",
)  # fmt: skip
WORDS = {channel: [f"zq{at:02d}{channel[:3]}xw{at * 7919 % 1000:03d}" for at in range(20)] for channel in CHANNELS}

MIRROR = """
import os, signal, sys, time

def _runner(name):
    frame = sys._getframe()
    while frame and name not in frame.f_globals:
        frame = frame.f_back
    return frame.f_globals[name]

def value(word):
    return word

def handle(word):
    return type(word, (), {"__repr__": lambda self: word, "__str__": lambda self: word})()

def exception(word):
    raise ValueError(word)

def exception_type(word):
    raise type(word, (Exception,), {})(word)

def missing(word):
    raise _runner("Missing")(word)

def fault(word):
    raise _runner("Fault")(word)

def status(word):
    os._exit(ord(word[-1]))

def signal(word):
    import signal
    os.kill(os.getpid(), int(word[-1]) + 1)

def output(word):
    print(word, flush=True)
    print(word, file=sys.stderr, flush=True)
    os.write(1, word.encode())

def seconds(word):
    time.sleep(int(word[-3:]) / 5000)
"""
TASK = f"""
import pytest
from bitsec_eval import Task

TASK = Task(prompt="Implement what the checks call.", timeout=5, call_timeout=2)
WORDS = {WORDS!r}

@pytest.mark.parametrize(("channel", "word"), [(channel, word) for channel in WORDS for word in WORDS[channel]])
def test_mirror(solution, channel, word):
    assert getattr(solution, channel)(word) == word[::-1]
"""


def published(results: Path) -> Iterator[Path]:
    return (
        path for path in results.rglob("*") if path.is_file() and path.relative_to(results).parts[0] not in PRIVATE
    )


def spellings(word: str) -> set[bytes]:
    raw = word.encode()
    return {
        raw,
        raw[::-1],
        raw.upper(),
        raw.hex().encode(),
        base64.b64encode(raw).rstrip(b"="),
        base64.b32encode(raw),
    }


def told(results: Path, words: list[str]) -> set[str]:
    everything = b"\n".join(path.read_bytes() for path in published(results))
    return {word for word in words if any(spelt in everything for spelt in spellings(word))}


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory, docker_cli: object) -> Ran:
    folder = tmp_path_factory.mktemp("mirrored")
    lay_out(folder, {"mirror": printing(MIRROR)}, {"suite/test_mirror.py": TASK})
    return run(folder, *PYTEST)


def test_200_hidden_inputs_come_back_by_ten_channels_and_none_is_published(mirrored: Ran):
    words = [word for channel in CHANNELS for word in WORDS[channel]]
    lost = mirrored.board()["agents"][0]["tasks"]["suite/mirror"]["checks"]

    assert len(words) == len(lost) == 200
    assert set(lost.values()) == {"failed"}
    assert len(list(published(mirrored.folder / "results"))) >= 4
    assert told(mirrored.folder / "results", words) == set()


def test_the_private_record_holds_them_so_that_the_search_would_find_one(mirrored: Ran):
    junit = (mirrored.folder / "results/junit.xml").read_bytes()

    assert all(any(spelt in junit for spelt in spellings(word)) for word in WORDS["value"])


def test_reasons_are_a_fixed_list_that_names_only_what_was_asked_for(mirrored: Ran):
    page = json.loads((mirrored.folder / "results/runs/mirror/suite__mirror.json").read_text())
    asked = {reason for channel in CHANNELS for reason in _reasons(channel)}

    assert set(page["reasons"].values()) <= asked
    assert "status" not in page


def _reasons(name: str) -> tuple[str, ...]:
    return (
        "the solution raised an exception",
        f"the solution defines no {name!r}",
        f"calling {name} gave no plain value",
        f"calling {name}: the solution's process ended",
        f"calling {name}: the solution took longer than a call may take",
    )


def test_every_published_time_is_one_of_a_few_steps(mirrored: Ran):
    page = json.loads((mirrored.folder / "results/runs/mirror/suite__mirror.json").read_text())
    steps = {0.0, *CHECK_SECONDS}

    assert page["seconds"] in steps
    assert {step["seconds"] for step in page["timeline"]} <= steps
    assert mirrored.board()["agents"][0]["tasks"]["suite/mirror"]["seconds"] in steps


@pytest.fixture(scope="module")
def mirrored_other_words(tmp_path_factory: pytest.TempPathFactory, oci_root: Path) -> Ran:
    """The same with other hidden words of the same lengths, on an OCI runtime."""
    folder = tmp_path_factory.mktemp("mirrored_other_words")
    others = {channel: [word.translate(OTHER) for word in words] for channel, words in WORDS.items()}
    task = TASK.replace(repr(WORDS), repr(others))
    assert task != TASK
    lay_out(folder, {"mirror": printing(MIRROR)}, {"suite/test_mirror.py": task})
    return run(folder, *PYTEST, "--bitsec-sandbox=oci", f"--bitsec-image={oci_root}")


OTHER = str.maketrans("0123456789zqxw", "5678901234kvjy")
OF_THE_EVALUATION = {
    *("evaluation", "evaluations", "seconds", "last_evaluated", "settings", "history", "digest", "parts", "notes"),
    *("usage", "published_at", "at"),
}


def without_evaluation(told: object) -> object:
    """Return what is published without what tells one evaluation from another, and without its rounded times."""
    if isinstance(told, dict):
        return {key: without_evaluation(each) for key, each in told.items() if key not in OF_THE_EVALUATION}
    return [without_evaluation(each) for each in told] if isinstance(told, list) else told


@pytest.mark.parametrize("file", ["runs/mirror/suite__mirror.json", "leaderboard.json"])
def test_with_other_hidden_words_the_same_is_published(mirrored: Ran, mirrored_other_words: Ran, file: str):
    """Counts, sizes, orders, reasons: whatever is told does not depend on what was hidden, but for rounded times."""
    one, other = (
        without_evaluation(json.loads((ran.folder / "results" / file).read_text()))
        for ran in (mirrored, mirrored_other_words)
    )

    assert one == other
    names = [
        sorted(path.relative_to(ran.folder).as_posix() for path in published(ran.folder / "results"))
        for ran in (mirrored, mirrored_other_words)
    ]
    assert names[0] == names[1]


FILES = {
    "noisy": "print(EVERYTHING); print(EVERYTHING, file=sys.stderr)",
    "ending": "print(EVERYTHING, file=sys.stderr); sys.exit(sum(EVERYTHING.encode()) % 200 + 7)",
    "raising": "raise type('E', (Exception,), {})(EVERYTHING)",
    "malformed": "print('{\"vulnerabilities\": ' + EVERYTHING)",
    "keyed": "import json; print(json.dumps({EVERYTHING: 1}))",
    "timed": "import time; time.sleep(len(EVERYTHING) % 7 / 10); print('{}')",
    "only_on_the_twin": "print('{\"vulnerabilities\": []}') if 'broken' in EVERYTHING else sys.exit(EVERYTHING)",
}
MIRRORING_AGENT = """
import os, sys
EVERYTHING = " ".join(
    open(os.path.join(folder, name)).read() for folder, _, names in os.walk(".") for name in names
) + repr(dict(os.environ))
{does}
"""
FINDINGS_TASK = """
from bitsec_eval import AUDIT_PROMPT, ExpectedFinding, Task, compare

TASK = Task(prompt=AUDIT_PROMPT, workspace="project", twin="mended", timeout=5)
EXPECTED_FINDING = ExpectedFinding(file="A.sol", function="pay", kinds=("reentrancy",))

def test_found(report, twin_report):
    assert compare(EXPECTED_FINDING, report, twin_report).matched
"""
PLANTED = [f"q{at:02d}hidden{at * 7919 % 1000:03d}" for at in range(20)]


@pytest.mark.usefixtures("docker_cli")
@pytest.mark.parametrize("option", ["--bitsec-publish=outcomes", "--bitsec-publish=answers"])
def test_of_a_findings_task_no_stream_and_nothing_of_the_twin_is_published(tmp_path: Path, option: str):
    agents = {name: MIRRORING_AGENT.format(does=does) for name, does in FILES.items()}
    lay_out(tmp_path, agents, {"suite/test_audit.py": FINDINGS_TASK})
    for name, words in (("project", PLANTED[:10]), ("mended", PLANTED[10:])):
        (tmp_path / "suite" / name).mkdir()
        state = "broken" if name == "project" else "whole"
        (tmp_path / "suite" / name / "A.sol").write_text(f"{state} " + " ".join(words))

    ran = run(tmp_path, *PYTEST, option)

    assert len(ran.scores()) == len(FILES)
    assert told(tmp_path / "results", PLANTED) == set()
    for name in agents:
        public = json.loads((tmp_path / f"results/runs/{name}/suite__audit.json").read_text())
        private = json.loads((tmp_path / f"results/private/runs/{name}/suite__audit.json").read_text())
        assert not {"stdout", "stderr", "status", "twin", "published", "exchanges"} & public.keys()
        assert public["evaluation"] == private["evaluation"]
        if name == "noisy":
            assert PLANTED[0] in private["stdout"]
            assert PLANTED[19] in private["twin"]["stdout"]
    assert (tmp_path / "results/private").stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("docker_cli")
def test_streams_of_a_code_task_are_published_only_where_the_operator_says_so(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_x.py": REVERSE_TASK})
    seen = []
    for option in ("--bitsec-publish=outcomes", "--bitsec-publish=answers"):
        run(tmp_path, *PYTEST, option)
        public = json.loads((tmp_path / "results/runs/good/suite__x.json").read_text())
        private = json.loads((tmp_path / "results/private/runs/good/suite__x.json").read_text())
        page = (tmp_path / "results/runs/good/suite__x.html").read_text()
        assert "def reverse_string" in private["stdout"]
        seen.append((public.get("published"), "stdout" in public, "def reverse_string" in page))

    assert seen == [(None, False, False), (True, True, True)]
