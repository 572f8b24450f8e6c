"""What looks like a key, in any text: where it stands and what it is, never the key. Pure.

Shapes: AWS key ids (IAM user guide, "unique identifiers"), secret keys (40 characters of base64),
session tokens, Vault's and OpenBao's tokens (Vault docs, "token prefixes"). And what stands behind
the name of a secret, whatever its shape.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

KEY_ID: Final = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])")
SECRET_KEY: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/_=-])")
SESSION_TOKEN: Final = re.compile(r"(?:IQoJ|FwoG|FQoG|AQoD)[A-Za-z0-9+/=]{60,}")
VAULT_TOKEN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:hv[bsr]\.[A-Za-z0-9_-]{20,}|(?<![._-])[bsr]\.[A-Za-z0-9]{24,})(?![A-Za-z0-9])"
)
_NAME: Final = (
    r"aws_access_key_id|aws_secret_access_key|aws_session_token|secret_access_key|access_key|"
    r"secret_key|security_token|session_token|x-vault-token|vault_token|client_token|secret_id|"
    r"client_secret"
)
NAMED: Final = re.compile(
    rf"(?i)(?<![a-z0-9-])(?P<name>{_NAME})\\*[\"']?\s*\]?\s*[:=]+>?\s*\[?"
    r"(?P<quote>\\*[\"'])?(?P<value>(?(quote)[^\"'\\\s][^\"'\\]*|[A-Za-z0-9+/=._-]{16,}))"
)
WORDS: Final = frozenset({"null", "true", "false", "(sensitive)", "(known after apply)", "***"})
REFERENCE: Final = re.compile(r"(?:var|local|data|module|each|[a-z_]+)\.[A-Za-z_][\w.\[\]-]*")
RANDOM_BITS: Final = 4.3
"""Bits a character: a random secret has 4.6 or so, words and paths of 40 letters stay below 4.2."""


@dataclass(frozen=True)
class Sight:
    """Something that looks like a key: its place from 1, and what it is."""

    line: int
    column: int
    kind: str


def sights(text: str, known: Sequence[str] = ()) -> list[Sight]:
    """All that looks like a key, by place, one for each stretch. `known` are secrets to find."""
    found: dict[tuple[int, int], Sight] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        taken: list[tuple[int, int]] = []
        for start, end, kind in sorted(_in_line(line, known)):
            if not any(start < until and since < end for since, until in taken):
                taken.append((start, end))
                found[number, start] = Sight(number, start + 1, kind)
    return list(found.values())


def names_secret(name: str) -> bool:
    """True for the name of a setting that is a secret, whatever its value looks like."""
    return bool(re.fullmatch(rf"(?i)(?:{_NAME}|token|password)", name.strip()))


def _in_line(line: str, known: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    yield from _shapes(line, known)
    for decoded in {unquote(line), line.replace("\\/", "/")} - {line}:
        if any(True for _ in _shapes(decoded, known)) and not any(_shapes(line, known)):
            start = next(start for start, _, _ in sorted(_shapes(decoded, known)))
            kind = next(kind for _, _, kind in sorted(_shapes(decoded, known)))
            yield min(start, len(line)), len(line) + 1, kind


def _shapes(line: str, known: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    for secret in known:
        for found in re.finditer(re.escape(secret), line):
            yield found.start(), found.end(), "a secret of this environment"
    for pattern, kind in (
        (KEY_ID, "an AWS key id"),
        (SESSION_TOKEN, "an AWS session token"),
        (VAULT_TOKEN, "a Vault token"),
    ):
        for found in pattern.finditer(line):
            yield found.start(), found.end(), kind
    for found in SECRET_KEY.finditer(line):
        if _is_random(found[0]):
            yield found.start(), found.end(), "an AWS secret key"
    for found in NAMED.finditer(line):
        if not _is_word(found["value"]):
            yield found.start("value"), found.end("value"), f"a value of {found['name'].lower()}"


def _is_word(value: str) -> bool:
    """True for what is no secret but a mark or a reference of Terraform's language."""
    plain = value.strip()
    return plain in WORDS or plain.startswith(("${", "•")) or bool(REFERENCE.fullmatch(plain))


def _is_random(text: str) -> bool:
    """True for 40 characters as a generator makes them; a digest in hex and a path are not."""
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text):
        return False
    mixed = re.search("[a-z]", text) and re.search("[A-Z]", text)
    return bool(mixed) and (bool(re.search(r"[0-9+]", text)) or _bits(text) >= RANDOM_BITS)


def _bits(text: str) -> float:
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
