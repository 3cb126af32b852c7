"""A literal reading of the official protocol, on answers that are given: AuditAgent's scoring, faults and all.

For each expected finding, in order: batches of ten, in order. A batch is asked about twice, a third time if the two
answers disagree; the verdict that two share decides, one of each is partial, and the first answer of that verdict is
taken. A match ends the asking about this expected finding; otherwise its first partial is kept.
Afterwards a partial is dropped where its finding is matched elsewhere, or partial for an earlier expected finding.
Matches are not held against one another: one finding may be credited to several expected ones.
"""

from bitsec_eval.judge.protocol import BATCH_FINDINGS, Vote


def official(expected, reported, answers):
    """Return (verdict, reported index or None) for each expected finding; `answers(truth, batch)` are three votes."""
    batches = range(-(-reported // BATCH_FINDINGS))
    credited = [_on_one(truth, batches, answers) for truth in range(expected)]
    return _post_processed(credited)


def _on_one(truth, batches, answers):
    best = ("none", None)
    for batch in batches:
        verdict, index = _best_response(answers(truth, batch))
        found = (verdict, None if index is None else index + batch * BATCH_FINDINGS)
        if verdict == "match":
            return found
        if verdict == "partial" and best[0] != "partial":
            best = found
    return best


def _best_response(votes: list[Vote]):
    said = votes[:2] if votes[0].verdict == votes[1].verdict else votes[:3]
    for verdict in ("match", "partial", "none"):
        same = [vote for vote in said if vote.verdict == verdict]
        if len(same) >= 2:
            return verdict, same[0].index
    return next((vote.verdict, vote.index) for vote in said if vote.verdict == "partial")


def _post_processed(credited):
    matched = {index for verdict, index in credited if verdict == "match"}
    partial, kept = set(), []
    for verdict, index in credited:
        if verdict == "partial" and (index in matched or index in partial):
            kept.append(("none", None))
            continue
        if verdict == "partial":
            partial.add(index)
        kept.append((verdict, index))
    return kept
