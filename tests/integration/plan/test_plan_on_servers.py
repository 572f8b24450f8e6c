"""Plan against real servers: what apply has written needs nothing more."""

from __future__ import annotations

from pathlib import Path

from tests.support.people import declare, operator, root_shell
from tests.support.wired import Wired, must

ROLES = """
[roles.reader]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"

[roles.reader-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
max_ttl = "1h"
"""


def access(wired: Wired, *names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"""
[access.analysts]
roles = ["reader", "reader-sts"]
members = {{ userpass-{wired.mount} = [{listed}] }}
"""


def test_plan_after_apply_is_empty_and_each_change_is_shown(wired: Wired, tmp_path: Path) -> None:
    must(wired.ask(f"sys/auth/userpass-{wired.mount}", {"type": "userpass"}))
    declare(wired, tmp_path, ROLES, access(wired, "ada", "ben"))
    ops = root_shell(wired, tmp_path)
    shown = ops.run("plan", "--detailed-exitcode")
    assert shown.returncode == 3, shown.stderr
    assert "+ role reader" in shown.stdout
    done = ops.run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    again = ops.run("plan", "--detailed-exitcode")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Nothing to change" in again.stdout
    declare(wired, tmp_path, ROLES.partition("[roles.reader-sts]")[0])
    changed = operator(wired, tmp_path).run("plan")
    assert "- access analysts" in changed.stdout
    assert "2 people (ada, ben) lose reader, reader-sts" in changed.stdout
    assert "! role reader-sts" in changed.stdout
