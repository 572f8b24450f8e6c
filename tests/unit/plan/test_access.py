"""Who may issue what: shared claims, names that are taken, people who are not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.memory_operators import OIDC, USERPASS, MemoryServer, memory_server
from tests.support.memory_vault import denied
from vaultaws.config.schema import Access, Config
from vaultaws.errors import ConfigError, VaultDeniedError
from vaultaws.model import CredentialType, Entity, Group, MountInfo, Role
from vaultaws.plan import names, show, steps
from vaultaws.plan.changes import Action, Kind, Plan
from vaultaws.plan.planner import make_plan

READER = Role("reader", CredentialType.IAM_USER, policy_arns=("arn:aws:iam::aws:policy/x",))
TEXT = """[access.analysts]
roles = ["reader"]
members = { oidc = ["Eng"], ghosts = ["x"], approle = ["ci", "cd"], entities = ["zoe", "yan"] }
"""


def server() -> MemoryServer:
    made = memory_server()
    made.engines["aws"] = MountInfo("aws", "aws", "aws_1", 900, 3600)
    made.roles["reader"] = READER
    return made


def config(*access: Access, mount: str = "aws", text: str = "") -> Config:
    base = Config(Path("vaultaws.toml"), roles=(READER,), access=access, text=text)
    return replace(base, mount=replace(base.mount, path=mount))


def one(name: str, **members: tuple[str, ...]) -> Access:
    return Access(name, ("reader",), (), tuple(members.items()))


def apply(vault: MemoryServer, wanted: Config) -> Plan:
    plan = make_plan(vault, wanted)
    for change in plan.to_write:
        steps.take(change, steps.Hands(vault, wanted.mount.path))
    return plan


def test_two_tables_that_name_one_claim_share_its_group() -> None:
    vault = server()
    both = config(one("analysts", oidc=("Eng",)), one("writers", oidc=("eng",)))
    apply(vault, both)
    (group,) = vault.groups.values()
    assert group.external
    assert group.alias == (OIDC.accessor, "Eng")
    assert group.policies == ("vaultaws-aws-analysts", "vaultaws-aws-writers")
    assert make_plan(vault, both).changes == ()
    plan = apply(vault, config(one("writers", oidc=("eng",))))
    assert [(change.action, change.name) for change in plan.changes] == [
        (Action.REMOVE, "analysts")
    ]
    (group,) = vault.groups.values()
    assert group.policies == ("vaultaws-aws-writers",)
    apply(vault, config())
    assert vault.groups == {}
    assert vault.acl == {}


def test_a_claim_is_shared_by_mounts_whose_names_are_alike() -> None:
    vault = server()
    vault.engines["aws-x"] = MountInfo("aws-x", "aws", "aws_2", 900, 3600)
    apply(vault, config(one("x-foo", oidc=("eng",))))
    other = config(one("bar", oidc=("eng",)), mount="aws-x")
    apply(vault, other)
    (group,) = vault.groups.values()
    assert group.policies == ("vaultaws-aws-x-bar", "vaultaws-aws-x-foo")
    apply(vault, config())
    assert make_plan(vault, other).changes == ()
    (group,) = vault.groups.values()
    assert group.policies == ("vaultaws-aws-x-bar",)


def test_a_claim_that_moves_to_another_mount_is_not_given_back_what_it_lost() -> None:
    vault = server()
    vault.engines["b"] = MountInfo("b", "aws", "aws_2", 900, 3600)
    apply(vault, config(one("foo", oidc=("eng", "ops"))))
    files = [config(one("foo", oidc=("ops",))), config(one("bar", oidc=("eng",)), mount="b")]
    plans = [make_plan(vault, file) for file in files]  # several files are planned together
    for plan in plans:
        for change in plan.to_write:
            steps.take(change, steps.Hands(vault, plan.config.mount.path))
    policies = {group.alias[1]: group.policies for group in vault.groups.values() if group.alias}
    assert policies == {"ops": ("vaultaws-aws-foo",), "eng": ("vaultaws-b-bar",)}
    assert [make_plan(vault, file).changes for file in files] == [(), ()]


def test_a_claim_gets_the_policy_of_another_access_only_by_its_own_step() -> None:
    vault = server()
    apply(vault, config(one("foo", oidc=("ops",)), one("zoo", oidc=("eng",))))
    plan = make_plan(vault, config(one("foo", oidc=("eng",)), one("zoo", oidc=("ops",))))
    first, _ = plan.to_write
    steps.take(first, steps.Hands(vault, "aws"))
    policies = {group.alias[1]: group.policies for group in vault.groups.values() if group.alias}
    assert "vaultaws-aws-zoo" not in policies.get("ops", ())
    assert apply(vault, plan.config).changes != ()
    assert make_plan(vault, plan.config).changes == ()


@pytest.mark.parametrize("access", [(one("foo", oidc=("ops",)),), ()])
def test_a_group_left_without_its_claim_goes(access: tuple[Access, ...]) -> None:
    vault = server()
    apply(vault, config(one("foo", oidc=("eng", "ops"))))
    halfway = next(
        group for group in vault.groups.values() if group.alias == (OIDC.accessor, "eng")
    )
    vault.groups[halfway.name] = replace(halfway, alias=None)
    apply(vault, config(*access))
    assert halfway.name not in vault.groups
    assert make_plan(vault, config(*access)).changes == ()


def test_a_copy_of_a_policy_does_not_hide_what_became_of_it() -> None:
    vault = server()
    wanted = config(one("foo", userpass=("ada",)))
    apply(vault, wanted)
    copied = vault.acl["vaultaws-aws-foo"]
    vault.acl["vaultaws-aws-foo-copy"] = copied
    vault.acl["vaultaws-aws-foo"] += 'path "*" {\n  capabilities = ["sudo"]\n}\n'
    (change,) = apply(vault, wanted).changes
    assert change.fields[0].lines == ('- path "*" { capabilities = ["sudo"] }',)
    assert vault.acl["vaultaws-aws-foo"] == copied
    assert make_plan(vault, wanted).changes == ()
    apply(vault, config())
    assert vault.acl == {"vaultaws-aws-foo-copy": copied}


def test_a_policy_that_lost_its_mark_is_put_right_with_its_claims() -> None:
    vault = server()
    apply(vault, config(one("foo", oidc=("eng", "ops"))))
    vault.acl["vaultaws-aws-foo"] = 'path "x" {\n  capabilities = ["sudo"]\n}\n'
    wanted = config(one("foo", oidc=("ops",)))
    (change,) = apply(vault, wanted).changes
    assert change.action is Action.CHANGE
    assert [group.alias for group in vault.groups.values()] == [(OIDC.accessor, "ops")]
    assert make_plan(vault, wanted).changes == ()


def test_one_name_for_two_mounts_is_refused() -> None:
    vault = server()
    apply(vault, config(one("x-foo", userpass=("ada",))))
    vault.engines["aws-x"] = MountInfo("aws-x", "aws", "aws_2", 900, 3600)
    with pytest.raises(ConfigError) as refused:
        make_plan(vault, config(one("foo"), mount="aws-x"))
    assert "is that of [access.x-foo] on aws/" in refused.value.describe()
    assert "a group vaultaws-aws-x-foo exists" in refused.value.describe()
    assert make_plan(vault, config(mount="aws-x")).changes == ()


def test_a_claim_that_leads_to_the_group_of_others_is_refused() -> None:
    vault = server()
    vault.groups["engineering"] = Group(
        "engineering", True, alias=(OIDC.accessor, "ENG"), id="group-1"
    )
    with pytest.raises(ConfigError) as refused:
        make_plan(vault, config(one("analysts", oidc=("eng",)), text=TEXT))
    said = refused.value.describe()
    assert "the claim eng leads to the group engineering" in said
    assert "give that group the policy vaultaws-aws-analysts" in said
    assert vault.writes == []


def test_a_group_made_by_hand_under_our_name_is_refused() -> None:
    vault = server()
    vault.groups["vaultaws-aws-analysts"] = Group("vaultaws-aws-analysts")
    with pytest.raises(ConfigError) as refused:
        make_plan(vault, config(one("analysts", userpass=("ada",))))
    assert "not of vaultaws" in refused.value.describe()


def test_everybody_who_is_not_there_is_said_at_once_with_places() -> None:
    access = one(
        "analysts", ghosts=("x",), oidc=("Eng",), approle=("ci", "cd"), entities=("zoe", "yan")
    )
    with pytest.raises(ConfigError) as refused:
        make_plan(server(), config(access, text=TEXT))
    said = refused.value.describe()
    assert "vaultaws.toml:3:29: " in said
    assert "vaultaws.toml:3:62: " in said
    assert "no auth method is mounted at ghosts/ (there are approle, oidc, userpass)" in said
    assert "the auth method at approle/ has no role cd" in said
    assert "no identity entity is named yan" in said
    assert "zoe" not in said
    assert "3 things" in said


def test_a_person_is_found_by_login_or_made_and_counted_once() -> None:
    vault = server()
    vault.entities["entity-ada"] = Entity(
        "entity-ada", "zoe2", aliases=((USERPASS.accessor, "ada"),)
    )
    wanted = config(one("analysts", userpass=("Ada", "ben"), entities=("zoe2",)))
    apply(vault, wanted)
    group = vault.groups["vaultaws-aws-analysts"]
    assert len(group.member_entity_ids) == 2
    assert make_plan(vault, wanted).changes == ()


def test_who_was_added_by_hand_is_taken_out_and_named() -> None:
    vault = server()
    wanted = config(one("analysts", userpass=("ada",)))
    apply(vault, wanted)
    vault.entities["entity-eve"] = Entity("entity-eve", "x", aliases=((USERPASS.accessor, "eve"),))
    group = vault.groups["vaultaws-aws-analysts"]
    vault.groups[group.name] = replace(
        group, member_entity_ids=(*group.member_entity_ids, "entity-eve")
    )
    (change,) = make_plan(vault, wanted).changes
    assert change.effects[0] == "eve loses reader"
    assert change.fields[0].lines == ("- eve (userpass)",)
    apply(vault, wanted)
    assert make_plan(vault, wanted).changes == ()


def test_a_policy_or_a_group_changed_by_hand_is_put_right() -> None:
    vault = server()
    wanted = config(one("analysts", userpass=("ada",), oidc=("eng",)))
    apply(vault, wanted)
    name = "vaultaws-aws-analysts"
    vault.acl[name] += 'path "sys/*" {\n  capabilities = ["sudo"]\n}\n'
    vault.groups[name] = replace(vault.groups[name], policies=(name, "admin"))
    (change,) = make_plan(vault, wanted).changes
    assert [field.name for field in change.fields] == ["policy", "group policies"]
    assert change.fields[0].lines == ('- path "sys/*" { capabilities = ["sudo"] }',)
    apply(vault, wanted)
    assert make_plan(vault, wanted).changes == ()
    del vault.acl[name]
    claim = next(group for group in vault.groups.values() if group.external)
    vault.groups.pop(claim.name)
    assert make_plan(vault, wanted).changes != ()
    apply(vault, wanted)
    assert make_plan(vault, wanted).changes == ()


def test_a_group_put_into_ours_by_hand_is_shown_and_taken_out() -> None:
    vault = server()
    wanted = config(one("analysts", userpass=("ada",)))
    apply(vault, wanted)
    name = "vaultaws-aws-analysts"
    vault.groups[name] = replace(vault.groups[name], member_group_ids=("group-everybody",))
    plan = apply(vault, wanted)
    assert 'group member_group_ids  ["group-everybody"] → —' in show.text(plan)
    assert vault.groups[name].member_group_ids == ()
    assert make_plan(vault, wanted).changes == ()


def test_a_policy_in_another_layout_is_no_change() -> None:
    vault = server()
    wanted = config(one("analysts"))
    apply(vault, wanted)
    mark, *rules = vault.acl["vaultaws-aws-analysts"].replace("\n  ", " ").split("\npath")
    vault.acl["vaultaws-aws-analysts"] = "\npath".join((mark, *reversed(rules)))
    assert make_plan(vault, wanted).changes == ()


def test_an_access_that_goes_says_who_loses_what() -> None:
    vault = server()
    wanted = config(one("analysts", userpass=("ada", "ben"), oidc=("eng",)))
    apply(vault, wanted)
    plan = make_plan(vault, config())
    (change,) = plan.changes
    assert change.effects == (
        "2 people (ada, ben) lose reader",
        "everyone with the claim eng loses reader",
        "credentials already issued to them live on until they end",
    )
    assert "  - access analysts  2 people (ada, ben) lose reader" in show.text(plan)


def test_an_apply_that_ended_halfway_is_taken_up() -> None:
    """A claim's group without its alias; a policy's name left in it; a group without a policy."""
    vault = server()
    wanted = config(one("analysts", userpass=("ada",), oidc=("eng",)))
    apply(vault, wanted)
    claim = next(group for group in vault.groups.values() if group.external)
    vault.groups[claim.name] = replace(claim, alias=None)
    (change,) = make_plan(vault, wanted).changes
    assert change.action is Action.CHANGE
    apply(vault, wanted)
    assert make_plan(vault, wanted).changes == ()
    vault.acl.clear()
    (change,) = make_plan(vault, config()).changes
    assert (change.action, change.kind, change.name) == (Action.REMOVE, Kind.ACCESS, "analysts")
    apply(vault, config())
    assert vault.groups == {}


def test_a_token_that_may_not_list_is_refused_where_access_is_declared_and_told_elsewhere() -> None:
    vault = server()
    vault.forbidden = {"list_acl_policies"}
    with pytest.raises(VaultDeniedError):
        make_plan(vault, config(one("analysts")))
    plan = make_plan(vault, config())
    assert plan.changes == ()
    assert plan.observed.unseen == (
        f"access left by an earlier file was not looked for: {denied().what}",
    )
    assert "was not looked for" in show.text(plan)


def test_the_access_policy_grants_issuing_and_reading_and_no_more() -> None:
    text = names.acl_text("team/aws", Access("analysts", ("reader",), ("ci",)))
    assert names.owner_of_text(text) == ("team/aws", "analysts")
    assert names.roles_in_text(text) == ("ci", "reader")
    granted = [line for line in text.splitlines() if "capabilities" in line]
    assert granted == [
        '  capabilities = ["read", "update"]',
        '  capabilities = ["read", "update"]',
        '  capabilities = ["read"]',
        '  capabilities = ["read"]',
    ]
    for path in ("creds/reader", "sts/reader", "roles/reader", "static-creds/ci"):
        assert f'path "team/aws/{path}" {{' in text


@pytest.mark.parametrize(
    "text",
    ["", "path", "# managed by vaultaws: mount aws, access x", '# managed by vaultaws: mount "a'],
)
def test_a_policy_without_a_whole_mark_has_no_owner(text: str) -> None:
    assert names.owner_of_text(text) is None
