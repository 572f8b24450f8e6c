"""ARNs, paths, names and tags: what IAM and STS take.

Sources: IAM user guide, "IAM identifiers"; the IAM and STS API references; the engine's own
pattern for user_path and its check of boundaries (path_roles.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vaultaws.config.faults import quoted
from vaultaws.config.schema import Config
from vaultaws.lint.regions import partition_of
from vaultaws.lint.rule import Hit, Key, Rule, Severity
from vaultaws.model import CredentialType, Pairs, Role

_IDENTIFIERS: Final = "IAM user guide, IAM identifiers"
_QUOTAS: Final = "IAM user guide, IAM and AWS STS quotas"
_AWS_OWN: Final = "aws"
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_NAME: Final = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH_AND_NAME: Final = re.compile(r"(?:[\x21-\x2e\x30-\x7e]+/){0,100}[\w+=,.@-]{1,128}", re.ASCII)
_USER_PATH: Final = re.compile(r"/([\x21-\x7f]{0,510}/)?")
_TAG_TEXT: Final = re.compile(r"[\w\s_.:/=+\-@]*")
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_MFA_SERIAL: Final = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)

MALFORMED: Final = Rule(
    "arn-malformed",
    Severity.ERROR,
    "an ARN that is none",
    "An IAM ARN has six parts: arn:PARTITION:iam::ACCOUNT:KIND/NAME, with no region. The engine "
    "looks at none of it (but at boundaries), and AWS refuses the issuance.",
    _IDENTIFIERS,
)
WRONG_KIND: Final = Rule(
    "arn-of-another-kind",
    Severity.ERROR,
    "an ARN of something else than what is needed here",
    "role_arns takes ARNs of IAM roles (not of sessions: assumed-role), policy_arns and "
    "permissions_boundary_arn those of managed policies.",
    _IDENTIFIERS,
)
WRONG_ACCOUNT: Final = Rule(
    "arn-account",
    Severity.ERROR,
    "an ARN whose account is not twelve digits",
    'Accounts have twelve digits. Only policies that AWS manages have the account "aws".',
    _IDENTIFIERS,
)
WRONG_PARTITION: Final = Rule(
    "arn-partition",
    Severity.ERROR,
    "an ARN of another partition than the region's",
    "Credentials of one partition (aws, aws-cn, aws-us-gov …) mean nothing in another.",
    "AWS General Reference, Amazon Resource Names: Partition",
)
LISTED_TWICE: Final = Rule(
    "listed-twice",
    Severity.WARNING,
    "the same entry twice in one list",
    "One is enough; with role_arns even two equal entries make every asker name one.",
    "the engine's issuance (builtin/logical/aws/path_user.go)",
)
USER_PATH: Final = Rule(
    "user-path-malformed",
    Severity.ERROR,
    "a user_path that IAM does not take",
    "A path begins and ends with /, has 512 characters at most, and no spaces. The engine refuses "
    "any other.",
    "the engine's role validation (builtin/logical/aws/path_roles.go)",
)
NAME: Final = Rule(
    "iam-name-malformed",
    Severity.ERROR,
    "a name that IAM does not take",
    "Names of users (64 characters), groups and inline policies (128) are letters, digits and "
    "+ = , . @ - _. An iam_user role's inline policy has the role's own name.",
    "IAM API reference: CreateUser, AddUserToGroup, PutUserPolicy",
)
TAG: Final = Rule(
    "tag-refused",
    Severity.ERROR,
    "tags that AWS refuses",
    "A user or session has 50 tags at most. A key has 1 to 128 characters and does not begin with "
    "aws:, a value has 256 at most; keys that differ by case only are one key.",
    "IAM API reference: Tag; IAM user guide, Pass session tags in AWS STS",
)
SESSION_POLICIES: Final = Rule(
    "too-many-session-policies",
    Severity.ERROR,
    "more than 10 managed policies for a session",
    "AssumeRole and GetFederationToken take 10 at most.",
    "AWS STS API reference: AssumeRole, GetFederationToken, PolicyArns",
)
USER_POLICIES: Final = Rule(
    "managed-policies-over-quota",
    Severity.WARNING,
    "more than 10 managed policies for a user",
    "10 is the quota of an account that has not asked for more; 20 is the most there is.",
    _QUOTAS,
)
GROUPS: Final = Rule(
    "groups-over-quota",
    Severity.ERROR,
    "more than 10 groups for a user",
    "An IAM user is in 10 groups at most.",
    _QUOTAS,
)
EXTERNAL_ID: Final = Rule(
    "external-id-malformed",
    Severity.ERROR,
    "an external_id that STS does not take",
    "It has 2 to 1,224 characters: letters, digits and + = , . @ : / - _.",
    "AWS STS API reference: AssumeRole, ExternalId",
)
MFA_SERIAL: Final = Rule(
    "mfa-serial-malformed",
    Severity.ERROR,
    "an mfa_serial_number that STS does not take",
    "It is a hardware device's serial number or a virtual device's ARN "
    "(arn:aws:iam::ACCOUNT:mfa/NAME), of 9 to 256 characters.",
    "AWS STS API reference: GetSessionToken, SerialNumber",
)
RULES: Final = (
    MALFORMED,
    WRONG_KIND,
    WRONG_ACCOUNT,
    WRONG_PARTITION,
    LISTED_TWICE,
    USER_PATH,
    NAME,
    TAG,
    SESSION_POLICIES,
    USER_POLICIES,
    GROUPS,
    EXTERNAL_ID,
    MFA_SERIAL,
)
MAX_TAGS: Final = 50
MAX_POLICIES: Final = 10
MAX_GROUPS: Final = 10
USER_NAME_LENGTH: Final = 64
NAME_LENGTH: Final = 128


@dataclass(frozen=True)
class _Wanted:
    """An ARN said somewhere: its key, its text, and the kind that belongs there."""

    where: Key
    text: str
    kind: str


def check(config: Config) -> Iterator[Hit]:
    """Every rule about ARNs, names and tags."""
    partition = partition_of(config.root.region or "" if config.root is not None else "")
    for wanted in _said(config):
        yield from _arn(wanted, partition)
    for role in config.roles:
        yield from _lists(role)
        yield from _texts(role)
        yield from _quotas(role)
        for key, tags in (("iam_tags", role.iam_tags), ("session_tags", role.session_tags)):
            yield from _tags(("roles", role.name, key), tags)
    for static in config.static_roles:
        yield from _name(
            ("static_roles", static.name, "username"), static.username, USER_NAME_LENGTH
        )


def _said(config: Config) -> Iterator[_Wanted]:
    for role in config.roles:
        where = ("roles", role.name)
        for key, arns, kind in (
            ("role_arns", role.role_arns, "role"),
            ("policy_arns", role.policy_arns, "policy"),
        ):
            for index, arn in enumerate(arns):
                yield _Wanted((*where, key, str(index)), arn, kind)
        if role.permissions_boundary_arn:
            key = "permissions_boundary_arn"
            yield _Wanted((*where, key), role.permissions_boundary_arn, "policy")
        if role.mfa_serial_number.startswith("arn:"):
            yield _Wanted((*where, "mfa_serial_number"), role.mfa_serial_number, "mfa")
    if config.root is not None and config.root.role_arn:
        yield _Wanted(("root", "role_arn"), config.root.role_arn, "role")
    for static in config.static_roles:
        if static.assume_role_arn:
            where = ("static_roles", static.name)
            yield _Wanted((*where, "assume_role_arn"), static.assume_role_arn, "role")


def _arn(wanted: _Wanted, partition: str) -> Iterator[Hit]:
    example = f"arn:{partition or 'aws'}:iam::123456789012:{wanted.kind}/NAME"
    parts = wanted.text.split(":")
    if len(parts) != 6 or parts[0] != "arn" or not re.fullmatch(r"aws(-[a-z]+)*", parts[1]):
        yield MALFORMED.at(wanted.where, f"{quoted(wanted.text)} is not an ARN", do=f'"{example}"')
        return
    _, said, service, region, account, rest = parts
    kind, _, name = rest.partition("/")
    if service != "iam" or kind != wanted.kind:
        said_kind = quoted(f"{service}:{kind}")
        message = f"it is {said_kind}, and an IAM {wanted.kind} is needed here"
        yield WRONG_KIND.at(wanted.where, message, do=f'"{example}"')
        return
    if region or not _PATH_AND_NAME.fullmatch(name):
        message = "an IAM ARN has no region" if region else f"{quoted(name)} is not a name in IAM"
        yield MALFORMED.at(wanted.where, message, do=f'"{example}"')
    if not (_ACCOUNT.fullmatch(account) or (account == _AWS_OWN and wanted.kind == "policy")):
        message = f"{quoted(account)} is not an account of twelve digits"
        yield WRONG_ACCOUNT.at(wanted.where, message, do=f'"{example}"')
    if partition and said != partition:
        message = f"it is of partition {said}, and the region is of {partition}"
        yield WRONG_PARTITION.at(wanted.where, message, do=f'"{example}", or another region')


def _lists(role: Role) -> Iterator[Hit]:
    for key, items in (
        ("role_arns", role.role_arns),
        ("policy_arns", role.policy_arns),
        ("iam_groups", role.iam_groups),
    ):
        for index, item in enumerate(items):
            if item in items[:index]:
                where = ("roles", role.name, key, str(index))
                yield LISTED_TWICE.at(
                    where, f"{quoted(item)} is in the list already", do="remove one"
                )


def _texts(role: Role) -> Iterator[Hit]:
    where = ("roles", role.name)
    if role.user_path and not _USER_PATH.fullmatch(role.user_path):
        yield USER_PATH.at(
            (*where, "user_path"),
            f"{quoted(role.user_path)} is not a path in IAM",
            do='begin and end it with /, as in "/vault/"',
        )
    for index, group in enumerate(role.iam_groups):
        yield from _name((*where, "iam_groups", str(index)), group, NAME_LENGTH)
    if role.credential_type is CredentialType.IAM_USER and role.policy_document is not None:
        yield from _name(where, role.name, NAME_LENGTH)
    if role.external_id and not _EXTERNAL_ID.fullmatch(role.external_id):
        message = "STS takes 2 to 1,224 letters, digits and + = , . @ : / - _"
        yield EXTERNAL_ID.at((*where, "external_id"), message, do="agree on another id")
    if role.mfa_serial_number and not _MFA_SERIAL.fullmatch(role.mfa_serial_number):
        message = f"{quoted(role.mfa_serial_number)} is not a serial number"
        remedy = '"arn:aws:iam::123456789012:mfa/NAME"'
        yield MFA_SERIAL.at((*where, "mfa_serial_number"), message, do=remedy)


def _name(where: Key, name: str, longest: int) -> Iterator[Hit]:
    if len(name) > longest or not _NAME.fullmatch(name):
        message = f"{quoted(name)} is not a name in IAM, of {longest} characters at most"
        yield NAME.at(where, message, do="use letters, digits and + = , . @ - _")


def _quotas(role: Role) -> Iterator[Hit]:
    where, count = ("roles", role.name), len(role.policy_arns)
    if count > MAX_POLICIES:
        rule = SESSION_POLICIES if role.credential_type.is_sts else USER_POLICIES
        message = f"{count} managed policies, and AWS takes {MAX_POLICIES}"
        yield rule.at((*where, "policy_arns"), message, do="join some of them into one")
    is_user = role.credential_type is CredentialType.IAM_USER
    if is_user and len(role.iam_groups) > MAX_GROUPS:
        message = f"{len(role.iam_groups)} groups, and a user is in {MAX_GROUPS} at most"
        yield GROUPS.at((*where, "iam_groups"), message, do="name fewer groups")


def _tags(where: Key, tags: Pairs) -> Iterator[Hit]:
    if len(tags) > MAX_TAGS:
        yield TAG.at(where, f"{len(tags)} tags, and AWS takes {MAX_TAGS}", do="say fewer")
    seen: set[str] = set()
    for key, value in tags:
        fault = _tag_fault(key, value, seen)
        if fault:
            yield TAG.at((*where, key), fault, do="mend the tag")
        seen.add(key.lower())


def _tag_fault(key: str, value: str, seen: set[str]) -> str:
    """What AWS has against a tag; empty when nothing."""
    if not 1 <= len(key) <= 128:
        return f"the key has {len(key)} characters, and AWS takes 1 to 128"
    if len(value) > 256:
        return f"the value has {len(value)} characters, and AWS takes 256"
    if key.lower().startswith("aws:"):
        return f"{quoted(key)} begins with aws:, which AWS keeps for itself"
    if not (_TAG_TEXT.fullmatch(key) and _TAG_TEXT.fullmatch(value)):
        return f"{quoted(key)} or its value has a character that AWS does not take"
    if key.lower() in seen:
        return f"{quoted(key)} differs from another tag by case only"
    return ""
