"""A server that goes away, or refuses, at any one request: the typed error, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.memory_operators import MemoryServer, memory_server
from vaultaws.config.schema import Access, Config, Root
from vaultaws.errors import (
    VaultDeniedError,
    VaultError,
    VaultRefusedError,
    VaultSealedError,
    VaultUnreachableError,
)
from vaultaws.model import AuditDevice, CredentialType, Role, Secret, StaticRole
from vaultaws.plan import steps
from vaultaws.plan.planner import make_plan

READER = Role("reader", CredentialType.IAM_USER, policy_arns=("arn:aws:iam::aws:policy/x",))
CONFIG = Config(
    Path("vaultaws.toml"),
    root=Root(region="eu-west-2"),
    roles=(READER,),
    static_roles=(StaticRole("deploy", "ci", 86_400),),
    audit=(AuditDevice("file", "file", (("file_path", "/tmp/a.log"),)),),
    access=(
        Access(
            "analysts",
            ("reader",),
            (),
            (("userpass", ("ada",)), ("oidc", ("eng",)), ("entities", ("zoe",))),
        ),
    ),
)


class Breaking:
    """A server of which the request of a number fails; it counts them."""

    def __init__(self, server: MemoryServer, at: int, error: VaultError) -> None:
        self._server = server
        self._at = at
        self._error = error
        self.asked = 0

    @property
    def address(self) -> str:
        return self._server.address

    @property
    def namespace(self) -> str:
        return self._server.namespace

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._server, name)

        def ask(*arguments: Any, **named: Any) -> Any:
            self.asked += 1
            if self.asked == self._at:
                raise self._error
            return method(*arguments, **named)

        return ask


def applied() -> MemoryServer:
    """A server as declared, save one role that changed since."""
    server = memory_server()
    for change in make_plan(server, CONFIG).to_write:
        steps.take(change, steps.Hands(server, "aws", ("AKIA" + "1" * 16, Secret("made-up"))))
    server.roles["reader"] = Role("reader", CredentialType.IAM_USER)
    server.writes.clear()
    return server


@pytest.mark.parametrize("kind", [VaultUnreachableError, VaultSealedError, VaultDeniedError])
def test_the_error_of_any_request_is_the_plans(kind: type[VaultError]) -> None:
    server = applied()
    error = kind("gone", why="the connection broke off", do="look")
    whole: Any = Breaking(server, 0, error)
    assert len(make_plan(whole, CONFIG).to_write) == 1
    assert whole.asked > 10
    for at in range(1, whole.asked + 1):
        broken: Any = Breaking(server, at, error)
        with pytest.raises(kind) as raised:
            make_plan(broken, CONFIG)
        assert raised.value is error
    assert server.writes == []


def test_a_namespace_is_refused_where_the_server_has_none_and_would_ignore_it() -> None:
    server = memory_server()
    server.namespace = "team"
    with pytest.raises(VaultRefusedError, match="has no namespaces") as caught:
        make_plan(server, CONFIG)
    assert "VAULT_NAMESPACE" in caught.value.do
    assert server.writes == []
