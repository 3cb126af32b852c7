"""Ownership of miner ids: the first to upload owns one, by the token that upload returned."""

from collections.abc import Callable
from dataclasses import dataclass

from bitsec_eval.hub.problems import OUTPUT_WITHOUT_TOKEN, TOKEN_MISSING, TOKEN_WRONG, WEAK_TOKEN, Refused, too_many
from bitsec_eval.hub.storage.store import Store
from bitsec_eval.hub.uploads.form import UploadForm
from bitsec_eval.hub.uploads.rate_limit import RateLimit
from bitsec_eval.hub.uploads.tokens import is_strong, new_token, owns, token_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An upload's proven owner; both fields are None unless the upload makes him one."""

    token: str | None = None
    token_hash: str | None = None


class Owners:
    """Decides who may upload, and slows down who guesses."""

    def __init__(self, store: Store, wrong_tokens_per_minute: int, clock: Callable[[], float]) -> None:
        self._store = store
        self._wrong = RateLimit(wrong_tokens_per_minute, clock)

    def authorise(self, form: UploadForm, address: str) -> Owner:
        """Return the owner.

        A token given for a miner id that has no owner is as wrong as any other: the answer tells nothing apart.
        `new_token` owns what it was given for before, so a client whose first answer was lost can ask again.

        Raises: Refused, with nothing changed.
        """
        wait = self._wrong.wait_seconds((address, form.miner_id))
        if wait:
            raise Refused(too_many(wait))
        unowned = self._store.token_hash(form.miner_id) is None or self._store.is_free(form.miner_id)
        if unowned and form.token is None and self._may_begin(form.miner_id):
            return _new_owner(form.new_token)
        self._check_token(form, address)
        return Owner()

    def prove(self, miner_id: str, token: str | None, address: str) -> None:
        """Return if `token` is the owner's.

        Raises: Refused where none is given, it is wrong, or too many wrong ones were.
        """
        wait = self._wrong.wait_seconds((address, miner_id))
        if wait:
            raise Refused(too_many(wait))
        if not token:
            raise Refused(OUTPUT_WITHOUT_TOKEN)
        self._check(token, miner_id, address)

    def _may_begin(self, miner_id: str) -> bool:
        """An id with a record but no token was released by the operator; a file without a record is his own."""
        return self._store.record(miner_id) is not None or self._store.is_free(miner_id)

    def _check_token(self, form: UploadForm, address: str) -> None:
        given = form.token or form.new_token
        if given is None:
            raise Refused(TOKEN_MISSING)
        self._check(given, form.miner_id, address)

    def _check(self, token: str, miner_id: str, address: str) -> None:
        if not owns(token, self._store.token_hash(miner_id)):
            self._wrong.count((address, miner_id))
            raise Refused(TOKEN_WRONG)


def _new_owner(chosen: str | None) -> Owner:
    if chosen is not None and not is_strong(chosen):
        raise Refused(WEAK_TOKEN)
    token = chosen or new_token()
    return Owner(token=token, token_hash=token_hash(token))
