"""docs/reference.md names exactly the keys that `--json` prints, read from real output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from tests.support.commands import Shell
from tests.support.devices import NAME, ada, shell_for
from tests.support.people import declare, operator, root_shell
from tests.support.wired import Wired, must
from vaultaws.cli.main import VERBS, module_of
from vaultaws.clock import SystemClock
from vaultaws.leases.target import Target
from vaultaws.local.aws.serve import LocalAws
from vaultaws.root.journal import Journal, Kind

PAGE = (Path(__file__).parents[3] / "docs" / "reference.md").read_text("utf-8")
FREE = (
    "environment",
    "policy_document",
    "counts",
    "plans[]",
    "iam_tags",
    "session_tags",
    "actions[].evidence",
)  # keys in them are data
PRINTED_BY_FORMAT = {
    *("creds (--format json)", "mfa login", "mfa assume (--format json)"),
    *("incident report (--format json)", "incident status NAME"),
    "trail watch",
}
ROLES = """
[roles.reader]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"

[roles.reader-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
"""


def documented(section: str) -> set[str]:
    """The names of a section of the page."""
    (text,) = re.findall(
        rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE
    )
    return {name.removesuffix(".*") for name in re.findall(r"`([a-z_.\[\]*]+)`", text)}


def paths(value: object, where: str = "") -> Iterator[tuple[str, bool]]:
    """Each leaf's path, and whether it is empty: null, or a list of nothing."""
    if isinstance(value, dict) and where not in FREE:
        for key, inner in value.items():
            yield from paths(inner, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from paths(inner, f"{where}[]")
    elif isinstance(value, list):
        yield f"{where}[]", True
    else:
        yield where, value is None


def check(section: str, *outputs: object) -> None:
    """All that was printed is on the page; all on the page was printed, or could not be."""
    names = documented(section)
    seen = [found for output in outputs for found in paths(output)]
    empty = tuple(path for path, nothing in seen if nothing)
    printed = {path for path, _ in seen}
    unknown = {
        path
        for path in printed - names
        if not (path in empty and any(name.startswith((f"{path}.", path)) for name in names))
    }
    assert unknown == set(), f"{section}: not on the page"
    never = {name for name in names - printed if not name.startswith(empty)}
    assert never == set(), f"{section}: on the page, never printed"


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    declare(wired, tmp_path, ROLES)
    return root_shell(wired, tmp_path)


def test_the_keys_of_the_declared_state_and_of_credentials(
    shell: Shell, wired: Wired, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[mount]\npath = 'not-yet'\n")
    (tmp_path / "wrong.toml").write_text("[mounts]\n")
    check(
        "plan, apply",
        shell.json("plan"),
        shell.json("plan", "vaultaws.toml", "other.toml", "wrong.toml", code=1),
        shell.json("apply", "--yes"),
    )
    check("policies list", shell.json("policies", "list"))
    check(
        "policies show", *(shell.json("policies", "show", name) for name in ("s3-read", "s3-only"))
    )
    check("policies use", shell.json("policies", "use", "s3-only"))
    ops = operator(wired, tmp_path)
    check("roles list", ops.json("roles", "list"))
    check(
        "roles show", ops.json("roles", "show", "reader"), ops.json("roles", "show", "reader-sts")
    )
    legacy = {"policy": '{"Version": "2012-10-17"}'}
    must(wired.ask(f"{wired.mount}/roles/legacy", legacy))
    foreign = {"policy": f'path "{wired.mount}/creds/*" {{ capabilities = ["read"] }}'}
    must(wired.ask(f"sys/policies/acl/foreign-{wired.mount}", foreign))
    check("import", ops.json("import", "-c", "imported.toml", code=3))
    issued = [
        json.loads(ops.run("creds", role, "--format", "json").stdout)
        for role in ("reader", "reader-sts")
    ]
    check("creds (--format json)", *issued)
    assert ops.run("profile", "write", "reader", "--region", "eu-west-2").returncode == 0
    check("profile list", ops.json("profile", "list"))
    check("doctor", ops.json("doctor"))
    iam = wired.client("iam", wired.root_credentials)
    iam.create_user(UserName="vault-thief-" + wired.mount)
    iam.create_access_key(UserName="vault-thief-" + wired.mount)
    check("trail check, trail report", ops.json("trail", "check", code=3))
    explained = ops.json("trail", "explain", issued[0]["access_key_id"])
    check("trail explain", explained)
    check("leases list", ops.json("leases", "list"))
    keys = (one["access_key_id"] for one in issued)
    check("leases show", *(ops.json("leases", "show", key) for key in keys))
    lease = ops.json("leases", "show", issued[0]["access_key_id"])["credential"]["lease_id"]
    check("leases renew", ops.json("leases", "renew", lease))
    contain = ("incident", "contain", "--role", "reader", "--no-trail")
    dry, done = ops.json(*contain, "--dry-run"), ops.json(*contain, "--yes")
    check("incident contain", dry, done)
    check(
        "leases revoke",
        ops.json("leases", "revoke", "--all", "--dry-run"),
        ops.json("leases", "revoke", "--all", "--cut", "--yes"),
    )


def test_the_keys_of_the_root_and_of_static_roles(
    shell: Shell, wired: Wired, tmp_path: Path
) -> None:
    user, ops, iam = f"vault-app-{wired.mount}", operator(wired, tmp_path), wired.client("iam")
    iam.create_user(UserName=user)
    role = f'[static_roles.legacy]\nusername = "{user}"\nrotation_period = "1h"\n'
    declare(wired, tmp_path, role)
    adopted = {"username": user, "rotation_period": 3600}
    must(wired.ask(f"{wired.mount}/static-roles/legacy", adopted))
    target = Target(wired.server.address, "", wired.mount)
    journal = Journal(ops.state / "root", target, SystemClock())
    for kind, name in ((Kind.ROOT, ""), (Kind.STATIC, "other")):
        with journal.begin(kind, {"old_key": wired.root_credentials.access_key_id}, name):
            pass
    iam.create_access_key(UserName=wired.root_user)
    spare = ops.json("root", "show", code=3)["other_keys"][0]["access_key_id"]
    blind = operator(wired, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    check("root show", ops.json("root", "show", code=3), blind.json("root", "show"))
    check("root rotate", ops.json("root", "rotate", "--yes", "--delete-spare", spare))
    listing = ("static", "list", "-c", "vaultaws.toml")
    check("static list", ops.json(*listing), blind.json(*listing))
    check("static show", *(shell.json("static", "show", "legacy") for shell in (ops, blind)))
    check("static rotate", ops.json("static", "rotate", "legacy", "--yes"))


def test_the_keys_of_the_stack(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    try:
        check("up", shell.json("up", "--server", "openbao"))
        check("status", shell.json("status"))
    finally:
        shell.run("down")


def test_the_keys_of_lint(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "policy.json").write_text('{"Statement": {"Effect": "Allow", "Action": "*"}}')
    waived = 'user_path = "x"  # vaultaws: allow user-path-malformed as it is'
    (tmp_path / "vaultaws.toml").write_text(
        f'[roles.a]\ncredential_type = "iam_user"\npolicy = "policy.json"\n{waived}\n'
    )
    check("lint", shell.json("lint", code=3), shell.json("lint", "--rules"))


def test_the_keys_of_mfa(tmp_path: Path) -> None:
    with LocalAws() as aws:
        person = ada(aws, tmp_path)
        arn = person.role("Plain")
        person.profiles(f"[profile plain]\nrole_arn = {arn}\nsource_profile = {NAME}\n")
        login = ("mfa", "login", NAME, "--format", "json")
        code = ("--code", person.authenticator.fresh())
        shell = person.shell
        check(
            "mfa login, mfa assume (--format json)",
            json.loads(shell.run(*login, *code).stdout),
            json.loads(shell.run("mfa", "assume", "plain", "--format", "json").stdout),
        )
        check("mfa status", shell.json("mfa", "status"))
        check("mfa roles", shell.json("mfa", "roles", "--profile", NAME))
        check("mfa device list", shell.json("mfa", "device", "list", "--profile", NAME))


def test_the_keys_of_cloud(tmp_path: Path) -> None:
    with LocalAws() as aws:
        more = {
            "AWS_DEFAULT_REGION": aws.region,
            "AWS_ACCESS_KEY_ID": aws.admin.access_key_id,
            "AWS_SECRET_ACCESS_KEY": aws.admin.secret_access_key.reveal(),
        }
        shell = shell_for(aws, tmp_path, **more)
        deploy = ("cloud", "deploy", "ops-sudo", "--yes")
        check(
            "cloud deploy",
            shell.json(*deploy),
            shell.json(*deploy, "--parameter", "MfaAgeSeconds=600"),
        )
        check("cloud show", shell.json("cloud", "show"))


def with_json(words: str, command: click.Command) -> Iterator[str]:
    """The commands, from here down, that take --json."""
    if any(parameter.name == "as_json" for parameter in command.params):
        yield words
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from with_json(f"{words} {name}", inner)


def test_every_command_with_json_is_on_the_page() -> None:
    sections = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    named = {name for section in sections for name in section.split(", ")}
    commands = {
        found
        for verb in VERBS
        for found in with_json(verb, import_module(f"vaultaws.cli.{module_of(verb)}").command)
    }
    assert named - PRINTED_BY_FORMAT == commands
    assert all(documented(section) for section in sections)
