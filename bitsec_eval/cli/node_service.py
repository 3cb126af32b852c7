"""Runs `node`: checks the options and this machine, opens the engine and offers it."""

import argparse
import asyncio
import os
from contextlib import AbstractContextManager, ExitStack

from bitsec_eval.core.errors import SettingsError


def serve(args: argparse.Namespace) -> int:
    """Offer sandboxes until a signal; return the exit code."""
    _offer(args)
    return 0


def _offer(args: argparse.Namespace) -> None:
    try:
        from bitsec_eval.cluster.images import NodeEngines
        from bitsec_eval.cluster.node import NodeSettings, offer
        from bitsec_eval.cluster.settings import cluster_settings
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is not installed; pip install 'bitsec-eval[cluster]'") from None
    from bitsec_eval.sandbox.engines import Engine, engine_of, engine_settings, task_image
    from bitsec_eval.sandbox.preflight import look, opened, refuse
    from bitsec_eval.sandbox.uid_lease import state_folder

    if args.sandboxes < 1:
        raise SettingsError(f"--sandboxes must be at least 1 (got {args.sandboxes})")
    cluster = cluster_settings(args.scheduler, args.tls)
    state = args.state or state_folder(os.environ)
    engine = engine_settings(args.sandbox, state, args.image, args.runtime)
    refuse(engine, state, ())

    def open_image(name: str) -> AbstractContextManager[Engine]:
        image = task_image(args.sandbox, args.image, name)
        return engine_of(engine_settings(args.sandbox, state, image, args.runtime))

    with ExitStack() as stack:
        sandbox = stack.enter_context(engine_of(engine))
        engines = NodeEngines(sandbox, state, open_image, stack)
        settings = NodeSettings(
            cluster=cluster,
            name=args.name,
            jobs=args.sandboxes,
            look=lambda memory_mib: [*look(engine, state, args.sandboxes, memory_mib), opened(sandbox)],
            host=args.host,
            port=args.port,
        )
        asyncio.run(offer(settings, engines, _log))


def _log(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command prints
