"""Standbys that answer reads by themselves, as OpenBao's do: the active node answers us even so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.production.conftest import begun
from tests.support.people import TWO_ROLES
from tests.support.production import Cluster
from tests.support.sites import ACCESS, Site, a_site, ada_of, operator_of
from vaultaws.local.awsprocess import LocalAws
from vaultaws.local.servers.base import ServerKind

MORE = """
[roles.late-{at}]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"
"""
TIMES = 5


@pytest.fixture
def reading(server: ServerKind, tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "reading"
    folder.mkdir()
    with begun(server, folder, standby_reads=True) as made:
        made.whole()
        yield made


@pytest.fixture
def site(reading: Cluster, local_aws: LocalAws, tmp_path: Path, mark: str) -> Site:
    """People are sent to a standby. The mount was written at the active node, which a standby may
    not have survived."""
    made = a_site(reading, local_aws, tmp_path, mark)
    operator = operator_of(made, mark)
    made.declare(operator, TWO_ROLES, ACCESS.format(mark=mark))
    done = made.root_key(operator).run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    reading.whole()
    return made.at(reading.standbys()[0])


def test_what_was_written_is_there_at_once_and_each_token_has_its_lease(
    site: Site, mark: str
) -> None:
    operator = operator_of(site, mark)
    for at in range(TIMES):
        roles = TWO_ROLES + "".join(MORE.format(at=each) for each in range(at + 1))
        site.declare(operator, roles, ACCESS.format(mark=mark))
        done = operator.run("apply", "--yes")
        assert done.returncode == 0, done.stderr
        plan = operator.run("plan", "--detailed-exitcode")
        assert plan.returncode == 0, plan.stdout + plan.stderr
    ada = ada_of(site, mark)
    given = [
        json.loads(ada.run("creds", role, "--format", "json", "--no-wait").stdout)["lease_id"]
        for role in ("reader", "reader-sts")
        for _ in range(TIMES)
    ]
    with site.vault as vault:
        assert sorted(vault.list_leases(site.wired.mount)) == sorted(given)
