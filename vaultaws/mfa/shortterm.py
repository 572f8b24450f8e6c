"""Sessions in ~/.aws/credentials as aws-mfa keeps them under `[NAME]`.

Source: aws-mfa 0.0.12: the keys, twice the token (boto and boto3), `expiration` in UTC without a
zone, `assumed_role` and, for a role's session, `assumed_role_arn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vaultaws.handoff.inifile import Section
from vaultaws.mfa.profiles import keys_of
from vaultaws.model import Credentials

_FORM: Final = "%Y-%m-%d %H:%M:%S"
NEEDED: Final = (
    "assumed_role",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "expiration",
)


@dataclass(frozen=True)
class Kept:
    """A session that stands in the file. `role_arn` is empty for a session of one's own."""

    credentials: Credentials
    ends_at: datetime
    role_arn: str = ""


def kept(section: Section) -> Kept | None:
    """The session of a section; None when a key of it is missing or cannot be read."""
    keys = keys_of(section)
    if keys is None or any(not section.get(name) for name in NEEDED):
        return None
    try:
        ends_at = datetime.strptime(section["expiration"], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    credentials = Credentials(
        keys.access_key_id, keys.secret_access_key, keys.session_token, ends_at
    )
    return Kept(credentials, ends_at, section.get("assumed_role_arn", ""))


def section_of(credentials: Credentials, role_arn: str = "") -> dict[str, str | None]:
    """What to write for a session. Raises ValueError for one without token or end."""
    if credentials.session_token is None or credentials.expires_at is None:
        msg = "a session has a token and an end"
        raise ValueError(msg)
    token = credentials.session_token.reveal()
    return {
        "assumed_role": "True" if role_arn else "False",
        "assumed_role_arn": role_arn or None,
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key.reveal(),
        "aws_session_token": token,
        "aws_security_token": token,
        "expiration": credentials.expires_at.astimezone(UTC).strftime(_FORM),
    }
