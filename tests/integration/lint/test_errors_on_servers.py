"""What lint calls an error fails on a real server, at the write or at issuance; and what it lets
pass issues."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.connections import aws_client
from tests.support.lint_cases import CASES, DEPLOY, MANAGED, READER
from tests.support.wired import Wired, must, root_config
from vaultaws.config.load import load
from vaultaws.config.schema import Config
from vaultaws.lint.registry import RULES
from vaultaws.lint.rule import Severity
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.vault.encode import role_fields

pytestmark = pytest.mark.integration

ACCOUNT = "111122223333"
UNPROVABLE = frozenset(
    {
        "arn-partition",  # the local AWS is of one partition
        "mfa-serial-malformed",  # a device's code is asked for anyway
        "policy-not-filled",  # AWS takes the braces for a part of a name that nothing has
        "root-role-cannot-issue",  # identity tokens are Enterprise's
    }
)
OF_ROLES = [
    case
    for case in CASES
    if RULES[case.rule].severity is Severity.ERROR
    and case.rule not in UNPROVABLE
    and "[roles." in case.bad
    and "[root]\npolicy" not in case.bad
    and "credentials = " not in case.bad
    and '"aws:' not in case.bad  # the local AWS lets such tags pass
]


EVERYTHING = """{"Version": "2012-10-17",
 "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"""


@pytest.fixture(scope="module")
def furnished(start_aws: Callable[[AwsOptions], LocalAws]) -> LocalAws:
    """An AWS of its own with the groups, policies and the role that the cases name."""
    aws = start_aws(AwsOptions())
    iam = aws_client(aws, "iam")
    for name in ("g", "h", "a.b", *(f"g{n}" for n in range(11))):
        iam.create_group(GroupName=name)
    for name in ("reader", *(f"reader-{n}" for n in range(11))):
        iam.create_policy(PolicyName=name, PolicyDocument=READER)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_of(aws)}:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName="vault-deploy", AssumeRolePolicyDocument=json.dumps(trust))
    return aws


def account_of(aws: LocalAws) -> str:
    return str(aws_client(aws, "sts").get_caller_identity()["Account"])


@pytest.fixture
def account(furnished: LocalAws) -> str:
    return account_of(furnished)


@pytest.fixture
def wired(furnished: LocalAws, wire: Callable[[LocalAws, AwsOptions], Wired]) -> Wired:
    """The server wired to that AWS, with a root user who may do everything."""
    made = wire(furnished, AwsOptions())
    made.client("iam").put_user_policy(
        UserName=made.root_user, PolicyName="own", PolicyDocument=EVERYTHING
    )
    return made


def declared(folder: Path, text: str, policy: str, account: str) -> Config:
    (folder / "p.json").write_text(policy, encoding="utf-8")
    (folder / "q.json").write_text(READER, encoding="utf-8")
    file = folder / "vaultaws.toml"
    file.write_text(text.replace(ACCOUNT, account), encoding="utf-8")
    return load(file)


def refused(wired: Wired, config: Config) -> list[str]:
    """The roles that the engine does not store, or does not issue."""
    longest = config.mount.max_lease_ttl_seconds
    tuned = {"default_lease_ttl": "60s", "max_lease_ttl": f"{longest}s"}
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", tuned))
    template = config.root.username_template if config.root is not None else None
    written = {**root_config(wired), "username_template": template or ""}
    must(wired.ask(f"{wired.mount}/config/root", written))
    found = []
    for role in config.roles:
        body = {**role_fields(role), "user_path": role.user_path}
        stored = wired.ask(f"{wired.mount}/roles/{role.name}", body).status in (200, 204)
        if not stored or wired.ask(f"{wired.mount}/creds/{role.name}").status != 200:
            found.append(role.name)
    return found


def test_what_is_an_error_fails(wired: Wired, account: str, tmp_path: Path) -> None:
    """One mount for all cases: each writes its roles, the mount's bounds and the template anew."""
    issued = [
        case.bad
        for case in OF_ROLES
        if not refused(wired, declared(tmp_path, case.bad, case.bad_policy, account))
    ]
    assert issued == []


def test_what_is_let_pass_issues(wired: Wired, account: str, tmp_path: Path) -> None:
    failed = [
        case.good
        for case in OF_ROLES
        if refused(wired, declared(tmp_path, case.good, case.good_policy, account))
    ]
    assert failed == []


def test_the_cases_speak_of_one_account() -> None:
    assert all(f"::{ACCOUNT}:" in arn for arn in (DEPLOY, MANAGED))


def test_a_federation_token_may_have_managed_policies_only(
    wired: Wired, account: str, tmp_path: Path
) -> None:
    text = '[roles.r]\ncredential_type = "federation_token"\n' + f'policy_arns = ["{MANAGED}"]\n'
    assert refused(wired, declared(tmp_path, text, READER, account)) == []
