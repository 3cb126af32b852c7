"""Reads the signed records of several validators for `leaderboard --validators`."""

import argparse
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.scoring.agreement import MEDIAN, joined

FEWEST = 2
DEFAULT_RULE = MEDIAN


def signed_records(args: argparse.Namespace) -> dict[str, Evaluation]:
    """Return what each validator evaluated, by the name of its key in --trusted, else by what it calls itself.

    Raises: ResultsError where a signature does not hold, SettingsError where fewer than two validators signed.
    """
    from bitsec_eval.signing.keys import PublicKey  # loads cryptography, an extra
    from bitsec_eval.signing.record import verified_evaluation
    from bitsec_eval.signing.trusted import read_trusted

    trusted = read_trusted(args.trusted) if args.trusted else None
    files: dict[PublicKey, list[Evaluation]] = defaultdict(list)
    names: dict[PublicKey, str] = {}
    for path in args.validators:
        evaluation, signed = verified_evaluation(path, trusted=trusted)
        files[signed.key].append(evaluation)
        names[signed.key] = trusted[signed.key] if trusted else signed.signer
    if len(files) < FEWEST:
        raise SettingsError(f"--validators: one validator signed all of {_shown(args.validators)}; give several's")
    return {_distinct(names[key], key.text, names.values()): joined(told, names[key]) for key, told in files.items()}


def _distinct(name: str, key: str, names: Collection[str]) -> str:
    """Return a name that no other validator has: several that call themselves alike are told apart by their keys."""
    return name if list(names).count(name) == 1 else f"{name} ({key.partition(':')[2][:8]})"


def _shown(paths: list[Path]) -> str:
    return ", ".join(map(str, paths[:3]))
