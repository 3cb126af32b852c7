"""`evmbench`: make tasks of EVMbench's audits."""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bitsec_eval.core.errors import AnswerFault, SandboxError
from bitsec_eval.core.proof.foundry import Controls, FoundryCase, run_controls
from bitsec_eval.evmbench.audit import read_audit
from bitsec_eval.evmbench.importer import KINDS, import_audit
from bitsec_eval.evmbench.overview import Importable, importable_audits
from bitsec_eval.support.terminal import log, log_step

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Commands") -> None:
    """Add the command and its own command to the command line."""
    parser = subparsers.add_parser("evmbench", help="EVMbench: import audits", description=__doc__)
    commands = parser.add_subparsers(dest="evmbench", required=True, metavar="COMMAND")
    importing = commands.add_parser(
        "import",
        help="make tasks of an audit whose project you have checked out",
        description="Make patch and detect tasks of an audit. The hidden tests are run on the faulty and on the"
        " mended project, in the image that `image build --foundry` makes; an audit whose tests do not tell these"
        " apart, or whose libraries are not in the checkout, is refused.",
    )
    importing.add_argument("checkout", type=Path, metavar="CHECKOUT", help="a copy of EVMbench, with its audits/")
    importing.add_argument("--audit", required=True, metavar="ID", help="such as 2025-01-liquid-ron")
    importing.add_argument(
        "--source", type=Path, metavar="DIR", help="the audited project (default: CHECKOUT/sources/ID)"
    )
    importing.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="such as task_suites/evmbench"
    )
    importing.add_argument(
        "--kind", nargs="+", choices=KINDS, default=[], help="tasks to make (default: all that the audit allows)"
    )
    importing.add_argument(
        "--no-run", action="store_true", help="leave the controls to the first evaluation; needs no engine"
    )
    importing.set_defaults(run=_import)
    listing = commands.add_parser(
        "list",
        help="say which tasks can be made of each audit, and why others cannot",
        description="Say which tasks can be made of each audit of a copy of EVMbench. Nothing is run.",
    )
    listing.add_argument("checkout", type=Path, metavar="CHECKOUT", help="a copy of EVMbench, with its audits/")
    listing.add_argument(
        "--sources", type=Path, metavar="DIR", help="checked out projects, by audit (default: CHECKOUT/sources)"
    )
    listing.set_defaults(run=_list)
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    code: int = args.run(args)
    return code


def _import(args: argparse.Namespace) -> int:
    audit = read_audit(args.checkout, args.audit)
    source = args.source or args.checkout / "sources" / audit.id
    with ExitStack() as stack:
        prove = None if args.no_run else lambda case: stack.enter_context(_prover())(case)
        made = import_audit(audit, source, args.output, tuple(dict.fromkeys(args.kind)), prove)
    log(*made.lines)
    return 0


def _list(args: argparse.Namespace) -> int:
    found = list(importable_audits(args.checkout, args.sources or args.checkout / "sources"))
    log(*(each if isinstance(each, str) else each.line for each in found))
    read = [each for each in found if isinstance(each, Importable)]
    patches = sum(not each.no_patch for each in read)
    exploits = sum(bool(each.no_exploit) for each in read)
    log(
        f"{len(found)} audits: detect tasks of {len(read)}, patch tasks of {patches},"
        f" exploit tasks of 0 ({exploits} have one)"
    )
    return 0


@contextmanager
def _prover() -> Iterator[Callable[[FoundryCase], Controls]]:
    """Lend what runs controls in a sandbox."""
    from bitsec_eval.sandbox.engines import engine_of, engine_settings  # loads Docker's SDK
    from bitsec_eval.sandbox.evm.forge import ForgeSandboxes
    from bitsec_eval.sandbox.image_names import FOUNDRY_IMAGE

    with tempfile.TemporaryDirectory(prefix="bitsec-evmbench-") as state, ExitStack() as stack:
        engine = stack.enter_context(engine_of(engine_settings("docker", Path(state), FOUNDRY_IMAGE, None)))
        places = ForgeSandboxes(engine)
        stack.callback(places.close)

        def prove(case: FoundryCase) -> Controls:
            log_step(f"running the tests of {case.name} on the faulty and on the mended project")
            try:
                return places.run("", lambda forge: run_controls(case, forge))
            except AnswerFault as fault:
                raise SandboxError(f"{case.name}: {fault}") from None

        yield prove
