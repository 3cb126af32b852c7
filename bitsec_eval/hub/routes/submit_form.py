"""The page with the form to upload an agent: empty, or as it was sent when the upload was refused."""

from starlette.responses import HTMLResponse

from bitsec_eval.core.agents.agent_name import NAME_RULE
from bitsec_eval.hub.http.error_responses import for_browser, problem_headers
from bitsec_eval.hub.problems import Problem
from bitsec_eval.hub.service import Hub
from bitsec_eval.hub.uploads.form import UploadForm
from bitsec_eval.hub.views.html import page

_OF_TOKEN = {"token_missing", "token_wrong"}


def submit_form(hub: Hub, typed: UploadForm | None = None, problem: Problem | None = None) -> HTMLResponse:
    """Return the form; after a refusal with the reason and what was typed, but for a token that was wrong.

    A browser never sends back which file was chosen, so that is asked for again.
    """
    keeps_token = typed and problem and problem.reason not in _OF_TOKEN
    return page(
        "submit.html",
        base=hub.settings.base_path,
        status=problem.status if problem else 200,
        headers=problem_headers(problem) if problem else None,
        title="Submit an agent",
        name_rule=NAME_RULE,
        python=hub.python,
        tasks=hub.catalogue.tasks(),
        libraries=sorted(hub.imports.libraries()),
        problem=for_browser(problem) if problem else None,
        is_first=typed is not None and hub.store.record(typed.miner_id) is None,
        miner_id=typed.miner_id if typed else "",
        token=(typed.token or "") if typed and keeps_token else "",
    )
