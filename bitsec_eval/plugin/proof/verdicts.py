"""An answer to a patch or exploit task on its way to a verdict: parsed, compiled, run."""

from collections.abc import Mapping
from dataclasses import dataclass

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.answer import EXPLOIT_FILE, parse_exploit, parse_patch
from bitsec_eval.core.proof.build import Artifact, Build, compiler_input, read_build
from bitsec_eval.core.proof.case import ProofCase
from bitsec_eval.core.proof.judge import judge_exploit, judge_patch
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.proof.verdict import ExploitVerdict, PatchVerdict
from bitsec_eval.plugin.proof.case_files import EXPLOIT, CaseFiles, solidity
from bitsec_eval.sandbox.evm.places import EvmSandboxes

Verdict = ExploitVerdict | PatchVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict, and the project it is about as it was run."""

    verdict: Verdict
    case: ProofCase
    build: Build


def judged(files: CaseFiles, places: EvmSandboxes, agent: str, kind: str, text: str) -> Judged:
    """Return the verdict on `text`, what `agent` printed for a task of `kind` "exploit" or "patch".

    Raises:
        AnswerFault: nothing of it can be judged.
        TaskError, SandboxError: a control failed, or the sandbox.
    """
    return (_judged_exploit if kind == "exploit" else _judged_patch)(files, places, agent, text)


def _judged_exploit(files: CaseFiles, places: EvmSandboxes, agent: str, text: str) -> Judged:
    answer = parse_exploit(text)
    case = files.case(places)
    artifact = compiled_exploit(files, places, agent, answer.source)
    verdict = places.run(agent, lambda machine: judge_exploit(case, machine, artifact, answer.transactions))
    return Judged(verdict=verdict, case=case, build=case.faulty)


def _judged_patch(files: CaseFiles, places: EvmSandboxes, agent: str, text: str) -> Judged:
    patched = parse_patch(text, files.project, files.editable)
    case = files.case(places)
    build = files.with_code_of(case.faulty, _compiled_patch(files, places, agent, patched))
    verdict = places.run(agent, lambda machine: judge_patch(case, machine, build))
    return Judged(verdict=verdict, case=case, build=build)


def compile_answer(files: CaseFiles, places: EvmSandboxes, agent: str, kind: str, text: str) -> None:
    """Read and compile an answer as for its verdict, and run nothing.

    Raises:
        AnswerFault: it cannot be read, or does not compile; the message holds the compiler's first error.
        SandboxError: the sandbox failed.
    """
    if kind == "exploit":
        compiled_exploit(files, places, agent, parse_exploit(text).source)
    else:
        _compiled_patch(files, places, agent, parse_patch(text, files.project, files.editable))


def compiled_exploit(files: CaseFiles, places: EvmSandboxes, agent: str, source: str) -> Artifact:
    """Compile the source of a contract Exploit beside the project.

    Raises:
        AnswerFault: it does not compile, or holds no such contract.
        SandboxError: the sandbox failed.
    """
    sources = {**solidity(files.project), EXPLOIT_FILE: source}
    output = places.compile_answer(agent, files.version, compiler_input(sources, wanted=(EXPLOIT_FILE,)))
    found = read_build(output).artifacts.get((EXPLOIT_FILE, EXPLOIT))
    if found is None or found.code is None or found.constructor:
        raise AnswerFault(Public.NO_CONTRACT, Public.NO_CONTRACT)
    return found


def _compiled_patch(files: CaseFiles, places: EvmSandboxes, agent: str, patched: Mapping[str, str]) -> Build:
    return read_build(places.compile_answer(agent, files.version, compiler_input(solidity(patched))))


def stands_of(verdict: Verdict) -> bool:
    """Return whether a verdict is for the answer."""
    return verdict.proven if isinstance(verdict, ExploitVerdict) else verdict.accepted


def refuse(verdict: Verdict) -> None:
    """Raise what fails a check, unless the verdict is for the answer.

    Raises:
        AnswerFault: it is not.
    """
    if not stands_of(verdict):
        raise AnswerFault(verdict.reason, verdict.public or "the answer does not stand")
