"""The tables of the declared file: every key, how it is read, and what the reference says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vaultaws.config import values
from vaultaws.config.values import (
    BOOLEAN,
    LINE,
    NAMES,
    NETWORKS,
    PAIRS,
    SPAN,
    SPAN_OR_NONE,
    STRING,
    STRINGS,
    WORD,
    Kind,
)
from vaultaws.model import CredentialType

STAYS = "what the server has"
NONE = "none"
NEEDED = "needed"
ENTERPRISE = "Vault Enterprise"
NOT_OPENBAO = "Vault 1.19 and later; not OpenBao"
ENTERPRISE_NOT_OPENBAO = "Vault Enterprise 1.19 and later; not OpenBao"
OPENBAO_ALLOWS = "all; OpenBao where `unsafe_allow_api_audit_creation` is set"


@dataclass(frozen=True)
class Key:
    """A key: its kind, the field it fills, its meaning, its default, and who has it.

    `field` is empty where the key's own name is the field's. `where` is empty for a key that
    every server has.
    """

    kind: Kind
    meaning: str
    default: str = NONE
    field: str = ""
    where: str = ""


Table = Mapping[str, Key]

MOUNT: Table = {
    "path": Key(Kind("path", values.mount_path), "where the engine is mounted", "`aws`"),
    "default_lease_ttl": Key(
        SPAN_OR_NONE,
        "life of a lease that asks for none; 0 is the server's own",
        "`15m`",
        "default_lease_ttl_seconds",
    ),
    "max_lease_ttl": Key(
        SPAN_OR_NONE,
        "longest life of a lease; 0 is the server's own",
        "`1h`",
        "max_lease_ttl_seconds",
    ),
    "description": Key(STRING, "words for people", STAYS),
    "audit_non_hmac_request_keys": Key(
        STRINGS, "keys of requests that the audit log has in clear", STAYS
    ),
    "audit_non_hmac_response_keys": Key(
        STRINGS, "keys of answers that the audit log has in clear, such as `access_key`", STAYS
    ),
    "listing_visibility": Key(
        Kind("`unauth` or `hidden`", values.one_of("unauth", "hidden")),
        "whether the mount is listed to those who are not logged in",
        STAYS,
    ),
}
LEASE: Table = {
    "default_ttl": Key(SPAN, "life of an iam_user's lease", NEEDED, "default_seconds"),
    "max_ttl": Key(SPAN, "longest life of an iam_user's lease", NEEDED, "max_seconds"),
}
ROOT: Table = {
    "credentials": Key(
        Kind("`env`, `profile:NAME`, `prompt` or `server`", values.credentials),
        "where Vault's own key comes from at `apply`; `server` leaves the server its own",
        "`env`",
    ),
    "region": Key(LINE, "region of the calls to AWS", STAYS),
    "iam_endpoint": Key(LINE, "URL of IAM, where it is not AWS's own", STAYS),
    "sts_endpoint": Key(LINE, "URL of STS, where it is not AWS's own", STAYS),
    "sts_region": Key(LINE, "region of the calls to STS", STAYS, where=NOT_OPENBAO),
    "sts_fallback_endpoints": Key(
        STRINGS, "URLs of STS to try next, one for each fallback region", STAYS, where=NOT_OPENBAO
    ),
    "sts_fallback_regions": Key(STRINGS, "their regions", STAYS, where=NOT_OPENBAO),
    "max_retries": Key(
        Kind("whole number from -1", values.whole(-1)),
        "how often the engine repeats a call that failed; -1 is the AWS SDK's own number",
        STAYS,
    ),
    "username_template": Key(STRING, "template of the names of IAM users and tokens", STAYS),
    "role_arn": Key(LINE, "role to assume with an identity token", STAYS, where=ENTERPRISE),
    "identity_token_audience": Key(LINE, "audience of identity tokens", STAYS, where=ENTERPRISE),
    "identity_token_ttl": Key(
        SPAN_OR_NONE,
        "life of identity tokens",
        STAYS,
        "identity_token_ttl_seconds",
        ENTERPRISE,
    ),
    "rotation_period": Key(
        SPAN_OR_NONE,
        "how often the server rotates the root key",
        STAYS,
        "rotation_period_seconds",
        ENTERPRISE_NOT_OPENBAO,
    ),
    "rotation_schedule": Key(LINE, "the same as a cron line", STAYS, where=ENTERPRISE_NOT_OPENBAO),
    "rotation_window": Key(
        SPAN_OR_NONE,
        "how long after a scheduled moment it may still rotate",
        STAYS,
        "rotation_window_seconds",
        ENTERPRISE_NOT_OPENBAO,
    ),
    "disable_automated_rotation": Key(
        BOOLEAN, "stops the server's own rotation", STAYS, where=ENTERPRISE_NOT_OPENBAO
    ),
    "policy": Key(
        Kind("file", values.word),
        "the IAM policy of Vault's own user, for `lint`; it is written nowhere",
    ),
}
ROLE: Table = {
    "credential_type": Key(
        Kind(" | ".join(f"`{name}`" for name in CredentialType), values.credential_type),
        "what the role issues",
        NEEDED,
    ),
    "policy": Key(Kind("file", values.word), "inline policy: a JSON file, beside this file"),
    "policy_arns": Key(STRINGS, "managed policies"),
    "role_arns": Key(STRINGS, "roles that may be assumed (assumed_role)"),
    "iam_groups": Key(STRINGS, "IAM groups: joined by users, policies of sessions"),
    "iam_tags": Key(PAIRS, "tags of the IAM user (iam_user)"),
    "session_tags": Key(PAIRS, "tags of the session (assumed_role)"),
    "external_id": Key(WORD, "external id of the assumed role (assumed_role)"),
    "default_ttl": Key(
        SPAN, "life of a token that asks for none (not iam_user)", NONE, "default_sts_ttl_seconds"
    ),
    "max_ttl": Key(SPAN, "longest life of a token (not iam_user)", NONE, "max_sts_ttl_seconds"),
    "user_path": Key(WORD, "IAM path of users (iam_user)", "`/`"),
    "permissions_boundary_arn": Key(WORD, "permissions boundary of users (iam_user)"),
    "mfa_serial_number": Key(WORD, "MFA device whose code a request must bring (session_token)"),
}
STATIC_ROLE: Table = {
    "username": Key(WORD, "IAM user whose key is kept", NEEDED),
    "rotation_period": Key(
        SPAN, "how often the key is replaced", NEEDED, "rotation_period_seconds"
    ),
    "assume_role_arn": Key(WORD, "role in the user's account", where=ENTERPRISE_NOT_OPENBAO),
    "assume_role_session_name": Key(WORD, "name of that session", where=ENTERPRISE_NOT_OPENBAO),
    "external_id": Key(WORD, "external id of that role", where=ENTERPRISE_NOT_OPENBAO),
}
AUDIT: Table = {
    "type": Key(
        Kind("`file`, `syslog` or `socket`", values.one_of("file", "syslog", "socket")),
        "kind of device",
        NEEDED,
        where=OPENBAO_ALLOWS,
    ),
    "description": Key(STRING, "words for people"),
}
"""Keys of an audit device beside its options, which follow its type."""
AUDIT_OPTIONS: Mapping[str, str] = {
    "file_path": "file to write (file)",
    "mode": "mode of the file, such as `0600` (file)",
    "facility": "facility (syslog)",
    "tag": "tag (syslog)",
    "address": "address to write to (socket)",
    "socket_type": "`tcp`, `udp` or `unix` (socket)",
    "write_timeout": "longest wait for a write (socket)",
    "format": "`json` or `jsonx`",
    "prefix": "words before each line",
    "log_raw": "`true` (or `1`, `t` …) writes secrets in clear",
    "hmac_accessor": "`false` writes accessors in clear",
    "elide_list_responses": "`true` leaves out what lists answer",
}
AUDIT_NEEDS: Mapping[str, str] = {"file": "file_path", "socket": "address"}
ACCESS: Table = {
    "roles": Key(NAMES, "roles that may be issued"),
    "static_roles": Key(NAMES, "static roles whose keys may be read"),
    "members": Key(
        Kind("table of lists of names", values.members),
        "who: paths of auth methods (userpass, approle, oidc …) with names there; "
        "`entities` has names of identity entities",
    ),
}
TRAIL: Table = {
    "source": Key(
        WORD,
        "where CloudTrail is read: `api`, `s3://bucket/prefix` or a directory; for `trail watch`"
        " also `sqs:URL` of a queue",
        "`api`",
    ),
    "audit_log": Key(LINE, "file of Vault's audit log", NONE),
    "vault_role": Key(WORD, "IAM role that Vault works with, where its root has no key", NONE),
    "networks": Key(NETWORKS, "networks from which credentials are used", "any"),
    "regions": Key(NAMES, "regions in which credentials are used", "any"),
    "agents": Key(NAMES, "programs that use them, patterns with `*` and `?`", "any"),
    "refusals": Key(
        Kind("whole number from 1", values.whole(1)),
        "denied calls from which on they are told",
        "10",
    ),
}
