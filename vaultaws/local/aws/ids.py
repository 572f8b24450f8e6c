"""Identifiers as IAM makes them (IAM user guide, "IAM identifiers", unique ID prefixes).

Those of keys and principals carry the account in their first characters, as AWS's do, so that
GetAccessKeyInfo needs no index.
"""

from __future__ import annotations

import base64
import secrets
import string
from typing import Final

USER: Final = "AIDA"
ROLE: Final = "AROA"
GROUP: Final = "AGPA"
POLICY: Final = "ANPA"
INSTANCE_PROFILE: Final = "AIPA"
SERVICE_CREDENTIAL: Final = "ACCA"
LONG_TERM_KEY: Final = "AKIA"
SESSION_KEY: Final = "ASIA"

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ACCOUNT_BITS: Final = 40


def new_id(prefix: str, account_id: str) -> str:
    """A fresh id: 20 characters for a key, 21 for all else."""
    number = 1 << _ACCOUNT_BITS | int(account_id)
    number = number << 39 | secrets.randbits(39)
    text = base64.b32encode(number.to_bytes(10, "big")).decode()
    tail = "" if prefix in {LONG_TERM_KEY, SESSION_KEY} else secrets.choice(_BASE32)
    return prefix + text + tail


def account_of(key_id: str) -> str:
    """The account an access key id belongs to. Raises ValueError when it is no such id."""
    if len(key_id) != 20 or not key_id.startswith((LONG_TERM_KEY, SESSION_KEY)):
        msg = "not an access key id"
        raise ValueError(msg)
    number = int.from_bytes(base64.b32decode(key_id[4:]), "big")
    account = number >> 39 & ((1 << _ACCOUNT_BITS) - 1)
    return f"{account:012d}"


def new_secret() -> str:
    """A secret access key: 40 characters."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def new_token() -> str:
    """A session token: opaque, some 600 characters, as long as AWS's are."""
    return "IQoJb3JpZ2luX2Vj" + base64.b64encode(secrets.token_bytes(450)).decode()


def new_account() -> str:
    """A made-up account number."""
    return "".join(secrets.choice(string.digits[1:]) for _ in range(12))
