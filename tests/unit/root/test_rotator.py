"""Rotations of the root that go wrong in rare ways: an engine in memory, an AWS that enforces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_clients import a_user, allow, client
from tests.support.memory_operators import MemoryServer
from tests.support.memory_vault import FixedClock, denied, lost
from vaultaws.aws.keys import KeyHands
from vaultaws.errors import AwsError, VaultDeniedError, VaultError
from vaultaws.leases.target import Target
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials, JsonObject, RootConfig
from vaultaws.root.facts import observe
from vaultaws.root.journal import Journal, Kind
from vaultaws.root.ready import Ready, ready
from vaultaws.root.rotate import Rotator
from vaultaws.root.side import AwsSide, open_side


def failed(why: str) -> VaultError:
    return VaultError("the server failed at POST aws/config/rotate-root", why=why, do="try again")


@dataclass
class Engine(MemoryServer):
    """The engine's own order: make a key, save it, delete the old one. It stumbles where told."""

    iam: Any = None
    stumble: str = ""
    meddle: Callable[[], None] = lambda: None
    probes: VaultError = field(
        default_factory=lambda: VaultError("no", why="NoSuchEntity: no such user", do="x")
    )

    def rotate_root(self, mount: str) -> str:
        assert self.root is not None
        old = self.root.access_key_id
        if self.stumble == "lost before":
            raise lost()
        if self.stumble == "taken out":
            self.root = RootConfig(region="eu-west-2")
            raise failed("cannot call config/rotate-root without a key")
        made = str(self.iam.create_access_key(UserName="vault-root")["AccessKey"]["AccessKeyId"])
        if self.stumble == "saving":
            raise failed("error saving new config/root: the disk is full")
        self.root = replace(self.root, access_key_id=made)
        self.meddle()
        if self.stumble == "deleting":
            raise failed("error deleting old access key: AccessDenied: no")
        self.iam.delete_access_key(UserName="vault-root", AccessKeyId=old)
        return made

    def write(self, path: str, data: JsonObject) -> JsonObject | None:
        raise self.probes


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(seed=1) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.admin.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", aws.admin.secret_access_key.reveal())
        yield aws


@dataclass
class Scene:
    """A mount, its engine and its operator."""

    engine: Engine
    side: AwsSide
    journal: Journal
    iam: Any
    first: str

    def ready(self, spare: str = "") -> Ready:
        facts = observe(self.engine, "aws", self.side, FixedClock(), judged=False)
        return ready(facts, (), spare=spare)

    def rotator(self, **changes: Any) -> Rotator:
        made = Rotator(self.engine, self.side, self.journal, FixedClock(), lambda _: None)
        return replace(made, **changes)

    @property
    def keys(self) -> set[str]:
        listed = self.iam.list_access_keys(UserName="vault-root")["AccessKeyMetadata"]
        return {key["AccessKeyId"] for key in listed}

    @property
    def is_open(self) -> bool:
        return self.journal.unfinished(Kind.ROOT) is not None


@pytest.fixture
def scene(aws: LocalAws, tmp_path: Path) -> Scene:
    key = a_user(aws, "vault-root", allow("ec2:*"))
    iam, side = client(aws, "iam"), open_side()
    assert not isinstance(side, AwsError)
    engine = Engine(root=RootConfig(access_key_id=key.access_key_id, region="eu-west-2"), iam=iam)
    journal = Journal(tmp_path / "root", Target(engine.address, "", "aws"), FixedClock())
    return Scene(engine, side, journal, iam, key.access_key_id)


def test_all_goes_well(scene: Scene) -> None:
    done = scene.rotator().rotate(scene.ready())
    assert done.trouble is None
    assert done.old_is_gone
    assert scene.keys == {done.new_key}
    assert not scene.is_open


def test_a_key_that_vault_did_not_save_is_named(scene: Scene) -> None:
    scene.engine.stumble = "saving"
    with pytest.raises(VaultError) as error:
        scene.rotator().rotate(scene.ready())
    (made,) = scene.keys - {scene.first}
    assert f"--delete-spare {made}" in error.value.do
    assert "was not replaced" in error.value.what
    scene.engine.stumble = ""
    done = scene.rotator().rotate(scene.ready(spare=made))
    assert (done.spare, scene.keys) == (made, {done.new_key})


def test_a_lost_answer_leaves_the_question_open(scene: Scene) -> None:
    scene.engine.stumble = "lost before"
    with pytest.raises(VaultError) as error:
        scene.rotator().rotate(scene.ready())
    assert "look again in a minute" in error.value.do
    assert scene.is_open
    assert scene.keys == {scene.first}


def test_a_failed_deletion_is_made_up_for(scene: Scene) -> None:
    scene.engine.stumble = "deleting"
    done = scene.rotator().rotate(scene.ready())
    assert (done.old_is_gone, scene.keys) == (True, {done.new_key})


def test_without_aws_a_failed_deletion_is_left_and_told(scene: Scene) -> None:
    scene.engine.stumble = "deleting"
    done = scene.rotator(side=None).rotate(scene.ready())
    assert isinstance(done.trouble, AwsError)
    assert scene.first in done.left[0]
    assert scene.is_open


def test_other_fields_that_changed_are_told(scene: Scene) -> None:
    def meddle() -> None:
        assert scene.engine.root is not None
        scene.engine.root = replace(scene.engine.root, region="")

    scene.engine.meddle = meddle
    done = scene.rotator().rotate(scene.ready())
    assert done.trouble is not None
    assert "other fields" in done.trouble.what
    assert scene.keys == {done.new_key}


def test_a_key_that_somebody_else_replaced_is_left_alone(scene: Scene) -> None:
    prepared = scene.ready()
    other = "AKIA" + "Z" * 16
    scene.engine.root = RootConfig(access_key_id=other)
    with pytest.raises(VaultError, match="replaced by somebody else"):
        scene.rotator().rotate(prepared)
    assert not scene.is_open
    assert scene.keys == {scene.first}


def test_a_key_that_somebody_took_out_is_not_deleted(scene: Scene) -> None:
    scene.engine.stumble = "taken out"
    with pytest.raises(VaultError, match="holds no key any more"):
        scene.rotator().rotate(scene.ready())
    assert scene.keys == {scene.first}
    assert not scene.is_open


def test_a_token_that_may_not_probe_says_what_stands(scene: Scene) -> None:
    scene.engine.probes = denied()
    done = scene.rotator().rotate(scene.ready())
    assert isinstance(done.trouble, VaultError)
    assert not isinstance(done.trouble, VaultDeniedError)
    assert "could not be proved good" in done.trouble.what
    assert scene.is_open


def test_not_to_wait_is_a_choice(scene: Scene) -> None:
    scene.engine.probes = denied()
    done = scene.rotator(deadline_seconds=None).rotate(scene.ready())
    assert (done.trouble, done.waited) == (None, None)
    assert not scene.is_open


def test_what_was_not_waited_for_is_not_called_proved(scene: Scene) -> None:
    scene.engine.stumble = "deleting"
    scene.rotator(side=None, deadline_seconds=None).rotate(scene.ready())
    left = scene.journal.unfinished(Kind.ROOT)
    assert left is not None
    assert not left.operation.detail("proved")


class LosesAnswers(KeyHands):
    """The switch-off reaches AWS, its answer does not reach us."""

    def switch_off(self, user: str, access_key_id: str) -> None:
        super().switch_off(user, access_key_id)
        raise AwsError("no answer", why="the connection broke", do="try again")


class TestSpare:
    def test_a_switch_off_without_an_answer_is_undone(self, scene: Scene, aws: LocalAws) -> None:
        spare = self.second(scene, aws)
        prepared = scene.ready(spare=spare.access_key_id)
        side = replace(scene.side, hands=LosesAnswers())
        with pytest.raises(AwsError, match="no answer"):
            scene.rotator(side=side).rotate(prepared)
        listed = scene.iam.list_access_keys(UserName="vault-root")["AccessKeyMetadata"]
        assert {key["Status"] for key in listed} == {"Active"}

    def second(self, scene: Scene, aws: LocalAws) -> Credentials:
        made = scene.iam.create_access_key(UserName="vault-root")["AccessKey"]
        secret = type(aws.admin.secret_access_key)(made["SecretAccessKey"])
        return Credentials(made["AccessKeyId"], secret)

    def test_used_in_the_last_moment_it_stays_and_works(self, scene: Scene, aws: LocalAws) -> None:
        spare = self.second(scene, aws)
        prepared = scene.ready(spare=spare.access_key_id)
        ec2 = client(aws, "ec2", spare)
        ec2.describe_regions()
        with pytest.raises(AwsError, match="used a moment ago"):
            scene.rotator().rotate(prepared)
        ec2.describe_regions()
        assert scene.keys == {scene.first, spare.access_key_id}
        assert not scene.is_open

    def test_when_the_rotation_fails_after_it_went_that_is_said(
        self, scene: Scene, aws: LocalAws
    ) -> None:
        spare = self.second(scene, aws)
        scene.engine.stumble = "lost before"
        with pytest.raises(VaultError) as error:
            scene.rotator().rotate(scene.ready(spare=spare.access_key_id))
        assert "has been deleted" in error.value.__notes__[0]
        assert scene.keys == {scene.first}
