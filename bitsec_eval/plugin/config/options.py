"""The options of an evaluation; nothing here loads an engine, since every pytest run of an environment comes by."""

import pytest

from bitsec_eval.core.rewards import RULE_NAMES
from bitsec_eval.core.usage import TIEBREAKS
from bitsec_eval.plugin.config.llm_options import add_llm_options
from bitsec_eval.plugin.config.repeat_options import add_repeat_options
from bitsec_eval.plugin.config.reuse_options import add_reuse_options
from bitsec_eval.plugin.progress.reporter import add_progress_options
from bitsec_eval.sandbox.hardening.policy import IMAGE


def add_options(parser: pytest.Parser) -> None:
    """Add the options of an evaluation to pytest's."""
    group = parser.getgroup("bitsec", "evaluation of agents (bitsec-eval)")
    group.addoption("--bitsec-agents", metavar="PATH", help="evaluate these agents: a folder of NAME.py, or one file")
    group.addoption("--bitsec-jobs", metavar="N", type=int, help="runs at the same time (default: CPUs)")
    group.addoption("--bitsec-seed", metavar="N", type=int, help="draw what differs per evaluation from this seed")
    group.addoption("--bitsec-emission", metavar="TAO", default="100", help="what is shared out (default: 100)")
    group.addoption(
        "--bitsec-rewards", choices=sorted(RULE_NAMES), default="score", help="how it is shared out (default: score)"
    )
    group.addoption(
        "--bitsec-tiebreak", choices=TIEBREAKS, default="none", help="what ranks equal scores (default: none)"
    )
    group.addoption("--bitsec-results", metavar="DIR", default="results", help="where results go (default: results)")
    group.addoption("--bitsec-fail-under", metavar="N", type=float, help="exit 1 if an agent scores less than this")
    group.addoption(
        "--bitsec-sandbox",
        choices=("docker", "oci"),
        default="docker",
        help="what starts sandboxes (default: docker)",
    )
    group.addoption(
        "--bitsec-image", metavar="NAME", help=f"sandbox image (default: {IMAGE}); for oci the folder of its files"
    )
    group.addoption(
        "--bitsec-runtime", metavar="NAME", help="the engine's runtime for sandboxes, such as crun or runsc"
    )
    group.addoption(
        "--bitsec-accept-weaker",
        metavar="NAME",
        action="append",
        default=[],
        help="evaluate without this control, which `python -m bitsec_eval doctor` calls missing; results say so",
    )
    group.addoption("--bitsec-state", metavar="DIR", help="where validators of this machine keep their locks")
    add_llm_options(parser)
    add_repeat_options(parser)
    add_reuse_options(parser)
    add_progress_options(parser)
