"""`incident verify` on real servers: dead, alive or unknown, each when it is so."""

from __future__ import annotations

from tests.support.contained import CASE, Contained


def test_what_was_contained_is_proved_dead(case: Contained) -> None:
    found = case.shell.json("incident", "verify", CASE)
    by_key = {each["access_key_id"]: each for each in found["credentials"]}
    assert set(by_key) == {
        case.token.credentials.access_key_id,
        case.user.credentials.access_key_id,
    }
    assert {each["standing"] for each in by_key.values()} == {"dead"}, found
    assert {each["how"] for each in by_key.values()} == {"canary"}
    assert [each["trial"] for each in found["canaries"]] == ["refused", "refused"]
    assert all(each["times"] >= 5 for each in found["canaries"])
    assert [each["held"] for each in found["checks"]] == ["holds"] * len(found["checks"])
    assert found["passed"] is True
    kept = case.cases.read(CASE)
    assert kept.verified["passed"] is True
    assert kept.verified_at is not None
    again = case.shell.run("incident", "verify")
    assert again.returncode == 0, again.stderr
    assert "2 credentials: 2 dead" in again.stdout
    assert "All of it is dead, and what was stopped is stopped." in again.stdout


def test_a_deny_that_a_suspect_removed_is_noticed(case: Contained) -> None:
    iam = case.wired.client("iam")
    iam.delete_user_policy(UserName=case.holder.name, PolicyName=case.policy_name)
    found = case.shell.json("incident", "verify", CASE, code=3)
    by_key = {each["access_key_id"]: each for each in found["credentials"]}
    token = by_key[case.token.credentials.access_key_id]
    assert token["standing"] == "alive"
    assert token["ends_at"]
    (gone,) = found["denies_gone"]
    assert gone["holder"] == str(case.holder)
    assert gone["call"] == "DeleteUserPolicy"
    assert gone["at"]
    assert gone["by"]
    said = case.shell.run("incident", "verify", CASE)
    assert said.returncode == 3
    assert "taken away at" in said.stdout
    assert f"vaultaws incident contain --resume {CASE} --stronger" in said.stdout
