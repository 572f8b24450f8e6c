"""The engine's own key, as people and machines read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.support.rooted import ACCOUNT, KEY, NOW, OPENBAO, SPARE, a_key, some_facts
from vaultaws.aws.wait import WaitReport
from vaultaws.errors import AwsError
from vaultaws.model import RootConfig
from vaultaws.root import show, words
from vaultaws.root.journal import Kind, Operation, Unfinished
from vaultaws.root.rights import Right, Standing, Wanted
from vaultaws.root.rotate import Rotation
from vaultaws.root.side import Unknown

ALLOWED, DENIED, UNKNOWN = Standing.ALLOWED, Standing.DENIED, Standing.UNKNOWN
CREATE = Wanted("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/vault-x", ("reader", "writer", "c"))
OWN = Wanted("iam:GetUser", "arn:own", ("",))


def test_a_sound_key() -> None:
    rights = (Right(CREATE, ALLOWED, ALLOWED), Right(OWN, ALLOWED, ALLOWED))
    facts = some_facts(keys=(a_key(used=timedelta(minutes=20)),), rights=rights, roles=3)
    assert show.text(facts).splitlines() == [
        "aws/ on https://vault.corp:8200 (Vault 1.21.1)",
        "",
        "key         AKIA…RRR of IAM user vault-root in account 123456789012",
        "age         made 10 d ago (2026-11-11) · last used 20 min ago (ec2, eu-west-2)",
        "rotation    not blocked",
        (
            "may call    2 of the 2 things it needs for 3 roles, by its policies and by IAM's "
            "simulation"
        ),
    ]
    assert not facts.has_findings


def test_no_key_is_stored() -> None:
    facts = some_facts(root=RootConfig(region="eu-west-2"), keys=None, user=None, health=OPENBAO)
    assert "none is stored: the server uses credentials of its own" in show.text(facts)
    document = show.document(facts)
    assert (document["stored"], document["access_key_id"]) == (False, None)
    assert not facts.has_findings
    assert show.document(replace(facts, root=None))["region"] is None


def test_an_old_key_is_told() -> None:
    text = show.text(some_facts(keys=(a_key(days=412),)))
    assert "made 412 d ago" in text
    assert "! older than 90 d: vaultaws root rotate" in text
    assert "older" not in show.text(some_facts(keys=(a_key(days=89),)))


def test_a_second_key_blocks() -> None:
    facts = some_facts(keys=(a_key(), a_key(SPARE, active=False)), mount="aws-prod")
    text = show.text(facts)
    assert "other key   AKIA…SSS  switched off, made 10 d ago" in text
    assert "!! blocked" in text
    assert "vaultaws root rotate --mount aws-prod --delete-spare AKIA…SSS" in text
    assert facts.has_findings
    assert show.document(facts)["rotation_blocked"] is True


def test_a_key_that_aws_does_not_know_or_has_switched_off() -> None:
    gone = some_facts(orphaned=True, keys=None, user=None, owner="")
    assert "AWS has no such key" in show.text(gone)
    assert show.document(gone)["known_to_aws"] is False
    off = some_facts(keys=(a_key(active=False),))
    assert "switched off in AWS" in show.text(off)
    assert gone.has_findings
    assert off.has_findings


def test_without_aws_vaults_part_is_shown() -> None:
    gap = Unknown("whose key it is", "there are no AWS credentials", "set AWS_PROFILE")
    facts = some_facts(owner="", user=None, keys=None, unknown=(gap,))
    text = show.text(facts)
    assert "key         AKIA…RRR\n" in text
    assert text.endswith("unknown: whose key it is: there are no AWS credentials; set AWS_PROFILE")
    assert not facts.has_findings
    document = show.document(facts)
    assert document["known_to_aws"] is None
    assert document["unknown"][0]["do"] == "set AWS_PROFILE"


def test_what_is_denied_unknown_or_disputed_is_listed() -> None:
    rights = (
        Right(CREATE, DENIED, DENIED, "no identity-based policy allows it"),
        Right(OWN, ALLOWED, DENIED),
        Right(replace(OWN, action="iam:TagUser"), UNKNOWN, UNKNOWN, "its policies are not known"),
        Right(replace(OWN, action="iam:ListUsers"), DENIED, ALLOWED, "no"),
        Right(replace(OWN, action="iam:Fine"), ALLOWED, UNKNOWN),
    )
    facts = some_facts(rights=rights, roles=1)
    listed = [" ".join(line.split()) for line in show.text(facts).splitlines()[-4:]]
    user = CREATE.resource
    assert listed == [
        (
            f"!! iam:CreateUser {user} reader, writer and 1 more denied: no identity-based policy "
            "allows it"
        ),
        "!! iam:GetUser arn:own rotate-root IAM says denied, its policies say allowed",
        "? iam:TagUser arn:own rotate-root unknown: its policies are not known",
        "! iam:ListUsers arn:own rotate-root IAM says allowed, its policies say denied: no",
    ]
    assert "may call    2 of the 5 things it needs for 1 role," in show.text(facts)
    assert [right.wanted.action for right in facts.denied] == ["iam:CreateUser", "iam:GetUser"]
    assert show.document(facts)["rights"][0]["needed_by"] == ["reader", "writer", "c"]


def test_a_long_list_is_cut_for_people_only() -> None:
    rights = tuple(
        Right(replace(OWN, resource=str(number)), DENIED, UNKNOWN) for number in range(50)
    )
    facts = some_facts(rights=rights, roles=50)
    assert "and 30 more: vaultaws root show --json" in show.text(facts)
    assert "by its policies alone" in show.text(facts)
    assert len(show.document(facts)["rights"]) == 50


class TestUnfinished:
    def line(self, old_key: str, *keys: str, **details: str) -> str:
        facts = some_facts(keys=tuple(a_key(key, days=0.01) for key in keys))
        started = NOW - timedelta(minutes=30)
        begun = Operation(Kind.ROOT, "", started, {"old_key": old_key, **details})
        return words.unfinished_line(Unfinished(begun, running=False), facts)

    def test_replaced_and_stopped(self) -> None:
        line = self.line(SPARE, KEY, SPARE)
        assert "a rotation begun 30 min ago replaced the key (not proved yet)" in line
        assert "vaultaws root rotate goes on" in line
        assert "AKIA…SSS" in line

    def test_proved_with_the_old_key_left(self) -> None:
        assert "its new key is good" in self.line(SPARE, KEY, SPARE, proved="yes")
        assert self.line(SPARE, KEY, proved="yes") == ""

    def test_a_key_that_aws_made_and_vault_did_not_save(self) -> None:
        assert "before Vault saved the key AKIA…SSS" in self.line(KEY, KEY, SPARE)

    def test_nothing_came_of_it(self) -> None:
        assert self.line(KEY, KEY) == ""

    def test_under_way(self) -> None:
        begun = Operation(Kind.ROOT, "", NOW, {"old_key": KEY})
        running = Unfinished(begun, running=True)
        assert "under way" in words.unfinished_line(running, some_facts())
        document = words.unfinished_document(running)
        assert document is not None
        assert document["running"] is True
        assert words.unfinished_document(None) is None


class TestWhatARotationDid:
    def test_all_of_it(self) -> None:
        waited = WaitReport(7.44, 30, 12)
        done = Rotation("aws", KEY, SPARE, "vault-root", "AKIA" + "T" * 16, waited=waited)
        text = words.text(replace(done, old_is_gone=True))
        assert text.splitlines() == [
            "aws/ has the new key AKIA…SSS of IAM user vault-root",
            "deleted the second key AKIA…TTT",
            "AWS honours it through Vault, proved in 7.4 s, after 12 refusals",
            "the old key AKIA…RRR is gone",
        ]

    def test_what_is_left(self) -> None:
        trouble = AwsError("x", why="y", do="aws iam delete-access-key …")
        done = Rotation("aws", KEY, SPARE, resumed=True, left=(trouble.do,), trouble=trouble)
        assert words.text(done).splitlines() == [
            "finished: aws/ has the new key AKIA…SSS",
            "left to do: aws iam delete-access-key …",
        ]
        document = words.document(done)
        assert document["left_to_do"] == [trouble.do]
        assert document["waited"] is None
