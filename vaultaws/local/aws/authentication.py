"""Who is calling: the signature leads to a key, the key to a caller."""

from __future__ import annotations

import hmac
from datetime import datetime

from vaultaws.local.aws import payload, sigv4
from vaultaws.local.aws.call import Caller
from vaultaws.local.aws.hooks import Clock
from vaultaws.local.aws.keys import Key, Keys
from vaultaws.local.aws.refusals import Refusal, RefusedError


class Authentication:
    """Checks signatures against the keys of one account."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def caller(self, message: sigv4.Message, signature: sigv4.Signature) -> Caller:
        """The caller a valid signature proves. Raises RefusedError.

        In AWS's order: the key, its token, the token's end, the request's time, the signature.
        """
        now = self._clock.now()
        key = self._keys.find(signature.access_key_id, now)
        if key is None or not key.active:
            raise RefusedError(Refusal.UNKNOWN_KEY)
        _check_token(key, signature.token)
        _check_end(key, now)
        claimed = payload.claim(message, signature)
        signing_key = sigv4.verify(
            message,
            signature,
            key.secret.reveal(),
            payload=claimed,
            now=self._clock.wall(),
        )
        payload.check(message, claimed, signature, signing_key)
        self._keys.touch(signature.access_key_id, signature.service, signature.region, now)
        return key.caller


def _check_token(key: Key, token: str) -> None:
    """A session's key needs its own token; a long-term key has none."""
    if key.token is None:
        if token:
            raise RefusedError(Refusal.BAD_TOKEN)
    elif not token:
        raise RefusedError(Refusal.UNKNOWN_KEY)
    elif not hmac.compare_digest(key.token.reveal().encode(), token.encode("latin-1", "replace")):
        raise RefusedError(Refusal.BAD_TOKEN)


def _check_end(key: Key, now: datetime) -> None:
    if key.expires_at is not None and now >= key.expires_at:
        raise RefusedError(Refusal.TOKEN_EXPIRED)
