"""What looks like a secret. A declared file is reviewed and shared, so none may stand in it."""

from __future__ import annotations

import re
from functools import lru_cache

MASK = "•••"
NAMES = re.compile(
    r"(aws_)?(access_?key(_id)?|secret(_access)?_?key|session_?token|security_?token)"
    r"|(vault_|bao_|client_|auth_)?(token|secret|password|passwd|secret_id|private_key|api_key)",
    re.IGNORECASE,
)
SHAPES = re.compile(
    r"(?<![A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"  # access key ids of IAM
    r"|(?<![A-Za-z0-9_])hv[sbr]\.[A-Za-z0-9_-]{20,}"  # tokens of Vault
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
)
SECRET_KEY = re.compile(r"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9/+]{40}")
"""A secret access key: 40 characters of base64, by itself (AWS security blog, 2013-10)."""
BETWEEN_WORDS = re.compile(r"[\s\"'=,;()]+")


@lru_cache(maxsize=1024)
def is_secret_name(key: str) -> bool:
    """True for a key that would hold a secret: secret_key, access_key, token, password …"""
    return NAMES.fullmatch(key.replace("-", "_")) is not None


def looks_secret(value: str) -> bool:
    """True for a value with the shape of an AWS key, a Vault token or a private key."""
    if len(value) == 40 and SECRET_KEY.fullmatch(value):
        return True
    return len(value) >= 20 and SHAPES.search(value) is not None


def in_words(text: str) -> bool:
    """True when one of the words of a sentence looks like a secret."""
    if len(text) < 20:
        return False
    return looks_secret(text) or any(looks_secret(word) for word in BETWEEN_WORDS.split(text))
