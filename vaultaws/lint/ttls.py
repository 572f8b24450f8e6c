"""How long credentials live: what AWS allows, what the engine does, what the lease allows.

At issuance the engine takes the asked time, else `default_sts_ttl`, else an hour, and cuts it to
`max_sts_ttl`, or to the mount's longest lease where the role says none (path_user.go of the
engine). AWS is then asked for that many seconds, and refuses what is out of its bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaultaws.config.durations import words
from vaultaws.config.schema import Config, Mount
from vaultaws.lint.rooting import Rooting, rooting
from vaultaws.lint.rule import Hit, Key, Rule, Severity
from vaultaws.model import CredentialType, Role

AWS_FLOOR_SECONDS: Final = 900
ENGINE_DEFAULT_SECONDS: Final = 3600
CHAINED_CAP_SECONDS: Final = 3600
ROLE_DEFAULT_CAP_SECONDS: Final = 3600
AWS_CAP_SECONDS: Final = {
    CredentialType.ASSUMED_ROLE: 43_200,
    CredentialType.FEDERATION_TOKEN: 129_600,
    CredentialType.SESSION_TOKEN: 129_600,
}
_STS_API: Final = "AWS STS API reference: AssumeRole, GetFederationToken, GetSessionToken"
_ENGINE_ROLE: Final = "the engine's role validation (builtin/logical/aws/path_roles.go)"

BELOW_FLOOR: Final = Rule(
    "ttl-below-aws-floor",
    Severity.ERROR,
    "an STS time below 900 s",
    "AWS STS issues nothing shorter than 900 s. The engine stores a shorter time without a word, "
    "and every issuance with it fails.",
    f"{_STS_API}, DurationSeconds; hvac#930",
)
MOUNT_BELOW_FLOOR: Final = Rule(
    "mount-max-below-aws-floor",
    Severity.ERROR,
    "the mount's longest lease cuts STS roles below 900 s",
    "A role without max_ttl is cut to the mount's longest lease. Below 900 s AWS STS refuses every "
    "issuance of such a role.",
    f"{_STS_API}, DurationSeconds",
)
ABOVE_CAP: Final = Rule(
    "ttl-above-aws-cap",
    Severity.ERROR,
    "a default STS time that AWS never grants",
    "AssumeRole grants 12 h at most, GetFederationToken and GetSessionToken 36 h. The engine asks "
    "for the default where nobody says a time, so every plain issuance fails.",
    f"{_STS_API}, DurationSeconds",
)
MAX_ABOVE_CAP: Final = Rule(
    "max-ttl-above-aws-cap",
    Severity.WARNING,
    "a longest STS time that AWS never grants",
    "AssumeRole grants 12 h at most, GetFederationToken and GetSessionToken 36 h. Whoever asks for "
    "more than that and up to max_ttl is refused by AWS.",
    f"{_STS_API}, DurationSeconds",
)
CHAINED: Final = Rule(
    "chained-ttl-above-hour",
    Severity.WARNING,
    "over an hour from a root that is an assumed role itself",
    "A role assumed with the credentials of another role (role chaining) lives an hour at most. "
    "That is so when Vault's own credentials are a role's: identity tokens with role_arn, or an "
    "instance role where the server's own credentials are used.",
    "IAM user guide, Roles terms and concepts: Role chaining",
)
LONG_SESSION: Final = Rule(
    "role-session-above-hour",
    Severity.NOTE,
    "over an hour needs a longer MaxSessionDuration on the AWS role",
    "AWS lets a role be assumed for an hour unless the role's own MaxSessionDuration says more. "
    "lint cannot see it.",
    "AWS STS API reference: AssumeRole, DurationSeconds",
)
DEFAULT_OVER_MAX: Final = Rule(
    "ttl-default-over-max",
    Severity.ERROR,
    "default_ttl above max_ttl",
    "The engine refuses to store such a role.",
    _ENGINE_ROLE,
)
CUT_BY_MOUNT: Final = Rule(
    "ttl-cut-by-mount",
    Severity.WARNING,
    "a default STS time above the mount's longest lease",
    "Without max_ttl the engine cuts the time to the mount's longest lease, so the declared "
    "default is never what people get.",
    "the engine's issuance (builtin/logical/aws/path_user.go)",
)
OUTLIVES_LEASE: Final = Rule(
    "token-outlives-lease",
    Severity.WARNING,
    "an STS token may live longer than its lease",
    "The engine asks AWS for up to max_ttl, while Vault cuts the lease to the mount's longest. The "
    "lease then ends first: Vault forgets a token that AWS still honours.",
    "hashicorp/vault#3736; seen on Vault 1.21.1: a lease of 1,800 s, a token of 3,599 s",
)
ON_IAM_USER: Final = Rule(
    "ttl-on-iam-user",
    Severity.ERROR,
    "default_ttl or max_ttl on an iam_user role",
    "The engine refuses these on iam_user roles. Their leases are bounded by [lease] and by the "
    "mount, for all roles of the mount alike.",
    _ENGINE_ROLE,
)
IAM_USERS_DIFFER: Final = Rule(
    "iam-user-ttls-differ",
    Severity.ERROR,
    "iam_user roles that want different times on one mount",
    "An iam_user's lease is bounded by config/lease, which a mount has once. Roles that need "
    "different times need mounts of their own.",
    "hashicorp/vault#15176, hashicorp/terraform-provider-vault#1072",
)
MOUNT_DEFAULT_OVER_MAX: Final = Rule(
    "mount-default-over-max",
    Severity.ERROR,
    "the mount's default lease above its longest",
    "Vault and OpenBao refuse to tune a mount so.",
    "Vault API, /sys/mounts: tune",
)
LEASE_DEFAULT_OVER_MAX: Final = Rule(
    "lease-default-over-max",
    Severity.WARNING,
    "[lease] default_ttl above its max_ttl",
    "The engine stores it and Vault cuts each lease to the max, so the default never applies.",
    "the engine's config/lease (builtin/logical/aws/path_config_lease.go)",
)
LEASE_OVER_MOUNT: Final = Rule(
    "lease-over-mount-max",
    Severity.WARNING,
    "[lease] above the mount's longest lease",
    "Vault cuts every lease to the mount's longest, so what [lease] says above it never applies.",
    "Vault documentation, Lease, renew and revoke",
)
RULES: Final = (
    BELOW_FLOOR,
    MOUNT_BELOW_FLOOR,
    ABOVE_CAP,
    MAX_ABOVE_CAP,
    CHAINED,
    LONG_SESSION,
    DEFAULT_OVER_MAX,
    CUT_BY_MOUNT,
    OUTLIVES_LEASE,
    ON_IAM_USER,
    IAM_USERS_DIFFER,
    MOUNT_DEFAULT_OVER_MAX,
    LEASE_DEFAULT_OVER_MAX,
    LEASE_OVER_MOUNT,
)


def check(config: Config) -> Iterator[Hit]:
    """Every rule about time."""
    yield from _mount(config)
    yield from _lease(config)
    yield from _iam_users(config)
    chained = rooting(config.root) is not Rooting.USER
    for role in config.roles:
        if role.credential_type.is_sts:
            yield from _floor(role)
            yield from _cap(role, config.mount)
            yield from _bounds(role, config.mount)
            if role.credential_type is CredentialType.ASSUMED_ROLE:
                yield from _assumed(role, config.mount, chained=chained)


def plain_seconds(role: Role, mount: Mount) -> int:
    """What the engine asks AWS for when nobody says a time."""
    longest = role.max_sts_ttl_seconds or mount.longest_seconds
    return min(role.default_sts_ttl_seconds or ENGINE_DEFAULT_SECONDS, longest)


def _mount(config: Config) -> Iterator[Hit]:
    mount = config.mount
    shortest, longest = mount.default_lease_ttl_seconds, mount.longest_seconds
    if shortest > longest:
        yield MOUNT_DEFAULT_OVER_MAX.at(
            ("mount", "default_lease_ttl"),
            f"the default lease is {words(shortest)}, the longest {words(longest)}",
            do="lower default_lease_ttl, or raise max_lease_ttl",
        )
    cut = [
        role.name
        for role in config.roles
        if role.credential_type.is_sts and not role.max_sts_ttl_seconds
    ]
    if cut and longest < AWS_FLOOR_SECONDS:
        others = f" and {len(cut) - 1} more" if len(cut) > 1 else ""
        yield MOUNT_BELOW_FLOOR.at(
            ("mount", "max_lease_ttl"),
            f"it cuts {cut[0]}{others} to {words(longest)}, and AWS STS issues no less than 15 min",
            do='max_lease_ttl = "15m" or more, or say max_ttl on each of these roles',
        )


def _lease(config: Config) -> Iterator[Hit]:
    if config.lease is None:
        return
    lease, longest = config.lease, config.mount.longest_seconds
    if lease.default_seconds > lease.max_seconds:
        yield LEASE_DEFAULT_OVER_MAX.at(
            ("lease", "default_ttl"),
            f"{words(lease.default_seconds)} is above the longest, {words(lease.max_seconds)}",
            do="lower default_ttl, or raise max_ttl",
        )
    if max(lease.default_seconds, lease.max_seconds) > longest:
        key = "max_ttl" if lease.max_seconds > longest else "default_ttl"
        yield LEASE_OVER_MOUNT.at(
            ("lease", key),
            f"the mount's longest lease is {words(longest)}, so nothing above it applies",
            do="lower it, or raise [mount] max_lease_ttl",
        )


def _iam_users(config: Config) -> Iterator[Hit]:
    users = [role for role in config.roles if not role.credential_type.is_sts]
    wanted = {spans for role in users if any(spans := _spans(role))}
    for role in users:
        if not any(_spans(role)):
            continue
        where = _ttl_key(role)
        if len(wanted) > 1:
            yield IAM_USERS_DIFFER.at(
                where,
                "iam_user roles of one mount share one lease, and these want different ones",
                do="remove it and say [lease], or put roles of another time on another mount",
            )
        else:
            yield ON_IAM_USER.at(
                where,
                "the engine takes no time on an iam_user role and refuses the write",
                do="remove it; [lease] bounds the leases of all iam_user roles",
            )


def _spans(role: Role) -> tuple[int, int]:
    return role.default_sts_ttl_seconds, role.max_sts_ttl_seconds


def _ttl_key(role: Role) -> Key:
    return ("roles", role.name, "default_ttl" if role.default_sts_ttl_seconds else "max_ttl")


def _floor(role: Role) -> Iterator[Hit]:
    spans = {"default_ttl": role.default_sts_ttl_seconds, "max_ttl": role.max_sts_ttl_seconds}
    for key, seconds in spans.items():
        if 0 < seconds < AWS_FLOOR_SECONDS:
            yield BELOW_FLOOR.at(
                ("roles", role.name, key),
                f"AWS STS issues nothing shorter than 15 min, and this says {words(seconds)}",
                do=f'{key} = "15m" or more',
            )


def _cap(role: Role, mount: Mount) -> Iterator[Hit]:
    cap = AWS_CAP_SECONDS[role.credential_type]
    plain, longest = plain_seconds(role, mount), role.max_sts_ttl_seconds
    if plain > cap:
        yield ABOVE_CAP.at(
            ("roles", role.name, "default_ttl"),
            f"AWS grants {words(cap)} to {role.credential_type}, and this asks for {words(plain)}",
            do=f'default_ttl = "{cap // 3600}h" or less',
        )
    if longest > cap:
        yield MAX_ABOVE_CAP.at(
            ("roles", role.name, "max_ttl"),
            f"AWS grants {words(cap)} to {role.credential_type}, and this allows {words(longest)}",
            do=f'max_ttl = "{cap // 3600}h" or less',
        )


def _bounds(role: Role, mount: Mount) -> Iterator[Hit]:
    default, longest = _spans(role)
    mount_max = mount.longest_seconds
    if default and longest and default > longest:
        yield DEFAULT_OVER_MAX.at(
            ("roles", role.name, "default_ttl"),
            f"the default is {words(default)}, the longest {words(longest)}",
            do="lower default_ttl, or raise max_ttl",
        )
    if not longest and default > mount_max:
        yield CUT_BY_MOUNT.at(
            ("roles", role.name, "default_ttl"),
            f"the mount's longest lease cuts {words(default)} to {words(mount_max)}",
            do="lower default_ttl, say max_ttl, or raise [mount] max_lease_ttl",
        )
    if longest > mount_max:
        yield OUTLIVES_LEASE.at(
            ("roles", role.name, "max_ttl"),
            f"a token of {words(longest)} outlives its lease, which ends after {words(mount_max)}",
            do="lower max_ttl, or raise [mount] max_lease_ttl",
        )


def _assumed(role: Role, mount: Mount, *, chained: bool) -> Iterator[Hit]:
    plain, longest = plain_seconds(role, mount), role.max_sts_ttl_seconds
    asked = max(plain, longest)
    key = "max_ttl" if longest > CHAINED_CAP_SECONDS else "default_ttl"
    if chained and asked > CHAINED_CAP_SECONDS:
        yield CHAINED.at(
            ("roles", role.name, key),
            f"a chained role lives 1 h at most, and this says {words(asked)}",
            do=f'{key} = "1h" or less, or give Vault an IAM user\'s key',
        )
    elif asked > ROLE_DEFAULT_CAP_SECONDS:
        yield LONG_SESSION.at(
            ("roles", role.name, key),
            f"{words(asked)} needs as much MaxSessionDuration on the AWS role; its default is 1 h",
            do="raise MaxSessionDuration on each role of role_arns, or lower the time",
        )
