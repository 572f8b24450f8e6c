"""Containment on real servers and an AWS that enforces: each scope, each type of credential."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stricken import Stricken, login, stricken
from tests.support.waiting import until
from tests.support.wired import Wired


@pytest.fixture
def place(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stricken:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
    return stricken(wired, tmp_path)


def test_a_person_is_cut_off_everywhere(place: Stricken) -> None:
    ben, ada = login(place, "ben"), login(place, "ada")
    for role in ("reader", "reader-sts", "session", "ops"):
        place.issue("ben", role, ben)
    place.issue("ada", "reader", ada)
    until(lambda: all(map(place.may_read, place.held.values())))

    plan = place.shell.run("incident", "contain", "--person", "ben", "--dry-run")
    print(plan.stdout, plan.stderr)
    done = place.contain("--person", "ben")
    print(done)
    for (who, role), credentials in place.held.items():
        assert place.may_read(credentials) is (who == "ada"), (who, role)
