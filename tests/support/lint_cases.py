"""For every rule of lint: one small file in which just that is found, and one where nothing is."""

from __future__ import annotations

from dataclasses import dataclass, field

USER = '[roles.r]\ncredential_type = "iam_user"\npolicy = "p.json"\n'
FEDERATION = '[roles.r]\ncredential_type = "federation_token"\npolicy = "p.json"\n'
ASSUMED = """\
[roles.r]
credential_type = "assumed_role"
role_arns = ["arn:aws:iam::111122223333:role/vault-deploy"]
"""
DEPLOY = "arn:aws:iam::111122223333:role/vault-deploy"
MANAGED = "arn:aws:iam::111122223333:policy/reader"
LONG_MOUNT = '[mount]\nmax_lease_ttl = "48h"\n'
SESSION = """\
# vaultaws: allow session-token-has-root-rights as meant

[roles.r]
credential_type = "session_token"
"""
READER = """\
{"Version": "2012-10-17",
 "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
"""


@dataclass(frozen=True)
class Case:
    """`bad` holds just the one finding, `good` none. `policies` stand beside p.json."""

    rule: str
    bad: str
    good: str
    policies: dict[str, str] = field(default_factory=dict)


def role_arns(*arns: str) -> str:
    said = ", ".join(f'"{arn}"' for arn in arns)
    return f'[roles.r]\ncredential_type = "assumed_role"\nrole_arns = [{said}]\n'


def policy_arns(count: int) -> str:
    said = ", ".join(f'"{MANAGED}-{index}"' for index in range(count))
    return f"policy_arns = [{said}]\n"


def tags(count: int) -> str:
    said = ", ".join(f'k{index} = "v"' for index in range(count))
    return f"iam_tags = {{ {said} }}\n"


TTLS = (
    Case("ttl-below-aws-floor", FEDERATION + 'max_ttl = "899s"', FEDERATION + 'max_ttl = "900s"'),
    Case("ttl-below-aws-floor", FEDERATION + 'default_ttl = "1s"', FEDERATION),
    Case(
        "mount-max-below-aws-floor",
        '[mount]\ndefault_lease_ttl = "5m"\nmax_lease_ttl = "10m"\n' + FEDERATION,
        '[mount]\ndefault_lease_ttl = "5m"\nmax_lease_ttl = "10m"\n' + USER,
    ),
    Case(
        "ttl-above-aws-cap",
        LONG_MOUNT + FEDERATION + 'default_ttl = "37h"',
        LONG_MOUNT + FEDERATION + 'default_ttl = "36h"',
    ),
    Case(
        "max-ttl-above-aws-cap",
        LONG_MOUNT + FEDERATION + 'max_ttl = "37h"',
        LONG_MOUNT + FEDERATION + 'max_ttl = "36h"',
    ),
    Case(
        "chained-ttl-above-hour",
        LONG_MOUNT + '[root]\ncredentials = "server"\n' + ASSUMED + 'max_ttl = "2h"',
        LONG_MOUNT + '[root]\ncredentials = "server"\n' + ASSUMED + 'max_ttl = "1h"',
    ),
    Case(
        "role-session-above-hour",
        LONG_MOUNT + ASSUMED + 'max_ttl = "2h"',
        LONG_MOUNT + ASSUMED + 'max_ttl = "1h"',
    ),
    Case(
        "ttl-default-over-max",
        FEDERATION + 'default_ttl = "31m"\nmax_ttl = "30m"',
        FEDERATION + 'default_ttl = "30m"\nmax_ttl = "30m"',
    ),
    Case("ttl-cut-by-mount", FEDERATION + 'default_ttl = "2h"', FEDERATION + 'default_ttl = "1h"'),
    Case("token-outlives-lease", FEDERATION + 'max_ttl = "61m"', FEDERATION + 'max_ttl = "60m"'),
    Case("ttl-on-iam-user", USER + 'max_ttl = "30m"', USER),
    Case(
        "iam-user-ttls-differ",
        USER + 'max_ttl = "30m"\n' + USER.replace("roles.r", "roles.s") + 'max_ttl = "1h"',
        USER + USER.replace("roles.r", "roles.s"),
    ),
    Case(
        "mount-default-over-max",
        '[mount]\ndefault_lease_ttl = "2h"\nmax_lease_ttl = "1h"',
        '[mount]\ndefault_lease_ttl = "1h"\nmax_lease_ttl = "1h"',
    ),
    Case(
        "lease-default-over-max",
        '[lease]\ndefault_ttl = "2m"\nmax_ttl = "1m"',
        '[lease]\ndefault_ttl = "1m"\nmax_ttl = "1m"',
    ),
    Case(
        "lease-over-mount-max",
        '[lease]\ndefault_ttl = "2h"\nmax_ttl = "3h"',
        '[lease]\ndefault_ttl = "1h"\nmax_ttl = "1h"',
    ),
)
KINDS = (
    Case(
        "federation-without-policy",
        '[roles.r]\ncredential_type = "federation_token"',
        '[roles.r]\ncredential_type = "federation_token"\n' + policy_arns(1),
    ),
    Case("assumed-role-without-arn", '[roles.r]\ncredential_type = "assumed_role"', ASSUMED),
    Case("assumed-role-with-several-arns", role_arns(DEPLOY, f"{DEPLOY}-2"), ASSUMED),
    Case("session-token-with-policy", SESSION + 'policy = "p.json"', SESSION),
    Case(
        "session-token-has-root-rights", '[roles.r]\ncredential_type = "session_token"', FEDERATION
    ),
    Case("field-of-assumed-role", USER + f'role_arns = ["{DEPLOY}"]', ASSUMED),
    Case("field-of-assumed-role", USER + 'external_id = "id"', ASSUMED + 'external_id = "id"'),
    Case(
        "field-of-assumed-role",
        FEDERATION + 'session_tags = { a = "b" }',
        ASSUMED + 'session_tags = { a = "b" }',
    ),
    Case("field-of-iam-user", FEDERATION + 'user_path = "/a/"', USER + 'user_path = "/a/"'),
    Case(
        "field-of-iam-user",
        FEDERATION + f'permissions_boundary_arn = "{MANAGED}"',
        USER + f'permissions_boundary_arn = "{MANAGED}"',
    ),
    Case(
        "field-without-effect",
        FEDERATION + 'iam_tags = { a = "b" }',
        USER + 'iam_tags = { a = "b" }',
    ),
    Case("field-without-effect", SESSION + 'iam_groups = ["g"]', FEDERATION + 'iam_groups = ["g"]'),
    Case(
        "field-without-effect",
        USER + 'mfa_serial_number = "123456789"',
        SESSION + 'mfa_serial_number = "123456789"',
    ),
    Case("iam-user-without-rights", '[roles.r]\ncredential_type = "iam_user"', USER),
    Case(
        "root-role-cannot-issue",
        '[root]\ncredentials = "server"\nidentity_token_audience = "a"\n'
        f'role_arn = "{DEPLOY}"\n{FEDERATION}',
        '[root]\ncredentials = "server"\nidentity_token_audience = "a"\n'
        f'role_arn = "{DEPLOY}"\n{ASSUMED}',
    ),
    Case(
        "server-root-may-not-issue",
        '[root]\ncredentials = "server"\n' + FEDERATION,
        '[root]\ncredentials = "server"\n' + ASSUMED,
    ),
)
ARNS = (
    Case("arn-malformed", role_arns("deploy"), ASSUMED),
    Case("arn-malformed", role_arns("arn:aws:iam:eu-west-2:111122223333:role/x"), ASSUMED),
    Case("arn-malformed", role_arns("arn:aws:iam::111122223333:role/*"), ASSUMED),
    Case("arn-of-another-kind", role_arns("arn:aws:iam::111122223333:user/x"), ASSUMED),
    Case("arn-of-another-kind", role_arns("arn:aws:sts::111122223333:assumed-role/x/y"), ASSUMED),
    Case("arn-account", role_arns("arn:aws:iam::12345:role/x"), ASSUMED),
    Case(
        "arn-account",
        role_arns("arn:aws:iam::aws:role/x"),
        USER + 'policy_arns = ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"]',
    ),
    Case(
        "arn-partition",
        '[root]\nregion = "us-gov-west-1"\n' + ASSUMED,
        '[root]\nregion = "us-west-1"\n' + ASSUMED,
    ),
    Case("listed-twice", USER + 'iam_groups = ["g", "g"]', USER + 'iam_groups = ["g", "h"]'),
    Case("user-path-malformed", USER + 'user_path = "vault"', USER + 'user_path = "/"'),
    Case("iam-name-malformed", USER + 'iam_groups = ["a/b"]', USER + 'iam_groups = ["a.b"]'),
    Case("iam-name-malformed", USER.replace("roles.r", "roles." + "r" * 129), USER),
    Case("tag-refused", USER + tags(51), USER + tags(50)),
    Case("tag-refused", USER + 'iam_tags = { "aws:a" = "b" }', USER + 'iam_tags = { a = "" }'),
    Case(
        "tag-refused", USER + 'iam_tags = { a = "b", A = "b" }', USER + 'iam_tags = { "a b" = "é" }'
    ),
    Case("too-many-session-policies", FEDERATION + policy_arns(11), FEDERATION + policy_arns(10)),
    Case("managed-policies-over-quota", USER + policy_arns(11), USER + policy_arns(10)),
    Case(
        "groups-over-quota",
        USER + f"iam_groups = {[f'g{n}' for n in range(11)]}",
        USER + f"iam_groups = {[f'g{n}' for n in range(10)]}",
    ),
    Case("external-id-malformed", ASSUMED + 'external_id = "a b"', ASSUMED + 'external_id = "a:b"'),
    Case(
        "mfa-serial-malformed",
        SESSION + 'mfa_serial_number = "12345678"',
        SESSION + 'mfa_serial_number = "arn:aws:iam::111122223333:mfa/vault-root"',
    ),
)
WAIVERS = (
    Case(
        "waiver-of-unknown-rule",
        "[mount]\n# vaultaws: allow ttl-below as meant\n",
        "[mount]\n# vaultaws allows much\n",
    ),
    Case(
        "waiver-without-finding",
        "[mount]\n# vaultaws: allow ttl-below-aws-floor as meant\n",
        FEDERATION + 'max_ttl = "2h"  # vaultaws: allow token-outlives-lease as meant',
    ),
)
CASES = (*TTLS, *KINDS, *ARNS, *WAIVERS)
