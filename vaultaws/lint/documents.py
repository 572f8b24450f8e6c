"""Policy documents: what IAM and STS refuse, and what is rarely meant.

The grammar is that of `policy.document` and `policy.checks`, with which the local AWS refuses too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from vaultaws.config.faults import quoted
from vaultaws.lint.rule import Hit, Rule, Severity
from vaultaws.lint.subjects import Subject
from vaultaws.model import CredentialType, Role
from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.document import (
    SYNTAX,
    VERSION_2008,
    VERSION_2012,
    MalformedPolicyError,
    parse_policy,
)
from vaultaws.policy.placeholders import left
from vaultaws.policy.sizes import (
    SESSION_CHARACTERS,
    USER_INLINE_CHARACTERS,
    counted_size,
    packed_percent,
)

_GRAMMAR: Final = "IAM user guide, Grammar of the IAM JSON policy language"
_SIZES: Final = "IAM user guide, IAM and AWS STS quotas: character limits"
NEAR_PERCENT: Final = 90

MALFORMED: Final = Rule(
    "policy-malformed",
    Severity.ERROR,
    "a policy that IAM refuses",
    "The engine stores any JSON. AWS reads the policy at issuance, and refuses what is not in its "
    "grammar.",
    _GRAMMAR,
)
PRINCIPAL: Final = Rule(
    "policy-with-principal",
    Severity.ERROR,
    "a Principal in a policy of a user or session",
    "Principal belongs in policies of resources and in trust policies. In the policies that the "
    "engine uses it is refused.",
    "IAM user guide, AWS JSON policy elements: Principal",
)
NO_VERSION: Final = Rule(
    "policy-without-version",
    Severity.WARNING,
    "a policy without Version",
    "Without it the policy is of 2008-10-17: variables such as ${aws:username} are plain text "
    "there.",
    "IAM user guide, AWS JSON policy elements: Version",
)
OLD_VERSION: Final = Rule(
    "policy-of-old-version",
    Severity.WARNING,
    "a policy of Version 2008-10-17",
    "Variables such as ${aws:username} are plain text in it.",
    "IAM user guide, AWS JSON policy elements: Version",
)
UNFILLED: Final = Rule(
    "policy-not-filled",
    Severity.ERROR,
    "a ready policy with a placeholder that is still to be filled",
    "{{bucket}} and its like stand for a value of your own. AWS stores such a policy, and it then "
    "allows nothing where it should, or the wrong thing.",
    "policies/README.md",
)
NOT_ACTION: Final = Rule(
    "policy-allows-all-but",
    Severity.WARNING,
    "NotAction or NotResource with Allow",
    "It allows everything but what it names: every new service and action of AWS, too.",
    "IAM user guide, AWS JSON policy elements: NotAction, NotResource",
)
USER_SIZE: Final = Rule(
    "user-policy-too-large",
    Severity.ERROR,
    "an inline policy of over 2,048 characters for an IAM user",
    "The inline policies of a user have 2,048 characters together, white space not counted. The "
    "engine never looks, and AWS refuses the issuance.",
    _SIZES,
)
USER_SIZE_NEAR: Final = Rule(
    "user-policy-near-limit",
    Severity.WARNING,
    "an inline policy of an IAM user at 90 % of its limit",
    "The inline policies of a user have 2,048 characters together, white space not counted.",
    _SIZES,
)
SESSION_SIZE: Final = Rule(
    "session-policy-too-large",
    Severity.ERROR,
    "a session policy of over 2,048 characters",
    "STS takes no longer one, in federation_token as in assumed_role.",
    "AWS STS API reference: AssumeRole, GetFederationToken, Policy",
)
SESSION_SIZE_NEAR: Final = Rule(
    "session-policy-near-limit",
    Severity.WARNING,
    "a session policy at 90 % of its limit",
    "STS takes 2,048 characters.",
    "AWS STS API reference: AssumeRole, GetFederationToken, Policy",
)
PACKED: Final = Rule(
    "session-packed-too-large",
    Severity.WARNING,
    "policies and tags of a session that are probably too large when packed",
    "STS packs the session policy, the managed policies' ARNs and the tags into a binary form with "
    "a limit of its own, and tells only a percentage. lint estimates it; AWS may still take it.",
    "AWS STS API reference: AssumeRole, PackedPolicySize",
)
RULES: Final = (
    MALFORMED,
    PRINCIPAL,
    NO_VERSION,
    OLD_VERSION,
    UNFILLED,
    NOT_ACTION,
    USER_SIZE,
    USER_SIZE_NEAR,
    SESSION_SIZE,
    SESSION_SIZE_NEAR,
    PACKED,
)
_PRINCIPALS: Final = ("Principal", "NotPrincipal")


def check(subject: Subject) -> Iterator[Hit]:
    """Every rule about one document by itself."""
    named = [
        (place, key) for place, held in subject.statements for key in _PRINCIPALS if key in held
    ]
    for place, key in named:
        message = f"a policy of a user or session speaks of its holder, and takes no {key}"
        yield subject.at(PRINCIPAL, f"{place}.{key}", message, do=f"remove {key}")
    if not named:
        yield from _malformed(subject)
    yield from _version(subject)
    yield from _unfilled(subject)
    for place, held in subject.statements:
        for key in ("NotAction", "NotResource"):
            if key in held and held.get("Effect") == "Allow":
                message = f"Allow with {key} allows everything but what it names"
                remedy = f"name what is allowed with {key.removeprefix('Not')}"
                yield subject.at(NOT_ACTION, f"{place}.{key}", message, do=remedy)
    yield from _sizes(subject)


def _unfilled(subject: Subject) -> Iterator[Hit]:
    for place, held in subject.statements:
        for key, value in held.items():
            if found := left(json.dumps(value, ensure_ascii=False)):
                message = f"{quoted(found[0])} is a placeholder, and is not filled"
                remedy = "vaultaws policies use NAME --set …, or write your own value there"
                yield subject.at(UNFILLED, f"{place}.{key}", message, do=remedy)


def _version(subject: Subject) -> Iterator[Hit]:
    if "Version" not in subject.document:
        message = f"it has no Version, and so is of {VERSION_2008}"
        yield subject.at(NO_VERSION, "", message, do=f'"Version": "{VERSION_2012}"')
    elif subject.document["Version"] == VERSION_2008:
        message = f"Version {VERSION_2008} knows no variables"
        yield subject.at(OLD_VERSION, "Version", message, do=f'"Version": "{VERSION_2012}"')


def _malformed(subject: Subject) -> Iterator[Hit]:
    message = _refusal(subject.document)
    if message:
        place, reason, remedy = _closer(subject)
        said = reason if reason and message == SYNTAX else _plain(message)
        yield subject.at(MALFORMED, place, f"IAM refuses it: {said}", do=remedy)


def _refusal(document: Mapping[str, Any]) -> str:
    """What IAM says to the document; empty when it takes it."""
    try:
        check_policy(parse_policy(document), PolicyKind.IDENTITY)
    except MalformedPolicyError as error:
        return str(error)
    return ""


def _plain(message: str) -> str:
    """AWS's sentence in the middle of ours."""
    return message.rstrip(".")


def _closer(subject: Subject) -> tuple[str, str, str]:
    """Where in the document it is, why as far as it can be told, and a remedy."""
    for key in subject.document:
        if key not in _TOP:
            return key, f"a policy has no {quoted(key)}", _near(key, _TOP)
    version = subject.document.get("Version", VERSION_2012)
    if version not in {VERSION_2008, VERSION_2012}:
        return "Version", "there is no such Version", f'"Version": "{VERSION_2012}"'
    for place, held in subject.statements:
        if _refusal({"Statement": [held]}):
            return _in_statement(place, held)
    return "Statement", "a statement is not an object", "mend the statements"


def _in_statement(place: str, held: Mapping[str, Any]) -> tuple[str, str, str]:
    for key, value in held.items():
        if key not in _ELEMENTS:
            return (
                f"{place}.{key}",
                f"a statement has no {quoted(key)}",
                _near(key, tuple(_ELEMENTS)),
            )
        if not _ELEMENTS[key](value):
            return f"{place}.{key}", f"{key} has a value of another kind", "mend the value"
    if "Effect" not in held:
        return place, "a statement has no Effect", 'say "Effect": "Allow" or "Deny"'
    for key in ("Action", "Resource"):
        if key in held and f"Not{key}" in held:
            return place, f"{key} and Not{key} are both there", "keep one of them"
    return place, "", "mend the statement"


def _near(key: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _sizes(subject: Subject) -> Iterator[Hit]:
    """The limits differ by what the document becomes."""
    if any(not role.credential_type.is_sts for role in subject.roles):
        size = counted_size(subject.text)
        yield from _size(subject, size, USER_INLINE_CHARACTERS, (USER_SIZE, USER_SIZE_NEAR))
    sessions = [role for role in subject.roles if role.credential_type in _SESSIONS]
    if sessions:
        size = len(subject.text)
        yield from _size(subject, size, SESSION_CHARACTERS, (SESSION_SIZE, SESSION_SIZE_NEAR))
        if size <= SESSION_CHARACTERS:
            yield from _packed(subject, sessions)


def _size(subject: Subject, size: int, limit: int, rules: tuple[Rule, Rule]) -> Iterator[Hit]:
    if size > limit or size * 100 >= limit * NEAR_PERCENT:
        rule = rules[0] if size > limit else rules[1]
        message = f"{size:,} characters, and AWS takes {limit:,}"
        remedy = "join statements, use wildcards, or make it a managed policy (policy_arns)"
        yield subject.at(rule, "", message, do=remedy)


def _packed(subject: Subject, sessions: list[Role]) -> Iterator[Hit]:
    for role in sessions:
        percent = packed_percent(subject.text, role.policy_arns, dict(role.session_tags))
        if percent > 100:
            message = f"packed it takes about {percent} % of what STS takes, for {role.name}"
            yield subject.at(PACKED, "", message, do="shorten the policy, the ARNs or the tags")
            return


def _is_texts(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    )


def _is_blocks(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(block, Mapping) for block in value.values()
    )


_SESSIONS: Final = frozenset({CredentialType.ASSUMED_ROLE, CredentialType.FEDERATION_TOKEN})
_TOP: Final = ("Version", "Id", "Statement")
_ELEMENTS: Final = {
    "Sid": lambda value: isinstance(value, str),
    "Effect": lambda value: value in ("Allow", "Deny"),
    "Action": _is_texts,
    "NotAction": _is_texts,
    "Resource": _is_texts,
    "NotResource": _is_texts,
    "Condition": _is_blocks,
}
