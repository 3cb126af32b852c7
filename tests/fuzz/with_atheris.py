"""Fuzz the readers by coverage: `pip install atheris`, then `python tests/fuzz/with_atheris.py --seconds 600`.

Each reader runs in a process of its own for its share of the time; a finding stops it and is printed with its bytes.
The exit code is the number of readers that had one.
"""

import argparse
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]


def fuzz(name: str, seconds: int, seeds: Path) -> None:
    """Fuzz one reader in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["bitsec_eval"]):
        from fuzz.readers import READERS, read
    for number, example in enumerate(READERS[name].examples):
        (seeds / f"example-{number}").write_bytes(example)
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-rss_limit_mb=2048", "-timeout=20"]
    options += [f"-artifact_prefix={seeds}/", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(seeds)], lambda data: read(name, data))
    atheris.Fuzz()


def main() -> int:
    """Fuzz every reader, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for all readers together (default: 600)")
    parser.add_argument("--reader", help="only this one, in this process")
    parser.add_argument("--seeds", type=Path, help="where its examples and findings go")
    args = parser.parse_args()
    if find_spec("atheris") is None:
        parser.error("atheris is not installed; pip install atheris")
    if args.reader:
        fuzz(args.reader, args.seconds, args.seeds)
    from fuzz.readers import READERS

    findings = [name for name in READERS if not _passes(name, max(1, args.seconds // len(READERS)))]
    print(f"{len(READERS)} readers, findings in: {', '.join(findings) or 'none'}")
    return len(findings)


def _passes(name: str, seconds: int) -> bool:
    with tempfile.TemporaryDirectory() as seeds:
        command = [sys.executable, __file__, "--reader", name, "--seconds", str(seconds), "--seeds", seeds]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {told[0].split()[-1] if told else 'no count of'} cases, exit {done.returncode}", flush=True)
        if done.returncode:
            print(done.stdout[-4000:], done.stderr[-4000:], sep="\n")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
