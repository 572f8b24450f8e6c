"""Users without a lease, found by `trail check` and `trail watch` on real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli.test_reference import check as check_page
from tests.integration.leases.test_list_on_servers import control, stray
from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.local.awsprocess import AwsOptions, LocalAws

pytestmark = pytest.mark.integration
ROLLBACK_SECONDS = 1_200
"""Until then a user may be of a failed issuance."""
NOW = ("--since", "10m", "--lag", "0s")


@pytest.fixture
def alone(
    wire: Callable[[LocalAws, AwsOptions], Wired],
    start_aws: Callable[[AwsOptions], LocalAws],
    aws_options: AwsOptions,
) -> Wired:
    """A mount whose account has no users of others, and a clock that may be moved."""
    return wire(start_aws(aws_options), aws_options)


def test_an_orphan_is_told_or_why_none_is_known(alone: Wired, tmp_path: Path) -> None:
    write_roles(alone)
    declare(alone, tmp_path, "")
    log_in(alone, "ada").issue(alone.mount, "reader", sts=False)
    name, key = stray(alone, "userpass-eve")
    shell = operator(alone, tmp_path)

    code, out, said = here(shell, "trail", "check", *NOW, "--json")
    assert (code, json.loads(out)["orphan_users"]) == (0, []), said  # too young to be judged
    control(alone).advance(ROLLBACK_SECONDS)
    code, out, said = here(shell, "trail", "check", *NOW, "--json")
    told = json.loads(out)
    assert code == 3, said
    assert [(one["kind"], one["access_key_id"]) for one in told["findings"]] == [
        ("orphan user", key)
    ]
    assert [(user["name"], user["person"]) for user in told["orphan_users"]] == [(name, "eve")]
    check_page("trail check, trail report", told)

    watch = ("trail", "watch", "--once", *NOW)
    code, out, _ = here(shell, *watch)
    assert (code, json.loads(out)["iam_user"]) == (3, name)
    assert here(shell, *watch)[:2] == (0, "")

    files = ("--source", str(alone.aws.trail))
    blind = operator(alone, tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    code, out, said = here(blind, "trail", "check", *NOW, *files, "--sarif")
    (run,) = json.loads(out)["runs"]
    (doubt, *_) = run["invocations"][0]["toolExecutionNotifications"]
    assert code == 3, said
    assert doubt["message"]["text"].startswith("not read: IAM users without a lease: ")
    code, out, said = here(blind, "trail", "check", *NOW, *files, "--no-orphans")
    assert (code, "IAM users" in out) == (0, False), said
    code, _, said = here(shell, "trail", "check", "--sarif", "--json")
    assert (code, "--json and --sarif exclude each other" in said) == (1, True)
