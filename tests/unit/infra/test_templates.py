"""The ready templates: explained, without faults, and without keys."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.connections import policy
from tests.support.policies import ACCOUNT
from tests.support.readied import LIBRARY, text_of
from tests.support.rootfiles import declared
from vaultaws.errors import ConfigError, UsageError
from vaultaws.infra.cloudformation import (
    ENFORCING,
    load,
    names,
    template_of,
    templates_directory,
    with_policy,
)
from vaultaws.infra.rootpolicy import RootPolicy, computed
from vaultaws.local.aws.cfn.template import read
from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.document import parse_policy
from vaultaws.policy.equal import equal

README = (templates_directory() / "README.md").read_text("utf-8")
PLACES = {
    "${AWS::Partition}": "aws",
    "${AWS::AccountId}": "*",
    "${UserPath}": "/",
    "${UserName}": "x",
    "${TrailBucket}": "vaultaws-trail-*",
}
PARAMETERS = {"Actions": ["ec2:*"], "MfaAgeSeconds": "3600"}
TWICE = {
    "block-without-mfa": ("block-without-mfa", "BlockMostAccessUnlessSignedInWithMFA"),
    "manage-mfa": ("manage-mfa", "ManageMFAPolicy"),
    "opssudo-assume": ("ops-sudo", "OpsSudoPolicy"),
    "roles-list": ("roles-list", "RolesList"),
    "s3-only": ("s3-mfa", "S3MFARole"),
}
"""Ready policies that a template has as well: the template and its resource."""


def test_cfn_lint_has_nothing_to_say(tmp_path: Path) -> None:
    written = tmp_path / "vault-root.yaml"
    written.write_text(with_policy(load("vault-root"), computed(declared())).body)
    files = [str(templates_directory() / f"{name}.yaml") for name in names()]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), *files, str(written)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", names())
def test_each_is_explained(name: str) -> None:
    (section,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    for part in ("**Who:**", "**What:**", "**Why:**", "**What it cannot do:**"):
        assert part in section
    assert template_of(read(load(name).body).description) == name


@pytest.mark.parametrize("name", names())
def test_none_makes_or_gives_out_a_secret(name: str) -> None:
    template = read(load(name).body)
    assert "AWS::IAM::AccessKey" not in template.kinds
    said = json.dumps(dict(template.outputs)).lower()
    assert "secret" not in said
    assert "password" not in load(name).body.replace("iam:ChangePassword", "")


@pytest.mark.parametrize("name", names())
def test_its_policies_are_what_iam_takes(name: str) -> None:
    body = load(name).body
    for resource in read(body).resources.values():
        for document in documents(resource.properties):
            check_policy(parse_policy(plain(document)), PolicyKind.IDENTITY)


def documents(properties: Any) -> list[Any]:
    inline = [each["PolicyDocument"] for each in properties.get("Policies", ())]
    own = properties.get("PolicyDocument")
    identity = own is not None and "Bucket" not in properties
    return [*inline, own] if identity else inline


def plain(value: Any) -> Any:
    """A document with what CloudFormation would put in."""
    if isinstance(value, dict):
        if value.keys() == {"Fn::Sub"}:
            text = value["Fn::Sub"].replace("${!", "${")
            for placeholder, put in PLACES.items():
                text = text.replace(placeholder, put)
            return text
        if value.keys() in ({"Ref"}, {"Fn::GetAtt"}):
            return PARAMETERS.get(value.get("Ref", ""), "arn:aws:iam::*:role/x")
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def test_the_responder_has_the_rights_of_the_ready_policy() -> None:
    properties = read(load("responder").body).resources["ResponderPolicy"].properties
    assert plain(properties["PolicyDocument"]) == policy("vaultaws-responder")
    assert not properties["ManagedPolicyName"].startswith("vaultaws-")


@pytest.mark.parametrize("name", TWICE)
def test_a_template_has_the_rules_of_the_ready_policy(name: str) -> None:
    template, resource = TWICE[name]
    (document,) = documents(read(load(template).body).resources[resource].properties)
    assert equal(plain(document), json.loads(text_of(name, role="x").replace(ACCOUNT, "*")))


def test_ops_is_trusted_as_the_page_of_the_ready_policy_says() -> None:
    (shown,) = re.findall(r"(?ms)^    \{.*?\n\n", LIBRARY["opssudo-assume"].explanation)
    trust = read(load("ops-sudo").body).resources["OpsSudo"].properties["AssumeRolePolicyDocument"]
    said = json.loads(shown.replace("ACCOUNT_OF_THE_TEAM", "*"))
    said["Statement"][0]["Sid"] = trust["Statement"][0]["Sid"]
    assert equal(plain(trust), said)


def test_a_name_that_is_none_is_told_its_nearest() -> None:
    with pytest.raises(UsageError) as refused:
        load("vault_root")
    assert "vault-root" in refused.value.why


@pytest.mark.parametrize("name", ENFORCING)
def test_the_parameters_that_enforce_mfa_are_there(name: str) -> None:
    assert set(ENFORCING[name]) <= read(load(name).body).parameters.keys()


def test_a_policy_of_very_many_resources_is_divided_or_refused() -> None:
    def of(count: int) -> RootPolicy:
        arns = [f"arn:aws:iam::123456789012:role/{number:0>60}" for number in range(count)]
        return RootPolicy(({"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": arns},))

    template = read(with_policy(load("vault-root"), of(120)).body)
    parts = [name for name in template.resources if name.startswith("RootPolicy")]
    assert len(parts) > 1
    with pytest.raises(ConfigError, match="does not fit one"):
        with_policy(load("vault-root"), of(2_000))
