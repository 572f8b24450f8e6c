"""A declared file as a call of the module: what it says, and what it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from vaultaws.config.load import load
from vaultaws.infra.export import export, module_name
from vaultaws.infra.written import is_untouched, signed

POLICY = (
    '{"Version": "2012-10-17", "Statement": '
    '{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}}'
)


def declared(directory: Path, text: str) -> Path:
    (directory / "policies").mkdir(parents=True)
    (directory / "policies" / "a.json").write_text(POLICY)
    file = directory / "vaultaws.toml"
    file.write_text(text)
    return file


def test_policies_are_named_from_where_the_module_is_and_mean_no_template(tmp_path: Path) -> None:
    role = '[roles.a]\ncredential_type = "iam_user"\npolicy = "policies/a.json"\n'
    file = declared(tmp_path / "team ${x}", role)
    beside = export(load(file), file.parent).text
    assert 'policy_document = file("${path.module}/policies/a.json")' in beside
    away = export(load(file), tmp_path / "infra" / "deep").text
    assert 'file("${path.module}/../../team $${x}/policies/a.json")' in away


def test_a_role_goes_where_the_provider_can_say_it(tmp_path: Path) -> None:
    file = declared(
        tmp_path,
        """
[roles.plain]
credential_type = "iam_user"
policy = "policies/a.json"
[roles.bounded]
credential_type = "iam_user"
policy = "policies/a.json"
permissions_boundary_arn = "arn:aws:iam::123456789012:policy/b"
[roles.session]
credential_type = "session_token"
[roles.bare]
credential_type = "iam_user"
""",
    )
    text = export(load(file), tmp_path).text
    plain, _, full = text.partition("  roles_in_full = {\n")
    assert '"plain" = {' in plain
    assert all(f'"{name}" = {{' in full for name in ("bounded", "session", "bare"))
    assert "jsonencode(jsondecode(file(" in full


def test_no_secret_and_no_root_are_written_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    file = declared(
        tmp_path,
        """
[mount]
path = "9/lives"
listing_visibility = "unauth"
max_lease_ttl = 0
[root]
credentials = "profile:vault-root"
region = "eu-west-2"
[audit.file]
type = "file"
file_path = "/var/log/a"
log_raw = "true"
[static_roles.x]
username = "u"
rotation_period = "1h"
external_id = "e"
""",
    )
    made = export(load(file), tmp_path)
    assert made.module == "mount-9-lives"
    assert "max_lease_ttl_seconds     = null" in made.text
    assert all(word not in made.text for word in ("vault-root", "region", "log_raw"))
    assert [each.key for each in made.left_out] == [
        "mount.listing_visibility",
        "static_roles.x.external_id",
        "audit.file",
    ]
    assert all(each.why for each in made.left_out)


@pytest.mark.parametrize("said", ["true", '"1"', '"t"', '"T"', '"TRUE"', '"True"', '"yes"'])
def test_no_way_to_write_secrets_in_clear_is_exported(tmp_path: Path, said: str) -> None:
    device = f'[audit.file]\ntype = "file"\nfile_path = "/var/log/a"\nlog_raw = {said}\n'
    made = export(load(declared(tmp_path, device)), tmp_path)
    assert "audit" not in made.text
    assert [each.key for each in made.left_out] == ["audit.file"]


@pytest.mark.parametrize("said", ["false", '"0"', '"f"', '"F"', '"FALSE"', '"False"'])
def test_a_device_that_writes_digests_is_exported(tmp_path: Path, said: str) -> None:
    device = f'[audit.file]\ntype = "file"\nfile_path = "/var/log/a"\nlog_raw = {said}\n'
    made = export(load(declared(tmp_path, device)), tmp_path)
    assert '"file" = {' in made.text
    assert made.left_out == ()


def test_a_mounts_name_is_an_identifier() -> None:
    assert [module_name(each) for each in ("aws", "team/aws", "a.b", "-x", "0")] == [
        *("aws", "team-aws", "a-b"),
        *("mount--x", "mount-0"),
    ]


def test_a_file_knows_whether_it_was_changed() -> None:
    text = signed("a = 1\n")
    assert is_untouched(text)
    assert is_untouched(signed(""))
    for other in (f"{text}# mine\n", text.replace("1\n", "2\n"), "a = 1\n", "", text[:-1]):
        assert not is_untouched(other)
