"""A cached set of `creds`: the name it is kept under, and its words in each format.

The words are those of `formats.render`, byte for byte, where this module can say them: it knows
plain values only, as AWS's are. Light: a hit of the cache imports it.
"""

from __future__ import annotations

from vaultaws.cache.key import cache_key
from vaultaws.errors import UsageError
from vaultaws.handoff.shells import SHELLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KIND = "creds"
LEASE_ENDS, TOKEN_ENDS = "extra.lease_ends", "extra.token_ends"
"""Fields of the record: the two ends as they are printed, empty where there is none."""
_SET = ("access_key_id", "secret_access_key", "session_token")
_PRINTED = (*_SET, "role", "lease_id", "arn", LEASE_ENDS, TOKEN_ENDS)


def name_of(
    *,
    server: str,
    namespace: str,
    token: str,
    mount: str,
    role: str,
    ttl_seconds: int | None = None,
    role_arn: str = "",
    session_name: str = "",
    via: str = "",
    regions: Iterable[str] = (),
    waits: bool = True,
) -> str:
    """Return the name of the set that this question gets.

    The token stands for who asks: one token has one accessor, and a hit asks no server. An MFA
    code is no part of it: a set that was got with one is good without another. A set that was
    not waited for, or only in some regions, is a set of its own.
    """
    return cache_key(
        KIND,
        server=server,
        namespace=namespace,
        token=token,
        mount=mount,
        role=role,
        ttl="" if ttl_seconds is None else str(ttl_seconds),
        role_arn=role_arn,
        session_name=session_name,
        via=via,
        regions="\n".join(sorted(set(regions))),
        waits="yes" if waits else "no",
    )


def words_of(fields: Mapping[str, str], form: str) -> str | None:
    """Return a record's set in a named format; None when only `formats.render` can."""
    try:
        if not all(_is_plain(fields[name]) for name in _PRINTED):
            return None
        if form == "json":
            return _json(fields)
        if form == "process":
            return _process(fields)
        return "\n".join(SHELLS[form](_variables(fields)))
    except (KeyError, UsageError):
        return None


def _is_plain(value: str) -> bool:
    """True for text that JSON writes as it is."""
    return value.isascii() and value.isprintable() and '"' not in value and "\\" not in value


def _end(fields: Mapping[str, str]) -> str:
    """The earlier of the two ends; their form sorts as time does."""
    return min(filter(None, (fields[LEASE_ENDS], fields[TOKEN_ENDS])), default="")


def _pairs(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    values = (*(fields[name] for name in _SET), _end(fields))
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _variables(fields: Mapping[str, str]) -> dict[str, str]:
    return _pairs(
        fields,
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
    )


def _process(fields: Mapping[str, str]) -> str:
    pairs = _pairs(fields, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    return "{" + ", ".join(('"Version": 1', *(f'"{n}": "{v}"' for n, v in pairs.items()))) + "}"


def _json(fields: Mapping[str, str]) -> str:
    values = {
        "role": fields["role"],
        "access_key_id": fields["access_key_id"],
        "secret_access_key": fields["secret_access_key"],
        "session_token": fields["session_token"] or None,
        "expires_at": fields[TOKEN_ENDS] or None,
        "lease_id": fields["lease_id"],
        "lease_expires_at": fields[LEASE_ENDS] or None,
        "arn": fields["arn"] or None,
    }
    said = (
        f'"{name}": null' if value is None else f'"{name}": "{value}"'
        for name, value in values.items()
    )
    lines = ('"version": 1', *said, '"waited": null', '"cached": true')
    return "{\n  " + ",\n  ".join(lines) + "\n}"
