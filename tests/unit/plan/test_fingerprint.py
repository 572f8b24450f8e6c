"""The number by which a plan is known again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from vaultaws.config.schema import Config
from vaultaws.model import CredentialType, Role, Secret, ServerProduct
from vaultaws.plan.changes import Observed
from vaultaws.plan.fingerprint import fingerprint

CONFIG = Config(Path("vaultaws.toml"))
SEEN = Observed("https://vault:8200", ServerProduct.VAULT, "1.21.1")


def of(config: Config = CONFIG, seen: Observed = SEEN, *, prune: bool = False) -> str:
    return fingerprint(config, seen, prune=prune)


def role(document: Any) -> Config:
    return replace(CONFIG, roles=(Role("a", CredentialType.IAM_USER, policy_document=document),))


def test_what_decides_the_plan_decides_the_fingerprint() -> None:
    assert len(of()) == 64
    different = {
        of(),
        of(prune=True),
        of(role({"Statement": []})),
        of(seen=replace(SEEN, address="https://other:8200")),
        of(seen=replace(SEEN, account="111122223333")),
    }
    assert len(different) == 5


def test_where_a_file_lies_and_how_it_is_written_does_not() -> None:
    moved = replace(CONFIG, file=Path("elsewhere.toml"), text="# a comment\n")
    assert of(moved) == of()
    counted = replace(SEEN, lease_counts=(("reader", 3),), unseen=("something",))
    assert of(seen=counted) == of()
    assert of(role(MappingProxyType({"a": 1, "b": 2}))) == of(role({"b": 2, "a": 1}))


@pytest.mark.parametrize("value", [Secret("x"), object(), {1, 2}])
def test_a_secret_or_a_stranger_never_goes_into_it(value: object) -> None:
    with pytest.raises(TypeError, match="has no place in a fingerprint"):
        of(role({"Statement": value}))
