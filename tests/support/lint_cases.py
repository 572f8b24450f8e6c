"""For every rule of lint: one small file in which just that is found, and one where nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

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
    """`bad` holds just the one finding, `good` none.

    Beside each stands p.json: `bad_policy` beside the first, `good_policy` beside the second.
    """

    rule: str
    bad: str
    good: str
    bad_policy: str = READER
    good_policy: str = READER


def role_arns(*arns: str) -> str:
    said = ", ".join(f'"{arn}"' for arn in arns)
    return f'[roles.r]\ncredential_type = "assumed_role"\nrole_arns = [{said}]\n'


def policy_arns(count: int, name: str = "reader") -> str:
    start = MANAGED.removesuffix("reader") + name
    said = ", ".join(f'"{start}-{index}"' for index in range(count))
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
        FEDERATION,
    ),
    Case(
        "federation-managed-only",
        '[roles.r]\ncredential_type = "federation_token"\n' + policy_arns(1),
        FEDERATION + policy_arns(1),
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
        "tag-refused",
        ASSUMED + 'session_tags = { a = "b", A = "b" }',
        USER + 'iam_tags = { "a b" = "é" }',
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


def policy(*statements: str, start: str = '"Version": "2012-10-17", ') -> str:
    return f'{{{start}"Statement": [{", ".join(statements)}]}}'


def allow(action: str, resource: str = "*", more: str = "") -> str:
    return f'{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"{more}}}'


def of_size(characters: int) -> str:
    """A policy of so many characters without white space."""
    short = policy(allow("ec2:Describe*", more=', "Sid": ""')).replace(" ", "")
    sid = "a" * (characters - len(short))
    return policy(allow("ec2:Describe*", more=f', "Sid": "{sid}"'))


def of_policy(rule: str, bad: str, good: str, role: str = USER) -> Case:
    """A case whose policies differ, not the files."""
    return Case(rule, role, role, bad, good)


def random_looking(count: int) -> str:
    """Statements that do not pack well."""
    names = [sha256(str(n).encode()).hexdigest() for n in range(count)]
    return policy(*(allow("s3:GetObject", f"arn:aws:s3:::{name}/*") for name in names))


READ_OWN = "arn:aws:iam::111122223333:user/${aws:username}"
POLICIES = (
    of_policy("policy-malformed", policy('{"Effect": "Allow", "Action": "ec2:*"}'), READER),
    of_policy("policy-malformed", policy(allow("ec2:Describe*", more=', "Sids": "a"')), READER),
    of_policy("policy-malformed", policy(allow("ec2:Describe*").replace("Allow", "allow")), READER),
    of_policy("policy-malformed", policy('"Allow"'), READER),
    of_policy("policy-malformed", READER.replace("{", '{"Statements": [],', 1), READER),
    of_policy("policy-malformed", READER.replace("2012", "2013"), READER),
    of_policy("policy-malformed", policy(allow("ec2:Describe*", "bucket")), READER),
    of_policy(
        "policy-with-principal", policy(allow("ec2:Describe*", more=', "Principal": "*"')), READER
    ),
    of_policy("policy-without-version", policy(allow("ec2:Describe*"), start=""), READER),
    of_policy("policy-of-old-version", READER.replace("2012-10-17", "2008-10-17"), READER),
    of_policy(
        "policy-not-filled",
        policy(allow("s3:GetObject", "arn:aws:s3:::{{ bucket }}/a")),
        policy(allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}")),
    ),
    of_policy(
        "policy-allows-all-but",
        policy('{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}'),
        policy('{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}'),
        role=ASSUMED + 'policy = "p.json"\n',
    ),
    of_policy("user-policy-too-large", of_size(2049), of_size(1843)),
    of_policy("user-policy-near-limit", of_size(1844), of_size(1843)),
    of_policy("session-policy-too-large", of_size(2049), of_size(1843), role=FEDERATION),
    of_policy("session-policy-near-limit", of_size(1844), of_size(1843), role=FEDERATION),
    Case(
        "session-packed-too-large",
        FEDERATION + policy_arns(10, "x" * 120),
        FEDERATION + policy_arns(2),
        bad_policy=random_looking(10),
    ),
    of_policy(
        "policy-grants-escalation",
        policy(allow("iam:PassRole")),
        policy(allow("iam:PassRole", "arn:aws:iam::111122223333:role/app")),
    ),
    of_policy("policy-grants-escalation", policy(allow("iam:*")), policy(allow("iam:Get*"))),
    of_policy(
        "policy-grants-escalation",
        policy(allow("sts:Assume*", "arn:aws:iam::111122223333:role/*")),
        policy(allow("sts:Assume*", "arn:aws:iam::111122223333:role/a-*")),
    ),
    of_policy(
        "policy-grants-escalation",
        policy(allow("iam:CreateAccessKey", "arn:aws-cn:iam::111122223333:user/*")),
        policy(allow("iam:CreateAccessKey", READ_OWN)),
    ),
    of_policy("policy-grants-everything", policy(allow("*")), READER),
    of_policy("policy-grants-everything", policy(allow("*:*")), READER, role=FEDERATION),
    of_policy("policy-unknown-service", policy(allow("elb:Describe*")), READER),
    of_policy(
        "policy-unknown-action", policy(allow("s3:GetObjects")), policy(allow("s3:getobject"))
    ),
    of_policy("policy-wildcard-without-action", policy(allow("ec2:Descripe*")), READER),
    of_policy(
        "policy-unknown-condition-key",
        policy(allow("ec2:Describe*", more=', "Condition": {"Bool": {"ec2:Regions": "a"}}')),
        policy(allow("ec2:Describe*", more=', "Condition": {"Bool": {"ec2:Region": "a"}}')),
    ),
    of_policy(
        "policy-unknown-condition-key",
        policy(allow("ec2:Describe*", more=', "Condition": {"IpAddress": {"aws:SourceIps": "a"}}')),
        policy(
            allow(
                "ec2:Describe*",
                more=', "Condition": {"IpAddress": {"aws:sourceip": "10.0.0.0/8"}, "StringEquals": '
                '{"aws:ResourceTag/Team": "a", "ec2:ResourceTag/Team": "a"}}',
            )
        ),
    ),
    of_policy(
        "policy-resource-without-effect",
        policy(allow("s3:ListBucket", "arn:aws:s3:::bucket/*")),
        policy(
            allow("s3:ListBucket", "arn:aws:s3:::bucket"), allow("s3:List*", "arn:aws:s3:::b/*")
        ),
    ),
    of_policy(
        "policy-resource-without-effect",
        policy(allow("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*")),
        READER,
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

KEY_AT_SERVER = '[root]\ncredentials = "server"\n'
TOKEN = KEY_AT_SERVER + 'identity_token_audience = "a"\n'
STS = 'sts_endpoint = "https://sts.eu-west-2.amazonaws.com"\n'
TWO = ', "https://sts.us-east-1.amazonaws.com"'
ROOT = (
    Case(
        "endpoint-malformed",
        '[root]\niam_endpoint = "ftp://localhost:5000"',
        '[root]\niam_endpoint = "http://localhost:5000"',
    ),
    Case(
        "endpoint-malformed",
        '[root]\niam_endpoint = "https:localhost"',
        '[root]\niam_endpoint = "iam.corp:5000"',
    ),
    Case(
        "endpoint-without-tls",
        '[root]\niam_endpoint = "http://iam.corp"',
        '[root]\niam_endpoint = "http://[::1]:80"',
    ),
    Case("region-unknown", '[root]\nregion = "London"', '[root]\nregion = "ap-southeast-5"'),
    Case(
        "sts-endpoint-of-another-region",
        '[root]\nregion = "us-east-1"\n' + STS,
        '[root]\nregion = "us-east-1"\nsts_region = "eu-west-2"\n' + STS,
    ),
    Case(
        "sts-region-without-endpoint",
        '[root]\nsts_region = "eu-west-2"',
        '[root]\nsts_region = "eu-west-2"\n' + STS,
    ),
    Case(
        "sts-fallbacks-differ",
        '[root]\nregion = "eu-west-2"\nsts_fallback_regions = ["us-east-1"]\n' + STS,
        '[root]\nregion = "eu-west-2"\nsts_fallback_regions = ["us-east-1"]\n'
        'sts_fallback_endpoints = ["https://sts.us-east-1.amazonaws.com"]\n' + STS,
    ),
    Case(
        "sts-fallback-without-region",
        '[root]\nsts_fallback_regions = ["us-east-1"]\n'
        'sts_fallback_endpoints = ["https://sts.us-east-1.amazonaws.com"]\n' + STS,
        "[root]\n" + STS,
    ),
    Case(
        "rotation-said-twice",
        '[root]\nrotation_period = "24h"\nrotation_schedule = "0 * * * *"',
        '[root]\nrotation_schedule = "0 * * * *"\nrotation_window = "1h"',
    ),
    Case(
        "rotation-said-twice",
        '[root]\nrotation_window = "1h"',
        '[root]\nrotation_period = "24h"',
    ),
    Case(
        "identity-token-with-key",
        f'[root]\nidentity_token_audience = "a"\nrole_arn = "{DEPLOY}"',
        TOKEN + f'role_arn = "{DEPLOY}"',
    ),
    Case("identity-token-without-role", TOKEN, TOKEN + f'role_arn = "{DEPLOY}"'),
    Case("root-role-without-token", f'[root]\nrole_arn = "{DEPLOY}"', "[root]"),
)


def template(text: str) -> str:
    return f"[root]\nusername_template = '{text}'\n"


RANDOM = template("{{ .PolicyName | truncate 20 }}-{{ random 20 }}")
NAMES = (
    Case(
        "username-template-broken", template("{{ .RoleName }}-{{ random 9 }}") + USER, RANDOM + USER
    ),
    Case("username-template-broken", template("{{ rand 9 }}") + USER, RANDOM + USER),
    Case(
        "username-template-not-followed",
        template("{{ $a := 1 }}{{ random 9 }}") + USER,
        RANDOM + USER,
    ),
    Case(
        "username-too-long",
        template("{{ random 65 }}") + USER,
        template("{{ random 64 }}") + USER,
    ),
    Case(
        "username-too-long",
        template("{{ random 33 }}") + FEDERATION,
        template("{{ random 32 }}") + FEDERATION,
    ),
    Case(
        "username-may-be-too-long",
        template("{{ .DisplayName }}-{{ random 20 }}") + USER,
        template("{{ .DisplayName | truncate 40 }}-{{ random 20 }}") + USER,
    ),
    Case(
        "username-characters",
        template("people/{{ random 20 }}") + USER,
        template("people-{{ random 20 }}") + USER,
    ),
    Case("username-characters", template("{{ .DisplayName }}") + FEDERATION, RANDOM + FEDERATION),
    Case(
        "username-not-new",
        template("{{ .PolicyName }}-{{ unix_time }}") + USER,
        template("{{ .PolicyName }}-{{ unix_time }}") + ASSUMED,
    ),
)
VAULT_ROOT = (Path(__file__).parents[2] / "policies" / "vault-root.json").read_text("utf-8")
TOLD = '[root]\npolicy = "p.json"\n'
LENT = FEDERATION.replace("p.json", "q.json")
ROOT_POLICY = (
    Case(
        "root-policy-lacks",
        TOLD + USER.replace("p.json", "q.json"),
        TOLD + USER.replace("p.json", "q.json"),
        bad_policy=VAULT_ROOT.replace("iam:DeleteUserPolicy", "iam:GetUserPolicy"),
        good_policy=VAULT_ROOT,
    ),
    Case(
        "root-policy-lacks",
        TOLD + ASSUMED.replace("vault-deploy", "deploy"),
        TOLD + ASSUMED,
        bad_policy=VAULT_ROOT,
        good_policy=VAULT_ROOT,
    ),
    Case("root-policy-lacks-rotation", TOLD, TOLD, good_policy=VAULT_ROOT),
    Case(
        "federation-beyond-root",
        TOLD + LENT,
        TOLD + LENT,
        bad_policy=VAULT_ROOT.replace("ec2:Describe*", "ec2:Get*"),
        good_policy=VAULT_ROOT,
    ),
)
STATIC = '[static_roles.s]\nusername = "ci"\nrotation_period = "24h"\n'
STATICS = (
    Case("static-period-too-short", STATIC.replace("24h", "59s"), STATIC.replace("24h", "60s")),
    Case(
        "static-user-shared",
        STATIC + STATIC.replace("s.s", "s.t"),
        STATIC + STATIC.replace("s.s", "s.t").replace("ci", "cd"),
    ),
)
DEVICE = '[audit.file]\ntype = "file"\nfile_path = "/var/log/a"\n'
AUDIT = (
    Case("audit-in-clear", DEVICE + "log_raw = true\n", DEVICE + "log_raw = false\n"),
    Case("audit-in-clear", DEVICE + 'log_raw = "1"\n', DEVICE + 'log_raw = "0"\n'),
    Case("audit-in-clear", DEVICE + 'log_raw = "T"\n', DEVICE),
)
WHO = 'members = { userpass = ["ada"] }\n'
TABLE = '[access.people]\nroles = ["r"]\n'
ACCESS = (
    Case(
        "role-without-access",
        TABLE + WHO + USER + USER.replace("roles.r", "roles.s"),
        TABLE + WHO + USER,
    ),
    Case("access-without-roles", "[access.people]\n" + WHO, TABLE + WHO + USER),
    Case("access-without-members", TABLE + USER, TABLE + WHO + USER),
    Case("member-with-wildcard", TABLE + WHO.replace("ada", "a*") + USER, TABLE + WHO + USER),
    Case(
        "member-path-twice",
        TABLE + 'members = { userpass = ["ada"], "userpass/" = ["ben"] }\n' + USER,
        TABLE + WHO + USER,
    ),
)
CASES = (
    *TTLS,
    *KINDS,
    *ARNS,
    *POLICIES,
    *ROOT,
    *NAMES,
    *ROOT_POLICY,
    *STATICS,
    *AUDIT,
    *ACCESS,
    *WAIVERS,
)
