"""A plan in print: aligned, in words, and nothing that a terminal would obey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.memory_operators import MemoryServer, memory_server
from vaultaws.config.schema import Access, Config, LeaseBounds, Mount, Root
from vaultaws.errors import ConfigError
from vaultaws.model import (
    AuditDevice,
    CredentialType,
    MountInfo,
    Role,
    RootConfig,
    ServerHealth,
    ServerProduct,
    StaticRole,
)
from vaultaws.plan import show
from vaultaws.plan.planner import make_plan


def policy(action: str) -> dict[str, object]:
    return {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


KEY = "AKIARZPUZDIK" + "A" * 8  # carries account 123456789012
READER = Role("reader", CredentialType.IAM_USER, policy_document=policy("ec2:Describe*"))
STS = Role(
    "s3-reports",
    CredentialType.FEDERATION_TOKEN,
    policy_document=policy("s3:Get*"),
    default_sts_ttl_seconds=900,
    max_sts_ttl_seconds=3600,
)
CONFIG = Config(
    Path("vaultaws.toml"),
    roles=(READER, STS),
    policy_files=(("roles.reader", Path("policies/reader.json")),),
)


def server(**state: object) -> MemoryServer:
    made = memory_server(**state)
    made.engines["aws"] = MountInfo("aws", "aws", "aws_1", 900, 3600)
    made.root = RootConfig(KEY, region="eu-west-2")
    return made


def test_the_whole_picture() -> None:
    vault = server()
    vault.roles = {
        "reader": replace(READER, policy_document=policy("ec2:*")),
        "legacy-admin": Role("legacy-admin", CredentialType.SESSION_TOKEN),
    }
    vault.live = {"reader": 3}
    assert (
        show.text(make_plan(vault, CONFIG))
        == """\
vaultaws.toml → aws/ on http://127.0.0.1:8200 (Vault 1.21.1), account 123456789012

  ~ role reader        3 live leases keep the old policy
      policy  policies/reader.json
        Statement[0].Action
          - "ec2:*"
          + "ec2:Describe*"
  + role s3-reports    federation_token, 15 min … 1 h
  ! role legacy-admin  on the server, not in the file (left alone; --prune removes it)

1 to change, 1 to add, 1 unmanaged. Nothing has been written."""
    )


def test_colour_marks_and_nothing_else() -> None:
    plan = make_plan(server(), CONFIG)
    plain, coloured = show.text(plan), show.text(plan, colour=True)
    assert "\x1b" not in plain
    assert "  \x1b[32m+\x1b[0m role reader" in coloured
    assert coloured.replace("\x1b[32m", "").replace("\x1b[0m", "") == plain


def test_names_from_elsewhere_do_nothing_to_a_terminal() -> None:
    evil = "x\x1b]0;owned\x07\r\nnew\u202eline"
    vault = server()
    vault.roles = {"reader": replace(READER, policy_document=policy(evil)), evil: READER}
    vault.engines["aws"] = replace(vault.engines["aws"], description=evil)
    config = replace(
        CONFIG,
        mount=Mount(description="plain"),
        access=(Access("analysts", ("reader",), (), (("userpass", (evil,)),)),),
    )
    text = show.text(make_plan(vault, config))
    unseen = [char for char in text if not char.isprintable() and char != "\n"]
    assert unseen == []
    assert "\\u001b" in text


def test_spans_fields_and_what_was_empty_are_in_words() -> None:
    vault = server()
    vault.engines["aws"] = MountInfo(
        "aws", "aws", "aws_1", 900, 7200, audit_non_hmac_response_keys=("arn",)
    )
    config = Config(
        Path("vaultaws.toml"),
        mount=Mount(audit_non_hmac_response_keys=("access_key",)),
        lease=LeaseBounds(900, 3600),
        root=Root(region="us-east-1", max_retries=3),
        audit=(AuditDevice("file", "file", (("file_path", "/tmp/a.log"),)),),
        static_roles=(StaticRole("deploy", "ci", 86_400),),
    )
    text = show.text(make_plan(vault, config))
    for line in (
        "      max_lease_ttl                 2 h → 1 h",
        '      audit_non_hmac_response_keys  ["arn"] → ["access_key"]',
        "live leases keep their end; renewals go by the new bounds",
        "  + lease aws",
        "      region       eu-west-2 → us-east-1",
        "      max_retries  -1 → 3",
        "  + audit device file",
        "      file_path  /tmp/a.log",
        "makes a new key for ci at once",
        "the engine connects to AWS anew",
        "3 to add",
    ):
        assert line in text, line


def test_what_a_prune_leaves_behind_is_said() -> None:
    vault = server()
    vault.roles = {
        name: replace(role, name=name)
        for name, role in (("old", READER), ("older", STS), ("dark", READER))
    }
    vault.static_roles = {"deploy": StaticRole("deploy", "ci", 86_400)}
    vault.live = {"old": 1, "older": 5, "dark": None}
    text = show.text(make_plan(vault, Config(Path("vaultaws.toml")), prune=True))
    assert "1 live lease stays and goes on until it ends" in text
    assert "to end them: vaultaws leases revoke --role old\n" in text
    assert "5 live leases stay and go on until they end" in text
    assert "vaultaws leases revoke --role older --cut" in text
    assert "live leases unknown (needs sudo on sys/leases/lookup)" in text
    assert "the engine deletes its key of ci in AWS at once" in text
    assert text.endswith("4 to remove. Nothing has been written.")


@pytest.mark.parametrize(
    ("old", "words"),
    [
        ({"max_sts_ttl_seconds": 7200}, "keep the old end"),
        ({"policy_arns": ("arn:aws:iam::aws:policy/x",)}, "keep the old session policy"),
        ({"external_id": "x"}, "keep the old settings"),
    ],
)
def test_what_live_leases_keep(old: dict[str, object], words: str) -> None:
    vault = server()
    vault.roles = {"s3-reports": replace(STS, **old)}  # type: ignore[arg-type]  # named above
    vault.live = {"s3-reports": 2}
    config = Config(Path("vaultaws.toml"), roles=(STS,))
    (change,) = make_plan(vault, config).changes
    assert change.effects == (f"2 live leases {words}",)


def test_a_role_of_another_type_and_a_period_that_the_engine_forgets() -> None:
    vault = server()
    vault.roles = {"reader": replace(STS, name="reader")}
    vault.static_roles = {"deploy": StaticRole("deploy", "ci", 3600)}
    vault.live = {"reader": 1}
    config = Config(
        Path("f.toml"), roles=(READER,), static_roles=(StaticRole("deploy", "ci", 86_400),)
    )
    role, static = make_plan(vault, config).changes
    assert role.effects == (
        "1 live lease of type federation_token keeps what they have until they end",
    )
    assert "hashicorp/vault#21967" in static.effects[0]


def test_lease_bounds_that_nobody_declared_are_shown_and_left() -> None:
    vault = server()
    vault.lease = (900, 3600)
    assert make_plan(vault, Config(Path("f.toml"))).changes == ()
    vault.lease = (2_764_800, 2_764_800)
    (change,) = make_plan(vault, Config(Path("f.toml")), prune=True).changes
    assert change.action.value == "!"


def test_all_that_a_server_cannot_do_is_said_at_once() -> None:
    openbao = ServerHealth(ServerProduct.OPENBAO, "2.7.2", True, False, False)
    vault = server(health_now=openbao)
    vault.devices = {"file": AuditDevice("file", "file", (("file_path", "/var/a.log"),))}
    vault.static_roles = {"deploy": StaticRole("deploy", "somebody", 86_400)}
    text = (
        '[root]\nsts_region = "eu-west-2"\nrole_arn = "x"\n[static_roles.deploy]\nusername = "ci"\n'
    )
    config = Config(
        Path("vaultaws.toml"),
        root=Root(sts_region="eu-west-2", role_arn="arn:aws:iam::1:role/x"),
        static_roles=(StaticRole("deploy", "ci", 86_400, external_id="x"),),
        audit=(AuditDevice("file", "file", (("file_path", "/tmp/a.log"), ("mode", "0600"))),),
        text=text,
    )
    with pytest.raises(ConfigError) as refused:
        make_plan(vault, config)
    said = refused.value.describe()
    assert "vaultaws.toml:2:1: root.sts_region: this server cannot take it" in " ".join(
        said.split()
    )
    assert "root.role_arn" in said
    assert "static_roles.deploy.external_id" in said
    assert "the static role is of the user somebody" in said
    assert "the device is there and differs: file_path is '/var/a.log'" in said
    assert "mode" not in said
    assert "5 things" in said


def test_an_audit_device_is_compared_by_what_is_said_of_it() -> None:
    vault = server()
    options = (("file_path", "/var/a.log"), ("format", "jsonx"))
    vault.devices = {"file": AuditDevice("file", "file", options, "by hand")}
    same = AuditDevice("file", "file", options[:1])
    assert make_plan(vault, Config(Path("f.toml"), audit=(same,))).changes == ()
    other = AuditDevice("file", "socket", (("format", "json"),), "ours")
    with pytest.raises(ConfigError) as refused:
        make_plan(vault, Config(Path("f.toml"), audit=(other,)))
    said = refused.value.describe()
    for words in ("its type is file", "format is 'jsonx'", "its description is 'by hand'"):
        assert words in said


def test_a_mount_of_another_kind_is_refused() -> None:
    vault = server()
    vault.engines["aws"] = MountInfo("aws", "kv", "kv_1")
    with pytest.raises(ConfigError, match="not an AWS engine"):
        make_plan(vault, Config(Path("f.toml")))
