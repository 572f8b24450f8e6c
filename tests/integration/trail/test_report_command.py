"""`vaultaws trail report` on a real server: the chart, and the page with the thief in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logins import log_in, write_roles
from tests.support.page import parsed
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired

pytestmark = pytest.mark.integration


def test_a_day_is_shown_and_written(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    issued = log_in(wired, "ada").issue(wired.mount, "reader", sts=False)
    key = issued.credentials.access_key_id
    wired.client("ec2", issued.credentials).describe_instances()
    root = wired.client("sts", wired.root_credentials)
    stolen = root.get_federation_token(Name="vault-thief")["Credentials"]["AccessKeyId"]
    shell = operator(wired, tmp_path)

    code, out, said = here(shell, "trail", "report", "--since", "10m", "--lag", "0s")
    assert (code, said) == (3, "")
    assert "1 finding (1 critical)" in out
    assert [line.split()[:2] for line in out.splitlines() if " reader " in line] == [
        ["ada", "reader"]
    ]

    options = ("--since", "10m", "--lag", "0s", "--html", "trail.html")
    code, out, said = here(shell, "trail", "report", *options)
    assert (code, out) == (3, ""), said
    assert "· wrote trail.html" in said
    page = parsed((tmp_path / "trail.html").read_text("utf-8"))
    assert set(page.data["rows"]["key"]) == {key, stolen}
    assert f"vaultaws incident contain --key {stolen} --dry-run" in page.text
    secret = issued.credentials.secret_access_key.reveal()
    assert secret not in (tmp_path / "trail.html").read_text("utf-8")
