"""A leader is lost while credentials are issued or roles written: nothing is lost or doubled.

It is killed, steps down, or is stopped and goes on when another leads.
"""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.commands import Shell
from tests.support.killed_runs import LaterClock
from tests.support.nodes import Node
from tests.support.production import Cluster
from tests.support.relay import Asked, Relay
from tests.support.sites import Site, a_site, ada_of, operator_of
from tests.support.waiting import until
from vaultaws.clock import SystemClock
from vaultaws.leases.journal import Journal
from vaultaws.leases.recover import Evidence, Recovered, recover
from vaultaws.local.awsprocess import LocalAws
from vaultaws.model import Credentials, Secret
from vaultaws.trail import audit

PROCESSES = 5
ROLE = """
[roles.{name}]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"
"""
ACCESS = """
[access.analysts]
roles = ["reader"]
members = {{ userpass-{mark} = ["ada"] }}
"""
BRIEF = {"VAULT_CLIENT_TIMEOUT": "6s", "VAULT_MAX_RETRIES": "1"}
"""So that people do not wait for a node that is stopped."""
ROLES = 60

Strike = Callable[[Cluster, Node], None]
FAULTS = pytest.mark.parametrize(
    "strike",
    [
        pytest.param(Cluster.kill, id="killed"),
        pytest.param(Cluster.step_down, id="steps-down"),
        pytest.param(Cluster.stop, id="stopped"),
    ],
)


@pytest.fixture
def site(cluster: Cluster, local_aws: LocalAws, tmp_path: Path, mark: str) -> Site:
    """A site whose people are sent to a standby."""
    made = a_site(cluster, local_aws, tmp_path, mark)
    return made.at(cluster.standbys()[0])


def brief(shell: Shell) -> Shell:
    return replace(shell, more={**shell.more, **BRIEF})


def issue_at_once(shell: Shell) -> list[subprocess.Popen[str]]:
    words = ("creds", "reader", "--format", "json", "--no-wait")
    return [shell.start(*words) for _ in range(PROCESSES)]


def printed(processes: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    """What came out. A failure is three lines or more on stderr, after a line for each earlier run
    that is still to be put right, and nothing on stdout."""
    found = []
    for process in processes:
        with process:
            out, err = process.communicate(timeout=120)
        if process.returncode == 0:
            found.append(json.loads(out))
            continue
        assert (process.returncode, out) == (2, ""), err
        told = [line for line in err.splitlines() if not line.startswith("· an earlier run ")]
        assert [line.split()[0] for line in told[:3]] == ["error:", "why:", "do:"], err
        assert "Traceback" not in err
    return found


def works(site: Site, found: dict[str, Any]) -> bool:
    key = Credentials(found["access_key_id"], Secret(found["secret_access_key"]))
    try:
        site.wired.client("ec2", key).describe_instances()
    except ClientError:
        return False
    return True


def put_right(site: Site, shell: Shell) -> Recovered:
    """What the next run does, once no answer can be on its way any more."""
    log = audit.read([site.cluster.audit], (site.wired.mount,))
    evidence = Evidence("file", tuple(log.issuances))
    with (
        site.cluster.vault(site.people_go_to()) as vault,
        Journal(shell.state / "journal", SystemClock()) as journal,
    ):
        return recover(vault, journal, LaterClock(), evidence)


@FAULTS
@pytest.mark.timeout(300)
def test_every_credential_that_was_printed_works_and_has_a_lease(
    site: Site, mark: str, strike: Strike
) -> None:
    """A user that the lost leader made and never leased has a key that nobody ever saw. The engine
    wrote it down first, and the next leader deletes it, five minutes later at the earliest."""
    cluster, mount = site.cluster, site.wired.mount
    before = set(site.wired.user_names("-reader-"))
    operator = operator_of(site, mark)
    site.declare(operator, ROLE.format(name="reader"), ACCESS.format(mark=mark))
    done = site.root_key(operator).run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    ada = brief(ada_of(site, mark))

    leader = cluster.leader()
    under_way = issue_at_once(ada)
    with cluster.vault(leader) as vault:
        until(lambda: vault.list_leases(f"{mount}/creds") != [])
    strike(cluster, leader)
    under_way += issue_at_once(ada)
    given = printed(under_way)
    cluster.successor(leader)
    cluster.whole()

    found = put_right(site, ada)
    with site.vault as vault:
        leases = set(vault.list_leases(f"{mount}/creds"))
    held = {each["lease_id"] for each in given}
    assert len(held) == len(given)
    assert held <= leases
    named = {lease for lease in leases - held if any(lease in said for said in found.unsure)}
    assert leases == held | named
    assert all(works(site, each) for each in given)
    users = set(site.wired.user_names("-reader-")) - before
    keys = {key for user in users for key in site.wired.keys_of(user)}
    used = {each["access_key_id"] for each in given}
    assert used <= keys
    assert len(leases) <= len(users) <= len(under_way)
    (last,) = printed([ada.start("creds", "reader", "--format", "json")])
    assert works(site, last)


@contextmanager
def struck_at_a_role(site: Site, strike: Strike) -> Iterator[str]:
    """The address of a relay to the standby that people go to. When some roles are written the
    leader is lost, and only then the next is let through."""
    cluster, lock, later = site.cluster, Lock(), count(1)
    leader = cluster.leader()

    def before(asked: Asked) -> None:
        with lock:
            if "/roles/" in asked.path and next(later) == ROLES // 4:
                strike(cluster, leader)
                cluster.await_loss(leader)

    trust = ssl.create_default_context(cafile=str(cluster.authority.root))
    relay = Relay(site.people_go_to().address, before, trust=trust)
    try:
        yield relay.address
    finally:
        relay.stop()
    assert next(later) > ROLES // 4, "the leader was not lost"
    cluster.successor(leader)


@FAULTS
@pytest.mark.timeout(300)
def test_an_apply_whose_leader_is_lost_goes_on_with_the_next(
    site: Site, mark: str, strike: Strike
) -> None:
    """Now and then the next leads soon enough for the first run to come to its end."""
    mount = site.wired.mount
    operator = operator_of(site, mark)
    names = sorted(f"reader-{at}" for at in range(ROLES))
    site.declare(operator, "".join(ROLE.format(name=name) for name in names))
    shell = brief(site.root_key(operator))
    with struck_at_a_role(site, strike) as address:
        broken = replace(shell, more={**shell.more, "VAULT_ADDR": address})
        first = broken.run("apply", "--yes")
    assert first.returncode in {0, 2}, first.stderr
    assert "Traceback" not in first.stderr
    site.cluster.whole()
    if first.returncode:
        again = shell.run("apply", "--yes")
        assert again.returncode == 0, again.stderr
    plan = operator.run("plan", "--detailed-exitcode")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    with site.vault as vault:
        assert vault.list_roles(mount) == names
