"""An LLM as the judge of findings, by the official protocol of ScaBench, with what makes its verdicts checkable."""

from collections.abc import Mapping
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.matching.lexical import LexicalMatcher

MODEL, URL, KEY, RECORD = "BITSEC_JUDGE_MODEL", "BITSEC_JUDGE_URL", "BITSEC_JUDGE_KEY", "BITSEC_JUDGE_RECORD"


def matcher_from(environ: Mapping[str, str]) -> Matcher[Finding]:
    """Return the matcher an environment asks for: an LLM judge where BITSEC_JUDGE_MODEL is set, else the lexical one.

    BITSEC_JUDGE_URL is the address of an OpenAI-compatible endpoint and BITSEC_JUDGE_KEY its key.
    BITSEC_JUDGE_RECORD is a file of judgements, which grows; without a key only what it holds is answered.

    Raises:
        SettingsError: a model is named, but neither a key nor a record.
    """
    model = environ.get(MODEL, "")
    if not model:
        return LexicalMatcher()
    record, key = environ.get(RECORD, ""), environ.get(KEY, "") or environ.get("OPENAI_API_KEY", "")
    if not key and not record:
        raise SettingsError(f"{MODEL} is set, but no {KEY}; set the judge's key, or {RECORD} to replay judgements")
    return llm_matcher(model=model, api_key=key, url=environ.get(URL, ""), record=Path(record) if record else None)


def llm_matcher(*, model: str, api_key: str, url: str = "", record: Path | None = None) -> Matcher[Finding]:
    """Return a matcher that asks `model` at `url`; without a key it only replays `record`."""
    from bitsec_eval.judge.client import DEFAULT_URL, OpenAIClient  # the library takes a second to load
    from bitsec_eval.judge.matcher import LLMMatcher
    from bitsec_eval.judge.record import Judge

    client = OpenAIClient(model=model, api_key=api_key, url=url or DEFAULT_URL) if api_key else None
    return LLMMatcher(judge=Judge(client=client, model=model, record=record))
