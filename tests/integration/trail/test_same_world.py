"""One world twice: through a server, its audit device and the local AWS, and made by hand as files.
Both come to the same verdicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from botocore.exceptions import ClientError

from tests.support.logins import READ_ONLY, log_in, write_roles
from tests.support.memory_vault import START
from tests.support.whole import REFUSALS, ROOT_USER, Whole
from tests.support.whole_truth import END, FIRST_ROOT
from tests.support.wired import Wired, must
from vaultaws.clock import SystemClock
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.model import Credentials, Secret
from vaultaws.trail import audit
from vaultaws.trail.check import Sources, check
from vaultaws.trail.digests import each
from vaultaws.trail.evidence import VaultIdentity, Window
from vaultaws.trail.expect import Expected
from vaultaws.trail.gather import LogFiles
from vaultaws.trail.report import Report
from vaultaws.trail.sources.events import FolderSource
from vaultaws.trail.verdicts import Standing, Verdict

pytestmark = pytest.mark.integration


def by_hand() -> Whole:
    """ada's user, ben's token, refused and revoked, a thief's user and token, a
    rotation of the root, and ada's token after it."""
    world, at = Whole(Random(7)), START + timedelta(hours=1)
    world.line("sys/health", START - timedelta(hours=1))
    ada = world.issue(at, "ada", user=True)
    world.use(ada, at, 2)
    ben = world.issue(at, "ben", user=False)
    world.use(ben, at, REFUSALS, "AccessDenied")
    world.revoke(ben, at, "id")
    thief = world.mint("thief", at, user=False)
    world.use(thief, at)
    world.mint("thief", at, user=True)
    world.rotate(at)
    world.use(world.issue(at, "ada", user=False), at)
    world.line("sys/health", END)
    return world


def through_the_stack(wired: Wired, tmp_path: Path) -> Report:
    """The same, done."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    write_roles(wired)
    ada, ben = log_in(wired, "ada"), log_in(wired, "ben")
    user = ada.issue(wired.mount, "reader", sts=False)
    for _ in range(2):
        wired.client("ec2", user.credentials).describe_instances()
    token = ben.issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    for _ in range(REFUSALS):
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            wired.client("ec2", token.credentials).run_instances(
                ImageId="ami-1", MinCount=1, MaxCount=1
            )
    wired.vault.revoke_lease(token.lease.id)
    steal(wired)
    must(wired.ask(f"{wired.mount}/config/rotate-root", {}))
    later = ada.issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    wired.client("ec2", later.credentials).describe_instances()
    ControlClient(wired.aws.endpoint, wired.aws.control_token).flush()
    device = wired.vault.audit_devices()[0]
    sources = Sources(
        events=LogFiles(FolderSource(wired.aws.trail), tmp_path / "cache"),
        identity=VaultIdentity(frozenset({wired.root_credentials.access_key_id}), wired.root_user),
        audit=audit.read(audit.rotated(wired.server.audit), (wired.mount,)),
        digests=each(lambda key: wired.vault.audit_hash(device, key)),
        device=device,
        delivery=timedelta(0),
        expected=Expected(refusals=REFUSALS),
        mounts=frozenset({wired.mount}),
    )
    return check(sources, Window(since, SystemClock().now() + timedelta(seconds=1))).report


def steal(wired: Wired) -> None:
    """With Vault's root key: a token, used once, and a user with a key, which is then removed by
    the account's administrator."""
    stolen = wired.client("sts", wired.root_credentials).get_federation_token(
        Name="vault-thief", Policy=READ_ONLY
    )["Credentials"]
    thief = Credentials(
        stolen["AccessKeyId"],
        Secret(stolen["SecretAccessKey"]),
        Secret(stolen["SessionToken"]),
    )
    wired.client("ec2", thief).describe_instances()
    iam, name = wired.client("iam", wired.root_credentials), f"vault-evil-{wired.mount}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=READ_ONLY)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    admin = wired.client("iam")
    admin.delete_access_key(UserName=name, AccessKeyId=key)
    admin.delete_user_policy(UserName=name, PolicyName="p")
    admin.delete_user(UserName=name)


def verdicts(report: Report) -> list[tuple[object, ...]]:
    """What a verdict says, without what differs between two worlds by nature."""
    return sorted(
        (
            found.standing.value,
            found.minted.name if found.minted else "",
            found.person,
            *_use(found),
            found.revoked is not None,
            [mark.kind.value for mark in found.marks],
        )
        for found in report.matching.verdicts
    )


def _use(found: Verdict) -> tuple[int, int]:
    """How Vault uses its own new key is its own affair, and differs from server to server."""
    if found.standing is Standing.ROTATION:
        return 0, 0
    return found.use.calls, found.use.denied


def test_the_stack_and_the_files_come_to_the_same_verdicts(wired: Wired, tmp_path: Path) -> None:
    there = through_the_stack(wired, tmp_path)
    folder = tmp_path / "by hand"
    folder.mkdir()
    here = by_hand().judged(folder, VaultIdentity(frozenset({FIRST_ROOT}), ROOT_USER))
    assert verdicts(there) == verdicts(here)
    for report in (there, here):
        opened = {act.event.name for act in report.matching.acts}
        assert opened == {"CreateUser", "PutUserPolicy"}
    rotated = audit.read([wired.server.audit], (wired.mount,)).rotations
    assert [bool(found.access_key) for found in rotated] == [True]
