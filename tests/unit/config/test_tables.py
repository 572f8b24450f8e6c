"""Every table with every key becomes the value that it says; what is wrong in any is told."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from vaultaws.config import tables
from vaultaws.config.faults import DeclaredFileError, Fault
from vaultaws.config.load import load, load_all
from vaultaws.config.schema import Access, LeaseBounds, Mount, Root, Trail
from vaultaws.errors import ConfigError
from vaultaws.model import AuditDevice, CredentialType, Role, StaticRole

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*"}]}'
EVERYTHING = """
[mount]
path = "/cloud/aws/"
default_lease_ttl = "30m"
max_lease_ttl = 7200
description = "keys for people\\nand programs"
audit_non_hmac_request_keys = []
audit_non_hmac_response_keys = ["access_key"]
listing_visibility = "unauth"

[lease]
default_ttl = "15m"
max_ttl = "1h30m"

[root]
credentials = "profile:root"
region = "eu-west-2"
iam_endpoint = ""
sts_endpoint = "https://sts.eu-west-2.amazonaws.com"
sts_region = "eu-west-2"
sts_fallback_endpoints = ["https://sts.us-east-1.amazonaws.com"]
sts_fallback_regions = ["us-east-1"]
max_retries = -1
username_template = "vault-{{random 20}}"
role_arn = "arn:aws:iam::123456789012:role/vault"
identity_token_audience = "vault.corp"
identity_token_ttl = 0
rotation_period = "30d"
rotation_schedule = "0 0 * * 6"
rotation_window = "1h"
disable_automated_rotation = false
policy = "policies/a.json"

[roles."a@b.c"]
credential_type = "assumed_role"
policy = "policies/a.json"
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
role_arns = ["arn:aws:iam::123456789012:role/a"]
iam_groups = ["ops"]
session_tags = { team = "blue", cost = "7" }
external_id = "e-1"
default_ttl = "15m"
max_ttl = "12h"
mfa_serial_number = "arn:aws:iam::123456789012:mfa/ada"

[roles.a]
credential_type = "iam_user"
iam_tags.team = "red"
user_path = "/people/"
permissions_boundary_arn = "arn:aws:iam::123456789012:policy/fence"

[static_roles.ci]
username = "ci"
rotation_period = "1d"
assume_role_arn = "arn:aws:iam::210987654321:role/vault"
assume_role_session_name = "vault"
external_id = "e-2"

[audit.file]
type = "file"
description = "on disk"
file_path = "/var/log/vault.log"
log_raw = false

[audit."deep/socket"]
type = "socket"
address = "127.0.0.1:9000"
write_timeout = 2

[access.analysts]
roles = ["a@b.c", "a"]
static_roles = ["ci"]
members = { userpass = ["ben", "ada"], "corp/oidc/" = ["grp:x"], entities = ["Ada L"] }

[trail]
source = "s3://trail/logs"
audit_log = "audit.log"
"""


def put(folder: Path, text: str, name: str = "vaultaws.toml") -> Path:
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "a.json").write_text(POLICY)
    (folder / name).write_text(text)
    return folder / name


def faults(*files: Path) -> tuple[Fault, ...]:
    with pytest.raises(DeclaredFileError) as caught:
        load_all(files)
    return caught.value.faults


def only(file: Path) -> Fault:
    (fault,) = faults(file)
    return fault


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    file = put(tmp_path, EVERYTHING)
    config = load(file)
    assert config.mount == Mount(
        path="cloud/aws",
        default_lease_ttl_seconds=1800,
        max_lease_ttl_seconds=7200,
        description="keys for people\nand programs",
        audit_non_hmac_request_keys=(),
        audit_non_hmac_response_keys=("access_key",),
        listing_visibility="unauth",
    )
    assert config.lease == LeaseBounds(default_seconds=900, max_seconds=5400)
    assert config.root == Root(
        credentials="profile:root",
        region="eu-west-2",
        iam_endpoint="",
        sts_endpoint="https://sts.eu-west-2.amazonaws.com",
        sts_region="eu-west-2",
        sts_fallback_endpoints=("https://sts.us-east-1.amazonaws.com",),
        sts_fallback_regions=("us-east-1",),
        username_template="vault-{{random 20}}",
        max_retries=-1,
        role_arn="arn:aws:iam::123456789012:role/vault",
        identity_token_audience="vault.corp",
        identity_token_ttl_seconds=0,
        rotation_period_seconds=30 * 86_400,
        rotation_schedule="0 0 * * 6",
        rotation_window_seconds=3600,
        disable_automated_rotation=False,
        policy=config.root.policy if config.root else None,
    )
    assert config.trail == Trail(source="s3://trail/logs", audit_log="audit.log")
    assert config.text == EVERYTHING
    policy = tmp_path / "policies" / "a.json"
    assert config.policy_files == (("root", policy), ("roles.a@b.c", policy))


def test_roles_devices_and_access_with_every_field(tmp_path: Path) -> None:
    config = load(put(tmp_path, EVERYTHING))
    assert config.root is not None
    assert config.roles == (
        Role(
            name="a",
            credential_type=CredentialType.IAM_USER,
            iam_tags=(("team", "red"),),
            user_path="/people/",
            permissions_boundary_arn="arn:aws:iam::123456789012:policy/fence",
        ),
        Role(
            name="a@b.c",
            credential_type=CredentialType.ASSUMED_ROLE,
            policy_document=config.root.policy,
            policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
            role_arns=("arn:aws:iam::123456789012:role/a",),
            iam_groups=("ops",),
            session_tags=(("cost", "7"), ("team", "blue")),
            external_id="e-1",
            default_sts_ttl_seconds=900,
            max_sts_ttl_seconds=12 * 3600,
            mfa_serial_number="arn:aws:iam::123456789012:mfa/ada",
        ),
    )
    account = "arn:aws:iam::210987654321:role/vault"
    assert config.static_roles == (StaticRole("ci", "ci", 86_400, account, "vault", "e-2"),)
    assert config.audit == (
        AuditDevice(
            "deep/socket", "socket", (("address", "127.0.0.1:9000"), ("write_timeout", "2"))
        ),
        AuditDevice(
            "file", "file", (("file_path", "/var/log/vault.log"), ("log_raw", "false")), "on disk"
        ),
    )
    members = (("corp/oidc", ("grp:x",)), ("entities", ("Ada L",)), ("userpass", ("ben", "ada")))
    assert config.access == (Access("analysts", ("a@b.c", "a"), ("ci",), members),)


@pytest.mark.parametrize(
    ("table", "schema", "made"),
    [
        (tables.MOUNT, Mount, set()),
        (tables.LEASE, LeaseBounds, set()),
        (tables.ROOT, Root, set()),
        (tables.ROLE, Role, {"name", "policy_document", "other_types"}),
        (tables.STATIC_ROLE, StaticRole, {"name"}),
        (tables.AUDIT, AuditDevice, {"path", "options"}),
        (tables.ACCESS, Access, {"name"}),
        (tables.TRAIL, Trail, set()),
    ],
)
def test_every_field_of_the_schema_has_its_key(
    table: tables.Table, schema: type, made: set[str]
) -> None:
    said = {key.field or name for name, key in table.items()}
    fields = {field.name for field in dataclasses.fields(schema)}
    assert fields - made == said - {"policy" if schema is Role else ""}


@pytest.mark.parametrize(
    ("lines", "place", "key", "word"),
    [
        ("mount = 3", (1, 1), "mount", "not a table"),
        ("mount = [1]", (1, 1), "mount", "not a table"),
        ("[[roles]]\nx = 1", (1, 3), "roles", "not a table"),
        ("[roles]\nx = 'iam_user'", (2, 1), "roles.x", "not a table"),
        ("[mount]\npath = 'a//b'", (2, 1), "mount.path", "not a mount path"),
        ("[mount]\npath = 'a/../b'", (2, 1), "mount.path", "not a mount path"),
        ("[mount]\npath = 'auth/aws'", (2, 1), "mount.path", "mount path for an engine"),
        ("[mount]\npath = '/'", (2, 1), "mount.path", "not a mount path"),
        ("[mount]\npath = ''", (2, 1), "mount.path", "is empty"),
        ("[mount]\nmax_lease_ttl = -5", (2, 1), "mount.max_lease_ttl", "-5 is negative"),
        ("[mount]\nmax_lease_ttl = '-5m'", (2, 1), "mount.max_lease_ttl", "is negative"),
        ("[mount]\nmax_lease_ttl = 1.5", (2, 1), "mount.max_lease_ttl", "not a span of time"),
        ("[mount]\nmax_lease_ttl = 2026-11-21", (2, 1), "mount.max_lease_ttl", "the date 2026"),
        ("[mount]\nmax_lease_ttl = 07:32:00", (2, 1), "mount.max_lease_ttl", "the date 07:32"),
        (f"[mount]\nmax_lease_ttl = 1{'0' * 99}", (2, 1), "mount.max_lease_ttl", "100 years"),
        ("[mount]\nmax_lease_ttl = '999999999999d'", (2, 1), "mount.max_lease_ttl", "100 years"),
        ("[mount]\ndescription = 'a\\u001b'", (2, 1), "mount.description", ""),
        ("[lease]\ndefault_ttl = '1h'", (1, 2), "lease", "no max_ttl"),
        ("[lease]", (1, 2), "lease", "no default_ttl"),
        ("[root]\nmax_retries = true", (2, 1), "root.max_retries", "true is not a whole"),
        ("[root]\nmax_retries = 1.0", (2, 1), "root.max_retries", "not a whole number"),
        ("[root]\nmax_retries = -2", (2, 1), "root.max_retries", "out of range"),
        ("[root]\nmax_retries = 9999999999", (2, 1), "root.max_retries", "out of range"),
        ("[root]\ndisable_automated_rotation = 1", (2, 1), "", "1 is not true or false"),
        ("[root]\ncredentials = 'file'", (2, 1), "root.credentials", "not a place"),
        ("[root]\ncredentials = 'profile:'", (2, 1), "root.credentials", "not a place"),
        ("[root]\nregion = 'a\\nb'", (2, 1), "root.region", ""),
        ('[root]\nregion = "a\\u202eb"', (2, 1), "root.region", "turns the direction"),
        ("[root]\nregion = '''a\nb'''", (2, 1), "root.region", "control character"),
        ("[root]\nsts_fallback_regions = 'x'", (2, 1), "", "not a list of strings"),
        ("[root]\nsts_fallback_regions = [\n 'x',\n 3]", (4, 2), "", "3 is not a string"),
        ("[static_roles.x]\nusername = 'x'", (1, 15), "static_roles.x", "no rotation_period"),
        ("[audit.x]\ntype = 'fiel'", (2, 1), "audit.x.type", "not one of file"),
        ("[audit.x]\ntype = 'file'", (1, 8), "audit.x", "no file_path"),
        ("[audit.x]\ntype = 'socket'", (1, 8), "audit.x", "no address"),
        ("[audit.x]\ntype = 'syslog'\nfacilty = 'x'", (3, 1), "audit.x.facilty", "unknown option"),
        ("[audit.x]\ntype = 'syslog'\ntag = []", (3, 1), "audit.x.tag", "a list is not a string"),
        ("[audit.' x']\ntype = 'syslog'", (1, 8), 'audit." x"', "not a name"),
        ("[access.Ops]", (1, 9), "access.Ops", "not a name"),
        (
            "[access.o]\nmembers = { userpass = 'ada' }",
            (2, 13),
            "access.o.members.userpass",
            "list",
        ),
        ("[access.o]\nmembers = { userpass = ['a', 'a'] }", (2, 30), "", '"a" is said twice'),
        ("[access.o]\nmembers = { 'auth/x' = [] }", (2, 13), "", "begins with auth/"),
        ("[access.o]\nmembers = { '' = [] }", (2, 13), "", "not a path"),
        ("[access.o]\nroles = ['x']", (2, 10), "access.o.roles.0", 'no role "x"'),
        ("[access.o]\nstatic_roles = ['x']", (2, 17), "", 'no static role "x"'),
        ("[roles.x]\ncredential_type = 'iam_user'\niam_tags = 3", (3, 1), "", "not a table of"),
        ("[trail]\nsource = ''", (2, 1), "trail.source", "is empty"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    tmp_path: Path, lines: str, place: tuple[int, int], key: str, word: str
) -> None:
    if "\\u001b" in lines or "a\\nb" in lines:
        lines = lines.replace("'", '"')
    fault, *others = faults(put(tmp_path, lines))
    assert len(others) == (lines == "[lease]")
    assert (fault.line, fault.column) == place
    assert fault.key == key or not key
    assert word in fault.what
    assert fault.do


@pytest.mark.parametrize("name", ["a b", "-a", "a-", "a/b", ".a", "é", "a\\u0000", "", "a\\n"])
def test_names_that_the_engine_does_not_take(tmp_path: Path, name: str) -> None:
    text = f'[roles."{name}"]\ncredential_type = "iam_user"\n'
    text += f'[static_roles."{name}"]\nusername = "u"\nrotation_period = 60\n'
    found = faults(put(tmp_path, text))
    assert [fault.line for fault in found] == [1, 3]
    assert all("not a name that the server takes" in fault.what for fault in found)


@pytest.mark.parametrize("name", ["a", "A_9", "a.b-c@d", "_", "9"])
def test_names_that_the_engine_takes(tmp_path: Path, name: str) -> None:
    config = load(put(tmp_path, f"[roles.'{name}']\ncredential_type = 'iam_user'\n"))
    assert config.roles[0].name == name


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("[mount]\npth = 'x'", '"path"'),
        ("[rols.x]", '"roles"'),
        ("[roles.x]\ncredential_type = 'iam-user'", '"iam_user"'),
        ("[roles.x]\ncredential_type = 'iam_user'\npolcy = 'x'", '"policy"'),
        ("[mount]\nlisting_visibility = 'Unauth'", '"unauth"'),
        (
            "[roles.reader]\ncredential_type = 'iam_user'\n[access.o]\nroles = ['raeder']",
            '"reader"',
        ),
    ],
)
def test_a_near_miss_is_told_what_was_meant(tmp_path: Path, wrong: str, meant: str) -> None:
    assert only(put(tmp_path, wrong)).do == f"did you mean {meant}?"


def test_what_is_far_off_is_told_what_there_is(tmp_path: Path) -> None:
    fault = only(put(tmp_path, "[lease]\ndefault_ttl = 1\nmax_ttl = 1\nzzz = 1"))
    assert fault.do == "known: default_ttl, max_ttl"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[root]\nsecret_key = '{}'", "root.secret_key"),
        ("[root]\nregion = '{}'", "root.region"),
        (
            "[roles.x]\ncredential_type = 'iam_user'\npolicy_arns = ['a', '{}']",
            "roles.x.policy_arns.1",
        ),
        (
            "[roles.x]\ncredential_type = 'iam_user'\niam_tags = {{ k = '{}' }}",
            "roles.x.iam_tags.k",
        ),
        ("[roles.x]\ncredential_type = '{}'", "roles.x.credential_type"),
        ("[roles.x]\ncredential_type = 'iam_user'\npolicy = '{}'", "roles.x.policy"),
        ("[mystery]\nof = {{ a = [[{{ b = '{}' }}]] }}", ""),
        ("[roles.'{}']\ncredential_type = 'iam_user'", "roles.•••"),
        ("# '{}'\n[mount]", ""),
        ("[mount]\npath = 'aws' # was {}", ""),
        ("[access.o]\nroles = ['{}']", "access.o.roles.0"),
        ("[{}]\nx = 1", "•••"),
    ],
)
@pytest.mark.parametrize("secret", ["AKIA" + "0" * 16, "aB3/" * 10, "hvs." + "x" * 24])
def test_no_secret_is_ever_written_here(tmp_path: Path, text: str, key: str, secret: str) -> None:
    said = text.format(secret)
    if said.startswith("[" + secret):
        said = said.replace(secret, f"'{secret}'")
    found = faults(put(tmp_path, said))
    told = [fault for fault in found if "no secret is ever written here" in fault.what]
    assert len(told) == 1
    assert told[0].key == key or not key
    assert secret not in DeclaredFileError.of(found).describe()


def test_a_short_secret_is_known_by_its_key_and_not_repeated(tmp_path: Path) -> None:
    fault = only(put(tmp_path, "[root]\naccess_key = 'hunter2'"))
    assert "hunter2" not in fault.sentence()
    assert "[root] credentials says" in fault.do


def test_policies_are_found_beside_the_file_and_by_links(tmp_path: Path) -> None:
    file = put(tmp_path, "[roles.x]\ncredential_type = 'iam_user'\npolicy = 'link/a.json'")
    (tmp_path / "link").symlink_to("policies", target_is_directory=True)
    elsewhere = tmp_path / "deep"
    elsewhere.mkdir()
    (elsewhere / "x.toml").symlink_to(file)
    assert load(file).roles[0].policy_document is not None
    assert only(elsewhere / "x.toml").what == 'no policy file "link/a.json"'


def test_a_broken_policy_is_told_once_and_a_missing_one_at_each_name(tmp_path: Path) -> None:
    text = "".join(
        f"[roles.{name}]\ncredential_type = 'iam_user'\npolicy = '{policy}.json'\n"
        for name, policy in (("a", "bad"), ("b", "bad"), ("c", "none"), ("d", "none"))
    )
    file = put(tmp_path, text)
    (tmp_path / "bad.json").write_text("{\n  oops")
    bad, *missing = faults(file)
    assert (bad.file.name, bad.line, bad.column) == ("bad.json", 2, 3)
    assert [(fault.key, fault.line, fault.column) for fault in missing] == [
        ("roles.c.policy", 9, 1),
        ("roles.d.policy", 12, 1),
    ]


def test_a_pipe_for_a_policy_does_not_hang(tmp_path: Path) -> None:
    file = put(tmp_path, "[roles.x]\ncredential_type = 'iam_user'\npolicy = 'pipe'")
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in only(file).what


def test_a_root_policy_that_is_none(tmp_path: Path) -> None:
    fault = only(put(tmp_path, "[root]\npolicy = 'policies'"))
    assert (fault.line, fault.key) == (2, "root.policy")
    assert "it is a directory" in fault.what


@pytest.mark.parametrize(
    ("raw", "place", "word"),
    [
        (b"", (1, 1), "declares nothing"),
        (b"# only words\n", (1, 1), "declares nothing"),
        (b"\xef\xbb\xbf[mount]\n", (1, 1), "byte order mark"),
        ("[mount]".encode("utf-16"), (1, 1), "it is UTF-16, not UTF-8"),
        (b'[mount]\ndescription = "caf\xe9"', (2, 19), "byte 26 (0xe9) is not UTF-8"),
        (b"[mount\n", (1, 7), "without ] after it"),
        (b" " * (16 * 1024 * 1024 + 1), (0, 0), "larger than 16,777,216 bytes"),
    ],
)
def test_files_that_are_not_declared_files(
    tmp_path: Path, raw: bytes, place: tuple[int, int], word: str
) -> None:
    file = tmp_path / "vaultaws.toml"
    file.write_bytes(raw)
    fault = only(file)
    assert word in fault.what
    assert (fault.line, fault.column) == place


def test_what_follows_a_byte_order_mark_is_read_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "vaultaws.toml"
    file.write_bytes(b"\xef\xbb\xbf[mount]\npth = 1\n")
    assert [fault.line for fault in faults(file)] == [1, 2]


def test_a_pipe_or_directory_for_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert only(tmp_path / "pipe").what == "it is not a regular file"
    assert only(tmp_path).what == "it is a directory"


def test_the_faults_of_all_files_are_told_together(tmp_path: Path) -> None:
    second = put(tmp_path, "[mount]\nx = 1\n[trail]\ny = 1", "b.toml")
    first = put(tmp_path, "[mount]\nz = 1", "a.toml")
    found = faults(second, first, tmp_path / "none.toml")
    assert [(fault.file.name, fault.line) for fault in found] == [
        ("b.toml", 2),
        ("b.toml", 4),
        ("a.toml", 1),
        ("a.toml", 2),
        ("none.toml", 0),
    ]
    assert "declared in" in found[2].what


def test_several_sound_files(tmp_path: Path) -> None:
    first = put(tmp_path, "[mount]\npath = 'one'", "a.toml")
    second = put(tmp_path, "[mount]\npath = 'two'", "b.toml")
    assert [config.mount.path for config in load_all((first, second))] == ["one", "two"]


def test_one_mount_or_device_in_two_files(tmp_path: Path) -> None:
    device = "[audit.x]\ntype = 'syslog'\n"
    first = put(tmp_path, f"[mount]\npath = 'aws/'\n{device}", "a.toml")
    second = put(tmp_path, device, "b.toml")
    mount, audit = faults(first, second)
    assert mount.what == f"the mount aws/ is declared in {first} as well"
    assert (audit.key, audit.line) == ("audit.x", 1)


def test_one_file_that_is_not_there_names_the_way_to_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file") as caught:
        load_all((tmp_path / "none.toml",))
    assert caught.value.do == "vaultaws init"
    assert len(caught.value.describe().splitlines()) == 3
