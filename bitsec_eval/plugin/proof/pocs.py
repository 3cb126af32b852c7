"""Runs the pocs that findings bring: a finding whose poc works is matched without a look at its words.

A poc that fails, for whatever reason of its own, leaves its finding to its words. What fails on our side is an
exception, as with every other verdict: then the check is made again, and at last void.
"""

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.judge import judge_exploit
from bitsec_eval.core.proof.verdict import ExploitVerdict, PocResult
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.proof.case_files import CaseFiles
from bitsec_eval.plugin.proof.verdicts import compiled_exploit
from bitsec_eval.sandbox.evm.places import EvmSandboxes


def run_pocs(files: CaseFiles, places: EvmSandboxes, agent: str, report: Report) -> tuple[PocResult, ...]:
    """Run the pocs of a report one after the other, up to the first that works.

    Raises:
        TaskError, SandboxError: a control failed, or a sandbox.
    """
    results: list[PocResult] = []
    for number, finding in enumerate(report.findings):
        if finding.poc and not any(result.works for result in results):
            results.append(_result(number, files, places, agent, finding.poc))
    return tuple(results)


def _result(number: int, files: CaseFiles, places: EvmSandboxes, agent: str, source: str) -> PocResult:
    try:
        verdict = _verdict(files, places, agent, source)
    except AnswerFault as fault:
        return PocResult(finding=number, works=False, reason=one_line(str(fault), 400))
    return PocResult(finding=number, works=verdict.proven, reason=verdict.reason, attacks=verdict.attacks)


def _verdict(files: CaseFiles, places: EvmSandboxes, agent: str, source: str) -> ExploitVerdict:
    case = files.case(places)
    poc = compiled_exploit(files, places, agent, source)
    return places.run(agent, lambda machine: judge_exploit(case, machine, poc))
