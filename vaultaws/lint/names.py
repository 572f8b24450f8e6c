"""[root] username_template: are the names that come of it names to IAM and STS?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vaultaws.config.faults import quoted
from vaultaws.config.schema import Config
from vaultaws.lint import username
from vaultaws.lint.gotemplate import TemplateNotFollowedError, TemplateRefusedError
from vaultaws.lint.rule import Hit, Rule, Severity
from vaultaws.model import CredentialType

_ENGINE: Final = "the engine's genUsername (builtin/logical/aws/secret_access_keys.go)"
_WHERE: Final = ("root", "username_template")
_NAME: Final = re.compile(r"[\w+=,.@-]*", re.ASCII)
_SHORT_PERSON: Final = "root"
_LONG_PERSON: Final = "oidc-" + "a" * 120
_LONGEST_WORDS: Final = 100
SHORTEST_SESSION_NAME: Final = 2

BROKEN: Final = Rule(
    "username-template-broken",
    Severity.ERROR,
    "a username_template that Go refuses",
    "The engine stores any template and runs it at each issuance. An unknown function or field, or "
    "a syntax fault, fails there. Fields: .Type (IAM or STS), .DisplayName and .PolicyName, of "
    "which STS has only .Type.",
    f"{_ENGINE}; Vault documentation, Username templating",
)
NOT_FOLLOWED: Final = Rule(
    "username-template-not-followed",
    Severity.NOTE,
    "a username_template that lint cannot follow",
    "It uses what Go knows and lint does not (range, with, variables …): lengths and characters of "
    "its names are not checked.",
    "the documentation of Go's package text/template",
)
TOO_LONG: Final = Rule(
    "username-too-long",
    Severity.ERROR,
    "names that are too long for every login",
    "IAM users and role sessions have 64 characters at most, federated users 32. The engine "
    "refuses to issue a longer one.",
    _ENGINE,
)
MAY_BE_TOO_LONG: Final = Rule(
    "username-may-be-too-long",
    Severity.WARNING,
    "names that are too long for a login with a long name",
    "A display name such as oidc-first.last@company has any length. Cut the name: "
    "`| truncate 64`, or 32 for STS.",
    _ENGINE,
)
CHARACTERS: Final = Rule(
    "username-characters",
    Severity.ERROR,
    "names with characters that IAM and STS do not take",
    "They take letters, digits and + = , . @ - _; a federated user and a role session need two of "
    "them at least.",
    "IAM API reference: CreateUser; AWS STS API reference: GetFederationToken, AssumeRole",
)
NOT_NEW: Final = Rule(
    "username-not-new",
    Severity.WARNING,
    "names of IAM users without chance in them",
    "Two users of one name cannot be. Without random or uuid the second issuance within a second, "
    "or to the same person, is refused.",
    "IAM API reference: CreateUser, EntityAlreadyExists",
)
RULES: Final = (BROKEN, NOT_FOLLOWED, TOO_LONG, MAY_BE_TOO_LONG, CHARACTERS, NOT_NEW)

_NAMED_AS_USERS: Final = frozenset({CredentialType.IAM_USER, CredentialType.ASSUMED_ROLE})


def check(config: Config) -> Iterator[Hit]:
    """Run the template for each kind of name that the roles make."""
    template = config.root.username_template if config.root is not None else None
    if not template:
        return
    try:
        yield from _checked(config, template)
    except TemplateRefusedError as error:
        message = f"Go refuses the template: {_clipped(error)}"
        yield BROKEN.at(_WHERE, message, do="mend it, or remove the key for the engine's own")
    except TemplateNotFollowedError as error:
        message = f"lint cannot follow the template: {_clipped(error)}"
        yield NOT_FOLLOWED.at(_WHERE, message, do="issue with a long name once, to see")


def _checked(config: Config, template: str) -> Iterator[Hit]:
    as_users = [role for role in config.roles if role.credential_type in _NAMED_AS_USERS]
    if as_users or not config.roles:
        longest = max((role.name for role in as_users), key=len, default="role")
        short = username.user_name(template, longest, person=_SHORT_PERSON)
        long = username.user_name(template, longest, person=_LONG_PERSON)
        yield from _one("an IAM user or role session", short, long, username.USER_LENGTH)
        is_user = any(role.credential_type is CredentialType.IAM_USER for role in as_users)
        if is_user and not username.is_always_new(template, longest):
            message = f"it names every user of one person and role {quoted(short)}"
            yield NOT_NEW.at(_WHERE, message, do="add (random 20)")
    if any(role.credential_type is CredentialType.FEDERATION_TOKEN for role in config.roles):
        name = username.federated_name(template)
        yield from _one("a federated user", name, name, username.FEDERATED_LENGTH)


def _one(what: str, short: str, long: str, limit: int) -> Iterator[Hit]:
    if len(short) > limit:
        message = f"{what} has {limit} characters at most, and this makes {len(short)}"
        yield TOO_LONG.at(_WHERE, message, do=f"cut it: | truncate {limit}")
    elif len(long) > limit:
        message = f"{what} has {limit} characters at most, and a long login makes {len(long)}"
        yield MAY_BE_TOO_LONG.at(_WHERE, message, do=f"cut it: | truncate {limit}")
    if not _NAME.fullmatch(short) or len(short) < SHORTEST_SESSION_NAME:
        message = f"{quoted(short)} is not a name that AWS takes for {what}"
        yield CHARACTERS.at(_WHERE, message, do="use letters, digits and + = , . @ - _")


def _clipped(error: Exception) -> str:
    """The error's words, however much of the template they repeat."""
    words = str(error)
    return words if len(words) <= _LONGEST_WORDS else f"{words[:_LONGEST_WORDS]}…"
