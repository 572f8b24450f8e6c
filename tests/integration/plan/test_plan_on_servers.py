"""Plan against real servers: what apply has written needs nothing more."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.declared import configs
from tests.support.people import TWO_ROLES, declare, operator, root_shell
from tests.support.wired import Wired, must
from vaultaws.config.schema import Config, Root
from vaultaws.model import ServerProduct
from vaultaws.plan import steps
from vaultaws.plan.planner import make_plan
from vaultaws.vault.gateway import HvacVault


def access(wired: Wired, *names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"""
[access.analysts]
roles = ["reader", "reader-sts"]
members = {{ userpass-{wired.mount} = [{listed}] }}
"""


def test_plan_after_apply_is_empty_and_each_change_is_shown(wired: Wired, tmp_path: Path) -> None:
    must(wired.ask(f"sys/auth/userpass-{wired.mount}", {"type": "userpass"}))
    declare(wired, tmp_path, TWO_ROLES, access(wired, "ada", "ben"))
    ops = root_shell(wired, tmp_path)
    shown = ops.run("plan", "--detailed-exitcode")
    assert shown.returncode == 3, shown.stderr
    assert "+ role reader" in shown.stdout
    done = ops.run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    again = ops.run("plan", "--detailed-exitcode")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Nothing to change" in again.stdout
    declare(wired, tmp_path, TWO_ROLES.partition("[roles.reader-sts]")[0])
    changed = operator(wired, tmp_path).run("plan")
    assert "- access analysts" in changed.stdout
    assert "2 people (ada, ben) lose reader, reader-sts" in changed.stdout
    assert "! role reader-sts" in changed.stdout


def people(wired: Wired) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Auth methods of this mount's own, as the file names them."""
    for method in ("userpass", "jwt", "approle"):
        must(wired.ask(f"sys/auth/{method}-{wired.mount}", {"type": method}))
    must(wired.ask(f"auth/approle-{wired.mount}/role/ci", {"token_policies": "default"}))
    must(wired.ask("identity/entity", {"name": f"zoe-{wired.mount}"}))
    return (
        (f"userpass-{wired.mount}", ("ada", "Ben", "cleo")),
        (f"jwt-{wired.mount}", ("eng", "Ops")),
        (f"approle-{wired.mount}", ("ci",)),
        ("entities", (f"zoe-{wired.mount}",)),
    )


def roots(wired: Wired) -> st.SearchStrategy[Root]:
    return st.builds(
        Root,
        region=st.sampled_from((None, wired.options.region, "us-east-1")),
        iam_endpoint=st.sampled_from((None, wired.server_aws_endpoint)),
        username_template=st.sampled_from((None, "{{ .RoleName }}")),
        max_retries=st.sampled_from((None, -1, 3)),
    )


def carry_out(wired: Wired, vault: HvacVault, config: Config) -> None:
    """Write a plan step by step, as apply does."""
    key = wired.root_credentials
    secret = (key.access_key_id, key.secret_access_key)
    for change in make_plan(vault, config, prune=True).to_write:
        steps.take(change, steps.Hands(vault, wired.mount, secret))


def test_generated_states_need_nothing_more_once_applied(wired: Wired) -> None:
    """From any state to any other, on a real server."""
    known = people(wired)
    drawn = configs(wired.mount, known, static=False, root=roots(wired))

    @settings(
        max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(drawn)
    def law(config: Config) -> None:
        with wired.vault as vault:
            carry_out(wired, vault, config)
            again = make_plan(vault, config, prune=True)
            assert again.to_write == ()

    law()


def test_a_role_of_old_with_two_types_is_brought_to_one(wired: Wired, tmp_path: Path) -> None:
    """The deprecated field `policy` makes a role that serves both of the older types."""
    declare(wired, tmp_path, TWO_ROLES.partition("[roles.reader-sts]")[0])
    ready = tmp_path / "policies" / "ec2readonly.json"
    must(wired.ask(f"{wired.mount}/roles/reader", {"policy": ready.read_text("utf-8")}))
    ops = root_shell(wired, tmp_path)
    shown = ops.run("plan")
    assert "~ role reader" in shown.stdout
    assert 'other_types  ["federation_token"] → —' in shown.stdout
    done = ops.run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert ops.run("plan", "--detailed-exitcode").returncode == 0


def test_vaults_own_key_is_asked_for_only_where_it_would_be_lost(
    wired: Wired, tmp_path: Path
) -> None:
    """Engines before Vault 1.19, OpenBao's among them, forget the key that a write leaves out."""
    file = declare(wired, tmp_path, "")
    assert root_shell(wired, tmp_path).run("apply", "--yes").returncode == 0
    file.write_text(file.read_text("utf-8").replace("eu-west-2", "eu-west-1"), "utf-8")
    without = operator(wired, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    done = without.run("apply", "--yes")
    if wired.vault.health().product is ServerProduct.OPENBAO:
        assert done.returncode == 1
        assert "no root credentials in the environment" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
    after = wired.vault.read_root(wired.mount)
    assert after is not None
    assert after.access_key_id == wired.root_credentials.access_key_id
