"""The one table of all options; nothing here loads an engine, since every pytest run of an environment comes by.

Each option is `--bitsec-NAME` on the command line and `bitsec_NAME` in pytest.ini.
docs/configuration.md is made of this table.
"""

import pytest

from bitsec_eval.core.scoring.paying.progress import HALF_LIFE_DAYS
from bitsec_eval.core.scoring.rewards import RULE_NAMES
from bitsec_eval.core.tasks.task import CLI, PROTOCOLS
from bitsec_eval.core.usage import TIEBREAKS
from bitsec_eval.plugin.config.llm_options import OPTIONS as LLM_OPTIONS
from bitsec_eval.plugin.config.option import Option, OptionValues, addresses, flag, words
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.image_names import EVM_IMAGE, EVM_ROOT
from bitsec_eval.schedule.order import RunOrder

RERUNS = ("void",)
OUTCOMES, ANSWERS = "outcomes", "answers"
PROGRESS_MODES = ("auto", "live", "log", "off")

EVALUATION = (
    Option("agents", str, "", "PATH", "evaluate these agents: a folder of NAME.py, or one file"),
    Option("results", str, "results", "DIR", "where results go"),
    Option(
        "jobs",
        int,
        None,
        "N",
        "runs at the same time",
        unit="runs",
        automatic="number of CPUs; four times that with an LLM",
    ),
    Option(
        "protocol",
        str,
        CLI,
        "NAME",
        "how agents are started in tasks that do not say: by `python agent.py --task PROMPT` (cli), or by calling"
        " their agent_main() as Bitsec's and Ridges' sandboxes do (agent_main)",
        choices=PROTOCOLS,
    ),
    Option(
        "include-solutions",
        flag,
        False,
        "",
        "give agents of patch tasks started by agent_main() the solution, at /sandbox/solution.diff, to try out that"
        " they run; the board says so and nothing is paid",
    ),
    Option("seed", int, None, "N", "draw what differs per evaluation from this seed", automatic="drawn"),
    Option(
        "submitted",
        str,
        "",
        "TIME",
        "when the agents were handed in, such as 2026-01-31T12:00:00Z: of those that answer alike it tells the first",
        automatic="the start of the first evaluation of a version",
    ),
    Option(
        "junit",
        str,
        "record",
        "FORM",
        "plain: write junit.plain.xml too, for programs that refuse properties in a testcase, such as Jenkins",
        choices=("record", "plain"),
    ),
    Option("fail-under", float, None, "N", "exit 1 if an agent scores less than this", unit="points"),
    Option(
        "progress",
        str,
        "auto",
        "MODE",
        "live lines at the foot of the terminal, one line every 30 s (log), or nothing (off);"
        " auto: live on a terminal, log where CI is set, else long waits for another evaluation alone",
        choices=PROGRESS_MODES,
    ),
    Option(
        "publish",
        str,
        OUTCOMES,
        "WHAT",
        "what everybody may read of a run: outcomes, or also what agents printed (answers) on tasks that ask for code"
        " or text",
        choices=(OUTCOMES, ANSWERS),
    ),
)
SCORING = (
    Option("emission", str, "100", "TAO", "reward pool that is split"),
    Option("rewards", str, "score", "RULE", "reward rule", choices=tuple(sorted(RULE_NAMES))),
    Option("tiebreak", str, "none", "RULE", "what ranks equal scores", choices=TIEBREAKS),
    Option(
        "screen",
        str,
        "",
        "SUITE:POINTS",
        "run this suite's tasks first; an agent below so many points on them is scored on them alone",
    ),
    Option(
        "prune",
        int,
        None,
        "TOP",
        "stop an agent that can no longer reach this rank; no rank behind it is paid",
        unit="rank",
    ),
    Option("baseline", str, "", "XML", "the earlier junit file for --bitsec-rewards=improvement or progress"),
    Option(
        "half-life",
        float,
        None,
        "N",
        "after so long --bitsec-rewards=progress pays half for a gain",
        unit="days",
        automatic=f"{HALF_LIFE_DAYS:g}",
    ),
    Option("repeat", int, 1, "K", "do every run K times", unit="runs"),
    Option(
        "at-least",
        int,
        None,
        "N",
        "a task counts in full if N of its runs pass every check, else not",
        unit="runs",
        automatic="the mean of its runs",
    ),
    Option(
        "matcher",
        str,
        "",
        "NAME",
        "who decides whether a reported finding is the expected one: lexical, judge, or a plugin's",
        automatic="judge where BITSEC_JUDGE_MODEL is set, else lexical",
    ),
)
REUSE = (
    Option("reuse", flag, False, "", "run only what is new; answers of runs done before are checked again"),
    Option("resume", flag, False, "", "continue an interrupted evaluation"),
    Option("rerun", str, "", "WHAT", "repeat the void runs of the last evaluation", choices=RERUNS),
)
SANDBOX = (
    Option("sandbox", str, "docker", "NAME", "what starts sandboxes: docker, oci, or a plugin's engine"),
    Option(
        "image",
        str,
        "",
        "NAME",
        "sandbox image; for oci the folder of its root file system",
        automatic=IMAGE,
    ),
    Option(
        "evm-image",
        str,
        "",
        "NAME",
        "image of patch and exploit tasks; for oci the folder of its root file system",
        automatic=f"{EVM_IMAGE}; for oci the folder {EVM_ROOT} beside the other",
    ),
    Option(
        "engine",
        addresses,
        (),
        "URL",
        "use this engine too: unix://, tcp://, ssh://, docker: or oci:, each with ,jobs=N if wanted;"
        " instead of --bitsec-sandbox",
    ),
    Option("cluster", str, "", "URL", "use the nodes of the cluster with this Dask scheduler: tls://HOST:PORT"),
    Option("cluster-tls", str, "", "DIR", "folder with the ca.pem, cert.pem and key.pem of the cluster"),
    Option(
        "order",
        str,
        RunOrder.AGENTS_FIRST.value,
        "ORDER",
        "agents-first: no agent runs on this machine while a sandbox holds hidden inputs;"
        " interleaved: faster, for suites that are no secret, and results say so",
        choices=tuple(RunOrder),
    ),
    Option("runtime", str, "", "NAME", "the engine's runtime for sandboxes, such as crun"),
    Option(
        "accept-weaker",
        words,
        (),
        "NAME",
        "evaluate without this control, which `bitsec-eval doctor` calls missing; results say so",
    ),
    Option(
        "state",
        str,
        "",
        "DIR",
        "where validators of this machine keep their locks",
        automatic="$XDG_RUNTIME_DIR/bitsec-eval, else a folder of the user in the temporary directory",
    ),
)
SECTIONS = {
    "Evaluation": EVALUATION,
    "Scores and rewards": SCORING,
    "Reuse and resume": REUSE,
    "Sandboxes": SANDBOX,
    "LLM": LLM_OPTIONS,
}
OPTIONS = tuple(option for section in SECTIONS.values() for option in section)


def add_options(parser: pytest.Parser) -> None:
    """Add the options of an evaluation to pytest's."""
    group = parser.getgroup("bitsec", "evaluation of agents (bitsec-eval)")
    for option in OPTIONS:
        option.add_to(parser, group)


def options_of(config: pytest.Config) -> OptionValues:
    """Return the values of all options."""
    return OptionValues(config, OPTIONS)
