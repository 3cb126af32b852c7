"""Artifacts of an evaluation beside junit: the board as a page and JSON, a page a run, a step summary."""

from collections.abc import Mapping
from pathlib import Path

from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.scoring.leaderboard import Leaderboard
from bitsec_eval.plugin.reporting.timeline import CheckTimes
from bitsec_eval.render.artifacts import finish_runs
from bitsec_eval.render.findings import FOLDER
from bitsec_eval.render.findings_index import write_index
from bitsec_eval.render.html import board_html
from bitsec_eval.render.json import board_json
from bitsec_eval.render.links import BOARD, pages_beside
from bitsec_eval.render.tables import board_markdown
from bitsec_eval.render.trace import write_run_pages
from bitsec_eval.schedule.runs import RunKey
from bitsec_eval.support.atomic_files import write_text

SUMMARY = "GITHUB_STEP_SUMMARY"


class ArtifactWriter:
    """Writes the files of every evaluation; GitHub's step summary is appended to where its variable is set."""

    def __init__(self, times: CheckTimes, environment: Mapping[str, str]) -> None:
        self._times = times
        self._environment = environment

    def pytest_bitsec_write_artifacts(self, results: Path, evaluation: Evaluation, board: Leaderboard) -> list[str]:
        """Write everything and return a line for each thing that could not be written."""
        finish_runs(results, evaluation, lambda run: self._times.of_run(RunKey(run.agent, run.task, run.repeat)))
        write_run_pages(results, board)
        write_text(results / "leaderboard.json", board_json(board))
        write_text(results / BOARD, board_html(board, run_pages=pages_beside(results)))
        write_index(results / FOLDER, evaluation.id)
        summary = self._environment.get(SUMMARY)
        return _summarise(Path(summary), board) if summary else []


def _summarise(path: Path, board: Leaderboard) -> list[str]:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"## Leaderboard\n\n{board_markdown(board)}\n")
    except OSError as error:
        return [f"{SUMMARY} {path}: cannot be written ({error.strerror}); the board is in the results folder"]
    return []
