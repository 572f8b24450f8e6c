"""The planner: declared against observed, a pure function."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vaultaws.config.schema import Access, Config, Mount, Root
from vaultaws.errors import ConfigError
from vaultaws.model import CredentialType, MountInfo, Role, RootConfig, ServerProduct
from vaultaws.plan import show
from vaultaws.plan.changes import AccessState, Action, Kind, Observed
from vaultaws.plan.diff import diff
from vaultaws.plan.names import acl_name, acl_text

READER = Role(
    name="reader",
    credential_type=CredentialType.IAM_USER,
    policy_document={"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]},
)
ANALYSTS = Access(name="analysts", roles=("reader",))
KEY = "AKIA" + "1" * 16
CONFIG = Config(
    file=Path("vaultaws.toml"),
    mount=Mount(),
    root=Root(region="eu-west-2"),
    roles=(READER,),
    access=(ANALYSTS,),
)
EMPTY = Observed(address="http://127.0.0.1:8200", product=ServerProduct.OPENBAO, version="2.7.2")
AS_DECLARED = replace(
    EMPTY,
    mount=MountInfo("aws", "aws", "acc", 900, 3600),
    lease=(900, 3600),
    root=RootConfig(KEY, region="eu-west-2"),
    roles=(READER,),
    access=(AccessState("analysts", acl_name("aws", "analysts"), acl_text("aws", ANALYSTS)),),
)


def test_an_empty_server_gets_everything_in_the_order_of_apply() -> None:
    plan = diff(CONFIG, EMPTY)
    assert [change.kind for change in plan.changes] == [
        Kind.MOUNT,
        Kind.ROOT,
        Kind.ROLE,
        Kind.ACCESS,
    ]
    assert {change.action for change in plan.changes} == {Action.ADD}


def test_a_server_as_declared_needs_nothing() -> None:
    plan = diff(CONFIG, AS_DECLARED)
    assert plan.changes == ()
    assert "Nothing to change" in show.text(plan)


def test_key_order_is_no_change_but_an_action_is() -> None:
    statement = {"Resource": "*", "Effect": "Allow", "Action": "ec2:*"}
    same = replace(READER, policy_document={"Statement": [statement]})
    assert diff(CONFIG, replace(AS_DECLARED, roles=(same,))).changes == ()
    other = replace(READER, policy_document={"Statement": [{**statement, "Action": "ec2:Run*"}]})
    (change,) = diff(CONFIG, replace(AS_DECLARED, roles=(other,))).changes
    assert (change.action, change.kind, change.name) == (Action.CHANGE, Kind.ROLE, "reader")
    assert [field.name for field in change.fields] == ["policy_document"]


def test_a_field_that_openbao_drops_is_refused_before_anything_is_written() -> None:
    config = replace(CONFIG, root=Root(region="eu-west-2", sts_region="eu-west-2"))
    with pytest.raises(ConfigError) as refused:
        diff(config, AS_DECLARED)
    assert "root.sts_region" in refused.value.describe()
    on_vault = replace(AS_DECLARED, product=ServerProduct.VAULT)
    (change,) = diff(config, on_vault).changes
    assert [field.name for field in change.fields] == ["sts_region"]


def test_what_the_file_does_not_say_stays() -> None:
    handmade = Role(name="legacy", credential_type=CredentialType.SESSION_TOKEN)
    root = RootConfig(KEY, region="eu-west-2", username_template="{{ .RoleName }}")
    plan = diff(CONFIG, replace(AS_DECLARED, roles=(READER, handmade), root=root))
    (change,) = plan.changes
    assert (change.action, change.name) == (Action.UNMANAGED, "legacy")
    assert plan.to_write == ()
    assert "left alone" in show.text(plan)


def test_a_changed_region_keeps_the_other_root_fields() -> None:
    root = RootConfig(KEY, region="us-east-1", username_template="{{ .RoleName }}")
    (change,) = diff(CONFIG, replace(AS_DECLARED, root=root)).changes
    assert change.value == replace(root, region="eu-west-2")
    assert "us-east-1 → eu-west-2" in show.text(diff(CONFIG, replace(AS_DECLARED, root=root)))


def test_a_root_without_a_key_lacks_it_only_where_one_is_declared() -> None:
    keyless = replace(AS_DECLARED, root=RootConfig(region="eu-west-2"))
    (change,) = diff(CONFIG, keyless).changes
    assert (change.action, change.kind) == (Action.CHANGE, Kind.ROOT)
    assert [(field.name, field.new) for field in change.fields] == [("key", "from env")]
    own = replace(CONFIG, root=Root("server", region="eu-west-2"))
    assert diff(own, keyless).changes == ()
    by_identity = replace(CONFIG, root=Root("env", role_arn="arn:aws:iam::123456789012:role/vault"))
    enterprise = replace(keyless, product=ServerProduct.VAULT, version="1.21.1", enterprise=True)
    (change,) = diff(by_identity, enterprise).changes
    assert [field.name for field in change.fields] == ["role_arn"]


def test_a_root_that_was_never_written_is_one_that_says_nothing() -> None:
    bare = replace(AS_DECLARED, root=None)
    assert diff(replace(CONFIG, root=Root("server")), bare).changes == ()
    for root in (Root("server", region="eu-west-2"), Root()):
        (change,) = diff(replace(CONFIG, root=root), bare).changes
        assert (change.action, change.kind) == (Action.ADD, Kind.ROOT)


def test_spans_are_said_as_people_say_them() -> None:
    observed = replace(AS_DECLARED, mount=MountInfo("aws", "aws", "acc", 900, 7200))
    text = show.text(diff(CONFIG, observed))
    assert "max_lease_ttl  2 h → 1 h" in text
    assert "1 to change. Nothing has been written." in text


def test_the_access_policy_grants_issuing_and_reading_and_no_more() -> None:
    text = acl_text("team/aws", ANALYSTS)
    assert 'path "team/aws/creds/reader"' in text
    assert 'path "team/aws/sts/reader"' in text
    assert 'path "team/aws/roles/reader"' in text
    assert "sudo" not in text
    assert "delete" not in text


def test_a_plan_for_machines_holds_no_value_to_guess_at() -> None:
    document = show.document(diff(CONFIG, EMPTY))
    assert json.loads(json.dumps(document)) == document
    assert document["version"] == 1
    assert document["changes"][0]["action"] == "add"
