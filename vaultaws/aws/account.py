"""The AWS account of an access key, read from the key's id. Asks nobody.

Keys made since about March 2019 carry their account: the 16 characters after the prefix are
base32, and the number is in 40 bits of them, behind a first bit that is always set. It is not
documented by AWS; found by A. Steele ("AWS Access Key ID formats", 2020) and T. Be'ery ("A short
note on AWS KEY ID", 2023), and it agrees with `aws sts get-access-key-info`.
"""

from __future__ import annotations

import base64
import re
from typing import Final

_KEY: Final = re.compile(r"A[A-Z]{3}([A-Z2-7]{16})")
_BITS: Final = 80
_ACCOUNT_BITS: Final = 40
_LARGEST: Final = 999_999_999_999


def account_of_key(access_key_id: str) -> str:
    """The account's twelve digits; empty for an older key, or for what is no key id."""
    found = _KEY.fullmatch(access_key_id)
    if found is None:
        return ""
    number = int.from_bytes(base64.b32decode(found[1]), "big")
    marked, account = divmod(number >> (_BITS - 1 - _ACCOUNT_BITS), 1 << _ACCOUNT_BITS)
    return f"{account:012d}" if marked and account <= _LARGEST else ""
