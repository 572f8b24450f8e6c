"""A mount with roles of every type and people who hold credentials of them; a case that is
contained already."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.contained import KERNEL, Contained, contained
from tests.support.kernel import real_keys
from tests.support.stricken import Stricken, stricken
from tests.support.wired import Wired
from vaultaws.clock import SystemClock
from vaultaws.incident.journal import Cases
from vaultaws.incident.keeper import open_keeper
from vaultaws.local.awsprocess import AwsOptions, LocalAws


@pytest.fixture
def place(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stricken:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
    return stricken(wired, tmp_path)


@pytest.fixture
def own_place(
    wire: Callable[[LocalAws, AwsOptions], Wired],
    start_aws: Callable[[AwsOptions], LocalAws],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stricken:
    """The same, over an AWS of its own to spoil."""
    options = AwsOptions()
    wired = wire(start_aws(options), options)
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
    return stricken(wired, tmp_path)


@pytest.fixture
def at_aws(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> Wired:
    """The server, with the environment of its operator in this process too."""
    return here_too(wired, monkeypatch)


def here_too(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> Wired:
    for name, value in wired.environ({}).items():
        monkeypatch.setenv(name, value)
    return wired


@pytest.fixture
def case(at_aws: Wired, tmp_path: Path) -> Iterator[Contained]:
    """One case, contained. The server's default policy is as before in the end."""
    with contained(at_aws, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def later_aws(start_aws: Callable[[AwsOptions], LocalAws]) -> LocalAws:
    """An AWS whose clock may go on, as far as a test wants."""
    return start_aws(AwsOptions())


@pytest.fixture
def own_case(
    wire: Callable[[LocalAws, AwsOptions], Wired],
    later_aws: LocalAws,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Contained]:
    """The same over an AWS whose clock may go on."""
    wired = here_too(wire(later_aws, AwsOptions()), monkeypatch)
    with contained(wired, tmp_path) as made:
        yield made


@pytest.fixture
def struck(own_place: Stricken) -> Iterator[Stricken]:
    """The mount, and a responder with the kernel's keyring; canaries are forgotten in the end."""
    real_keys()
    shell = replace(own_place.shell, more={**own_place.shell.more, **KERNEL})
    own_place.shell = shell
    text = own_place.wired.vault.read_acl_policies(["default"])["default"]
    yield own_place
    own_place.wired.vault.write_acl_policy("default", text)
    cases = Cases(shell.state / "incidents", SystemClock())
    for name in cases.names():
        case = cases.read(name)
        keeper = open_keeper(name, case.place, {**os.environ, **KERNEL})
        for step in case.steps:
            keeper.forget(step.id)
