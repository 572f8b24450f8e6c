"""Containment on real servers and an AWS that enforces: each scope, each type of credential."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from tests.integration.conftest import SERVERS
from tests.support.connections import make_user
from tests.support.places import here
from tests.support.stricken import Stricken, login
from tests.support.waiting import until
from tests.support.wired import must
from vaultaws.errors import VaultError
from vaultaws.incident.denyblock import paths_of, without_block
from vaultaws.model import Credentials, Secret, ServerProduct

ADMIN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def default_policy(place: Stricken) -> str:
    return str(must(place.wired.ask("sys/policies/acl/default")).body["data"]["policy"])


def mark(done: dict[str, Any]) -> str:
    """What stands on all that a case puts into Vault and AWS."""
    return str(done["policy_name"]).removeprefix("vaultaws-incident-")


def test_a_person_is_cut_off_everywhere(place: Stricken) -> None:
    ben, ada = login(place, "ben"), login(place, "ada")
    for role in ("reader", "reader-sts", "session", "ops"):
        place.issue("ben", role, ben)
    place.issue("ada", "reader", ada)
    place.issue("ada", "reader-sts", ada)
    until(lambda: len(place.alive()) == 6)

    code, plan, _ = here(place.shell, "incident", "contain", "--person", "ben", "--dry-run")
    assert code == 0
    assert plan.startswith("Plan for ben (entity ")
    assert " · 4 roles · 4 credentials\n" in plan
    assert "disable entity" in plan
    assert "revoke 1 login token" in plan
    assert f"on user {place.wired.root_user}   (1 federation token; 1 session token; every" in plan
    assert "every other holder of one must fetch again: 1 person)" in plan
    assert f"on role {place.roles.arns[0].rsplit('/')[-1]}   (1 assumed-role session)" in plan
    assert "deny and deactivate 1 IAM user\n" in plan
    assert f"4 leases under {place.mount}/creds, {place.mount}/sts" in plan
    assert plan.rstrip().endswith("Nothing has been done.")
    assert len(place.alive()) == 6

    done = place.contain("--person", "ben")
    assert {step["state"] for step in done["steps"]} == {"done"}
    assert done["contained_at"]
    assert done["place"]["root_user"] == place.wired.root_user
    # one federation token of ada's is of the same principal, as the plan said
    assert place.alive() == {("ada", "reader")}
    assert len(place.leases()) == 2
    entity = next(step["target"] for step in done["steps"] if step["kind"] == "disable_entity")
    assert must(place.wired.ask(f"identity/entity/id/{entity}")).body["data"]["disabled"]
    assert paths_of(default_policy(place), mark(done)) == ()

    again = place.contain("--person", "ben", "--no-trail")
    assert again["name"] == done["name"]
    assert {step["state"] for step in again["steps"]} == {"done"}
    assert place.alive() == {("ada", "reader")}
    dry = here(place.shell, "incident", "contain", "--person", "ben", "--dry-run")[1]
    assert "nothing is left to do: contained at " in dry
    assert "deny tokens issued before now" not in dry


def test_a_role_is_stopped_for_everybody(place: Stricken) -> None:
    ada = login(place, "ada")
    place.issue("ada", "reader", ada)
    place.issue("ada", "ops", ada)
    until(lambda: len(place.alive()) == 2)
    done = place.contain("--role", "reader", "--no-trail")
    assert place.alive() == {("ada", "ops")}
    paths = paths_of(default_policy(place), mark(done))
    assert paths == (f"{place.mount}/creds/reader", f"{place.mount}/sts/reader")
    must(place.wired.ask(f"{place.mount}/roles/reader"))
    refused = ada_may(place, "reader")
    assert "permission denied" in refused
    assert ada_may(place, "session") == ""
    assert [lease for lease in place.leases() if "/creds/reader/" in lease] == []


def ada_may(place: Stricken, role: str) -> str:
    """What Vault says when ada asks for a role's credentials; empty when it gives them."""
    try:
        place.issue("ada later", role, login(place, "ada"))
    except VaultError as refusal:
        return refusal.what
    return ""


def test_a_deny_that_was_taken_away_is_put_again_and_in_all_places(place: Stricken) -> None:
    ada = login(place, "ada")
    place.issue("ada", "ops", ada)
    until(lambda: len(place.alive()) == 1)
    done = place.contain("--role", "ops", "--no-trail")
    assert place.alive() == set()
    iam, role = place.wired.client("iam"), place.roles.arns[0].rsplit("/", maxsplit=1)[-1]
    policy = done["policy_name"]
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
    undone = {"policy": without_block(default_policy(place), mark(done))}
    must(place.wired.ask("sys/policies/acl/default", undone))
    assert len(place.alive()) == 1
    again = place.contain("--resume", done["name"], "--no-trail", "--stronger")
    assert f"was undone, and is done again: deny_tokens:role {role}" in again["notes"]
    assert place.alive() == set()
    assert paths_of(default_policy(place), mark(done))
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [found["PolicyName"].startswith(policy) for found in attached] == [True]


def test_one_session_alone(place: Stricken) -> None:
    ben, ada = login(place, "ben"), login(place, "ada")
    place.issue("ben", "reader-sts", ben)
    place.issue("ada", "reader-sts", ada)
    done = place.contain("--person", "ben", "--session-only")
    kinds = [step["kind"] for step in done["steps"]]
    assert "deny_session" in kinds
    assert "deny_tokens" not in kinds
    assert place.alive() == {("ada", "reader-sts")}


def test_without_the_audit_log_what_may_be_a_persons_is_unknown(place: Stricken) -> None:
    """Ben's tokens were issued on his machine: nothing here tells whose they are."""
    wired, user = place.wired, f"vault-app-{place.mount}"
    wired.client("iam").create_user(UserName=user)
    legacy = {"username": user, "rotation_period": 3600}
    must(wired.ask(f"{place.mount}/static-roles/legacy", legacy))
    ben = login(place, "ben")
    place.issue("ben", "reader-sts", ben)
    place.issue("ben", "ops", ben)
    more = {**place.shell.more, "VAULTAWS_AUDIT_LOG": ""}
    poor = dataclasses.replace(place.shell, more=more)
    contain = ("incident", "contain", "--no-trail", "--person", "ben", "--name", "ben")
    code, dry, said = here(poor, *contain, "--dry-run")
    assert code == 0, dry + said
    assert "leases of nobody known are not looked at: only Vault's audit log tells whose 2" in dry
    assert "static roles are not looked at: only Vault's audit log tells who read them" in dry
    for _ in range(2):  # the second time their leases have ended with the login that asked
        code, out, said = here(poor, *contain, "--static-role", "legacy", "--yes")
        assert code == 0, out + said
        assert place.alive() == {("ben", "reader-sts"), ("ben", "ops")}
        code, out, _ = here(poor, "incident", "verify", "ben", "--patience", "5s", "--json")
        assert code == 3
        held = {check["what"]: check["held"] for check in json.loads(out)["checks"]}
        assert held["leases of nobody known"] == held["static roles"] == "unknown"
    resume = ("incident", "contain", "--resume", "ben", "--yes", "--no-trail")
    code, out, said = here(place.shell, *resume, "--static-role", "legacy")
    assert code == 0, out + said
    assert "nobody known" not in out
    assert place.alive() == set()


@pytest.mark.parametrize("server", SERVERS[:1], indirect=True)  # it is about AWS alone
def test_a_thief_is_followed_two_deep(place: Stricken) -> None:
    """A key of a person of the company, unknown to Vault: she makes a user, whose key takes a role
    of the company's, whose session makes a key for somebody else."""
    mark, aws = place.mount, place.wired.aws
    admin = make_user(aws, f"eve-{mark}", ADMIN)
    victim = make_user(aws, f"bob-{mark}", ADMIN)
    iam = place.wired.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
    }
    role = iam.create_role(RoleName=f"Ops-{mark}", AssumeRolePolicyDocument=json.dumps(trust))[
        "Role"
    ]["Arn"]
    iam.put_role_policy(RoleName=f"Ops-{mark}", PolicyName="all", PolicyDocument=json.dumps(ADMIN))
    hers = place.wired.client("iam", admin.key)
    hers.create_user(UserName=f"mallory-{mark}")
    hers.put_user_policy(
        UserName=f"mallory-{mark}", PolicyName="all", PolicyDocument=json.dumps(ADMIN)
    )
    made = hers.create_access_key(UserName=f"mallory-{mark}")["AccessKey"]
    mallory = Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"]))
    taken = place.wired.client("sts", mallory).assume_role(RoleArn=role, RoleSessionName="night")
    session = Credentials(
        taken["Credentials"]["AccessKeyId"],
        Secret(taken["Credentials"]["SecretAccessKey"]),
        Secret(taken["Credentials"]["SessionToken"]),
    )
    planted = place.wired.client("iam", session).create_access_key(UserName=victim.name)
    extra = planted["AccessKey"]
    place.held = {
        ("eve", "her own"): admin.key,
        ("mallory", "made by eve"): mallory,
        ("night", "taken by mallory"): session,
        ("bob", "planted"): Credentials(extra["AccessKeyId"], Secret(extra["SecretAccessKey"])),
    }
    assert len(place.alive()) == 4

    _, plan, _ = here(
        place.shell, "incident", "contain", "--key", admin.key.access_key_id, "--dry-run"
    )
    assert f"→ AssumeRole Ops-{mark} → ASIA…" in plan
    assert f"deny and deactivate the user mallory-{mark}" in plan
    assert f"PutUserPolicy mallory-{mark}" in plan
    done = place.contain("--key", admin.key.access_key_id)
    assert place.alive() == set()
    stopped = {step["target"] for step in done["steps"] if step["kind"] == "stop_user"}
    assert stopped == {f"eve-{mark}", f"mallory-{mark}", f"bob-{mark}"}
    kept = iam.list_access_keys(UserName=f"mallory-{mark}")["AccessKeyMetadata"]
    assert [key["Status"] for key in kept] == ["Inactive"]


def test_a_mount_with_its_static_keys_and_its_root(place: Stricken) -> None:
    """One of everything; a role that was deleted; a user that no lease leads to."""
    wired, user = place.wired, f"vault-app-{place.mount}"
    ada = login(place, "ada")
    for role in ("reader", "reader-sts", "ops"):
        place.issue("ada", role, ada)
    iam = wired.client("iam")
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="reads", PolicyDocument=json.dumps(ADMIN))
    must(
        wired.ask(f"{place.mount}/static-roles/legacy", {"username": user, "rotation_period": 3600})
    )
    read = must(wired.ask(f"{place.mount}/static-creds/legacy")).body["data"]
    place.held["app", "legacy"] = Credentials(read["access_key"], Secret(read["secret_key"]))
    must(wired.ask(f"{place.mount}/roles/reader-sts", method="DELETE"))
    orphan = f"vault-token-reader-{1_700_000_000}-{'x' * 20}"
    iam.create_user(UserName=orphan)
    (place.shell.directory / "vaultaws.toml").write_text(
        f'[mount]\npath = "{place.mount}"\n[static_roles.legacy]\nusername = "{user}"\n'
        'rotation_period = "1h"\n[trail]\n'
    )
    until(lambda: len(place.alive()) == 4)
    root_key = wired.root_credentials.access_key_id
    done = place.contain("--everything", "--root", "--no-trail")
    assert place.alive() == set()
    assert place.leases() == []
    assert wired.user_names(f"-reader-{1_700_000_000}-") == []
    assert [key for key in wired.keys_of(user) if key == read["access_key"]] == []
    now = must(wired.ask(f"{place.mount}/config/root")).body["data"]["access_key"]
    assert now != root_key
    assert wired.keys_of(wired.root_user) == [now]
    paths = paths_of(default_policy(place), mark(done))
    assert f"{place.mount}/creds/ops" in paths
    assert f"{place.mount}/static-creds/legacy" in paths


def test_static_roles_that_nobody_can_list_stay_unknown_until_they_are_named(
    place: Stricken,
) -> None:
    """OpenBao's engine cannot list them; nothing declared is here. Vault's can."""
    wired, user = place.wired, f"vault-app-{place.mount}"
    wired.client("iam").create_user(UserName=user)
    must(
        wired.ask(f"{place.mount}/static-roles/legacy", {"username": user, "rotation_period": 3600})
    )
    (old,) = wired.keys_of(user)
    dry = here(place.shell, "incident", "contain", "--everything", "--no-trail", "--dry-run")[1]
    done = place.contain("--everything", "--no-trail", "--name", "all")
    if wired.server.product is ServerProduct.VAULT:
        assert "not looked at" not in dry
        assert wired.keys_of(user) != [old]
        return
    assert "static roles are not looked at: this server cannot list them" in dry
    assert any("--static-role NAME" in note for note in done["notes"])
    assert wired.keys_of(user) == [old]
    code, out, _ = here(place.shell, "incident", "verify", "all", "--patience", "5s", "--json")
    assert code == 3
    held = {check["what"]: check["held"] for check in json.loads(out)["checks"]}
    assert held["static roles"] == "unknown"
    assert "static roles: this server cannot list" in here(place.shell, "incident", "report")[1]
    place.contain("--resume", "all", "--no-trail", "--static-role", "legacy")
    assert wired.keys_of(user) != [old]
    code, out, _ = here(place.shell, "incident", "verify", "all", "--patience", "5s", "--json")
    assert "static roles" not in {check["what"] for check in json.loads(out)["checks"]}
