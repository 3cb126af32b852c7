"""An LLM as the judge of findings, by the official protocol of ScaBench, with what makes its verdicts checkable."""

from collections.abc import Mapping
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.text import one_line

MODEL, URL, KEY, RECORD = "BITSEC_JUDGE_MODEL", "BITSEC_JUDGE_URL", "BITSEC_JUDGE_KEY", "BITSEC_JUDGE_RECORD"
BUDGET = "BITSEC_JUDGE_CHARACTERS"
MOST_CHARACTERS = 10**12


def matcher_from(environ: Mapping[str, str]) -> Matcher[Finding]:
    """Return the matcher an environment asks for: an LLM judge where BITSEC_JUDGE_MODEL is set, else the lexical one.

    BITSEC_JUDGE_URL is the address of an OpenAI-compatible endpoint and BITSEC_JUDGE_KEY its key.
    BITSEC_JUDGE_RECORD is a file of judgements, which grows; without a key only what it holds is answered.
    BITSEC_JUDGE_CHARACTERS is how much the judge may read of one report; what is beyond is no match.

    Raises:
        SettingsError: a model is named, but neither a key nor a record; or the characters are no number.
    """
    model = environ.get(MODEL, "")
    if not model:
        return LexicalMatcher()
    record, key = environ.get(RECORD, ""), environ.get(KEY, "") or environ.get("OPENAI_API_KEY", "")
    if not key and not record:
        raise SettingsError(f"{MODEL} is set, but no {KEY}; set the judge's key, or {RECORD} to replay judgements")
    return llm_matcher(
        model=model,
        api_key=key,
        url=environ.get(URL, ""),
        record=Path(record) if record else None,
        characters=_characters(environ.get(BUDGET, "")),
    )


def _characters(told: str) -> int | None:
    if told and not (told.isascii() and told.isdigit() and 0 < int(told) <= MOST_CHARACTERS):
        raise SettingsError(f"{BUDGET} {one_line(told, 40)}: give a whole number from 1 to {MOST_CHARACTERS}")
    return int(told) if told else None


def llm_matcher(
    *, model: str, api_key: str, url: str = "", record: Path | None = None, characters: int | None = None
) -> Matcher[Finding]:
    """Return a matcher that asks `model` at `url` and reads so many `characters` of a report, or as many as it does.

    Without a key it only replays `record`.
    """
    from bitsec_eval.judge.client import DEFAULT_URL, OpenAIJudge  # an HTTP client is loaded only here
    from bitsec_eval.judge.matcher import CHARACTERS, LLMMatcher
    from bitsec_eval.judge.record import Judge

    client = OpenAIJudge(model=model, api_key=api_key, url=url or DEFAULT_URL) if api_key else None
    return LLMMatcher(judge=Judge(client=client, model=model, record=record), characters=characters or CHARACTERS)
