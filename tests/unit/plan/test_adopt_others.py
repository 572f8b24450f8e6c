"""Which ACL policies let issue on a mount."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.imported import bring
from tests.support.memory_operators import MemoryServer
from vaultaws.model import CredentialType, JsonObject, MountInfo, Role, RootConfig
from vaultaws.plan.adopt_observe import granting
from vaultaws.plan.adopt_policies import Named, assign

REGION = "eu-west-2"
READ = 'capabilities = ["read"]'
ONE, OTHER = {"Statement": [{"Effect": "Allow"}]}, {"Statement": [{"Effect": "Deny"}]}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (f'path "aws/creds/reader" {{ {READ} }}', ("aws/creds/reader",)),
        (f'path "aws/creds/other" {{ {READ} }}', ()),
        (f'path "aws/*" {{ {READ} }}', ("aws/*",)),
        (f'path "*" {{ {READ} }}', ("*",)),
        (f'path "aws/+/reader" {{ {READ} }}', ("aws/+/reader",)),
        (f'path "+/creds/+" {{ {READ} }}', ("+/creds/+",)),
        (f'path "aws/sts/re*" {{ {READ} }}', ("aws/sts/re*",)),
        (f'path "aws-2/*" {{ {READ} }}', ()),
        (f'path "aws/roles/*" {{ {READ} }}', ()),
        ('path "aws/*" { capabilities = ["deny"] }', ()),
        ('path "aws/*" { capabilities = ["list"] }', ()),
        (f'# path "aws/*" {{ {READ} }}\n', ()),
        ('{"path": {"aws/creds/*": {"capabilities": ["update"]}}}', ("aws/creds/*",)),
        ('{"path": []}', ()),
        ("[]", ()),
        ("not hcl {{{", ()),
    ],
)
def test_the_paths_that_let_issue(text: str, paths: tuple[str, ...]) -> None:
    assert granting(text, "aws", ["reader"]) == paths


def role(name: str, document: JsonObject) -> Role:
    return Role(name, CredentialType.IAM_USER, policy_document=document)


def test_a_shared_document_is_one_file() -> None:
    found = assign([role("a", ONE), role("b", ONE), role("c", OTHER)], Named(), {})
    assert found.paths == {
        "a": "policies/a.json",
        "b": "policies/a.json",
        "c": "policies/c.json",
    }
    assert set(found.texts) == {"policies/a.json", "policies/c.json"}


def test_a_file_is_rewritten_only_when_all_who_name_it_change_alike() -> None:
    named = Named({"a": ("p/x.json", ONE), "b": ("./p/x.json", ONE)})
    both = assign([role("a", OTHER), role("b", OTHER)], named, {})
    assert set(both.texts) == {"p/x.json"} or set(both.texts) == {"p/x.json", "./p/x.json"}
    one = assign([role("a", ONE), role("b", OTHER)], named, {})
    assert one.paths == {"a": "p/x.json", "b": "policies/b.json"}
    assert set(one.texts) == {"policies/b.json"}


@pytest.mark.parametrize("path", ["../shared.json", "/etc/x.json", "a/../../x.json"])
def test_a_file_elsewhere_is_never_written(path: str) -> None:
    found = assign([role("a", OTHER)], Named({"a": (path, ONE)}), {})
    assert found.paths == {"a": "policies/a.json"}


def test_the_file_of_the_roots_policy_is_never_written() -> None:
    named = Named({"a": ("p/root.json", ONE)}, ("p/root.json",))
    assert assign([role("a", OTHER)], named, {}).paths == {"a": "policies/a.json"}


def test_a_file_with_the_same_document_is_taken_and_another_is_left() -> None:
    there = {"policies/a.json": '{"Statement":[{"Effect":"Allow"}]}', "policies/B.json": None}
    found = assign([role("a", ONE), role("b", OTHER)], Named(), there)
    assert found.paths == {"a": "policies/a.json", "b": "policies/b-2.json"}
    assert set(found.texts) == {"policies/b-2.json"}


def test_what_the_server_says_of_its_key_is_text_and_stays_in_its_comment(tmp_path: Path) -> None:
    server = MemoryServer(engines={"aws": MountInfo("aws", "aws", "aws_1")})
    file = tmp_path / "vaultaws.toml"
    for end in ("ABCD", "\\g<9", "a\nb]"):
        server.root = RootConfig(access_key_id="AKIA" + end, region=REGION)
        bring(server, file)
    assert file.read_text().count("# Vault's own key ends with …") == 1
