"""`vaultaws leases show` against real servers."""

from __future__ import annotations

from pathlib import Path

from tests.support.engine import a_role
from tests.support.people import operator
from tests.support.wired import Wired
from vaultaws.leases.words import short_key


def test_a_key_is_known_by_its_lease_its_id_and_its_short_form(
    wired: Wired, tmp_path: Path
) -> None:
    """The audit log has a digest of the key only: IAM knows it in clear."""
    wired.vault.write_role(wired.mount, a_role("reader"))
    made = wired.vault.issue(wired.mount, "reader", sts=False)
    key = made.credentials.access_key_id
    shell = operator(wired, tmp_path, VAULTAWS_AUDIT_LOG=str(wired.server.audit))
    told = shell.json("leases", "show", key, "--mount", wired.mount)
    assert told["credential"]["lease_id"] == made.lease.id
    assert told["iam_user"]["name"] in wired.user_names("reader")
    assert told["remote_address"]
    short = shell.json("leases", "show", short_key(key), "--mount", wired.mount)
    assert short["credential"]["lease_id"] == made.lease.id
    assert short["access_key_id"] == key
    by_lease = shell.run("leases", "show", made.lease.id)
    assert by_lease.returncode == 0, by_lease.stderr
    assert "not known in clear" in by_lease.stdout


def test_a_user_s_key_without_a_lease_and_vault_s_own(wired: Wired, tmp_path: Path) -> None:
    iam, name = wired.client("iam"), f"vault-orphan-{wired.mount}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    shell = operator(wired, tmp_path)
    done = shell.run("leases", "show", key)
    assert done.returncode == 0, done.stderr
    assert "(no lease)" in done.stdout
    assert f"--user-name {name}" in done.stdout
    own = shell.json("leases", "show", wired.root_credentials.access_key_id)
    assert own["is_root"]


def test_what_nobody_knows_is_refused(wired: Wired, tmp_path: Path) -> None:
    done = operator(wired, tmp_path).run("leases", "show", "AKIA…\x1b[31m")
    assert done.returncode == 1
    assert "vaultaws leases list" in done.stderr
    assert "\x1b" not in done.stderr


def test_the_list_says_when_keys_were_last_used_and_which_are_gone(
    wired: Wired, tmp_path: Path
) -> None:
    role = f"reader-{wired.mount}"
    wired.vault.write_role(wired.mount, a_role(role))
    shell = operator(wired, tmp_path)
    for _ in range(2):
        assert shell.run("creds", role, "--format", "json").returncode == 0
    listed = shell.json("leases", "list", "--last-used")
    keys = [one["access_key_id"] for one in listed["credentials"]]
    assert listed["notes"] == []
    iam = wired.client("iam")
    owner = iam.get_access_key_last_used(AccessKeyId=keys[0])["UserName"]
    iam.delete_access_key(UserName=owner, AccessKeyId=keys[0])
    (note,) = shell.json("leases", "list", "--last-used")["notes"]
    assert f"no key {keys[0]}" in note
    blind = operator(wired, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert "was not seen" in blind.run("leases", "list", "--last-used").stdout
