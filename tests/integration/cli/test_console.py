"""A console URL is good, end to end; what AWS does not let in is refused and leaves no lease."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import urllib3

from tests.support.commands import Shell
from tests.support.people import declare, operator, person, root_shell
from tests.support.wired import Wired, must

POLICY = 'policy = "policies/ec2readonly.json"\n'
HEADS = {
    "reader": "iam_user",
    "federated": "federation_token",
}
HOME = "https://console.aws.amazon.com/console/home?region=eu-west-2"
BROWSER = """#!{python}
import sys, urllib3
answer = urllib3.request("GET", sys.argv[1], redirect=False)
open("{seen}", "w").write(sys.argv[1] + "\\n" + answer.headers["Location"])
"""


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    """Roles of every type; the AWS role of `ops` may be assumed by the account."""
    iam, name = wired.client("iam"), f"vault-ops-{wired.mount}"
    account = f"arn:aws:iam::{wired.client('sts').get_caller_identity()['Account']}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"{account}:root"}}
    trusting = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)
    roles = [
        f'[roles.{role}]\ncredential_type = "{kind}"\n{POLICY}' for role, kind in HEADS.items()
    ]
    roles += [
        f'[roles.ops]\ncredential_type = "assumed_role"\nrole_arns = ["{account}:role/{name}"]\n'
    ]
    roles += ['[roles.session]\ncredential_type = "session_token"\n']
    declare(wired, tmp_path, "\n".join(roles))
    done = root_shell(wired, tmp_path).run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    return operator(wired, tmp_path)


def where(url: str) -> str:
    """Where the URL leads a browser."""
    answer = urllib3.request("GET", url, redirect=False, retries=False)
    assert answer.status == 302, answer.data
    return answer.headers["Location"]


def leases(wired: Wired) -> list[str]:
    return wired.vault.list_leases(wired.mount)


def test_a_role_and_a_federated_user_sign_in(shell: Shell, wired: Wired) -> None:
    done = shell.run("console", "federated")
    assert done.returncode == 0, done.stderr
    assert where(done.stdout.strip()) == HOME
    assert "SigninToken" not in done.stderr
    assert "lasts until" in done.stderr
    done = shell.run("console", "ops", "--duration", "4h", "--destination", "ec2")
    assert done.returncode == 0, done.stderr
    assert where(done.stdout.strip()).startswith("https://console.aws.amazon.com/ec2/home")
    assert len(leases(wired)) == 2


def test_what_aws_does_not_let_in_is_refused_and_leaves_nothing(
    shell: Shell, wired: Wired, tmp_path: Path
) -> None:
    """Also where the token may not read the role, and only the answer tells its type."""
    acl = f'path "{wired.mount}/creds/*" {{ capabilities = ["read"] }}\n'
    acl += 'path "sys/leases/revoke" { capabilities = ["update"] }'
    must(wired.ask(f"sys/policies/acl/blind-{wired.mount}", {"policy": acl}))
    blind = person(wired, tmp_path, "ben", f"blind-{wired.mount}")
    for who, arguments, words in (
        (shell, ("reader",), "keys of an IAM user"),
        (blind, ("reader",), "keys of an IAM user"),
        (shell, ("session",), "session tokens"),
        (shell, ("federated", "--duration", "1h"), "federation tokens"),
        (shell, ("ops", "--duration", "13h"), "12 hours"),
        (shell, ("federated", "--destination", "https://evil.test/"), "needs https://"),
    ):
        done = who.run("console", *arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert words in done.stderr, done.stderr
        assert leases(wired) == [], arguments


def test_a_sign_in_that_fails_leaves_no_lease(shell: Shell, wired: Wired, tmp_path: Path) -> None:
    elsewhere = operator(wired, tmp_path, AWS_ENDPOINT_URL_SIGNIN="http://127.0.0.1:9")
    done = elsewhere.run("console", "federated")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be reached" in done.stderr
    assert leases(wired) == []


def test_it_opens_in_the_browser_and_stands_nowhere(
    shell: Shell, wired: Wired, tmp_path: Path
) -> None:
    """The browser's own command line, which all may read, does not hold the URL."""
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(BROWSER.format(python=sys.executable, seen=seen))
    browser.chmod(0o755)
    done = operator(wired, tmp_path, BROWSER=str(browser)).run("console", "ops", "--open")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    given, url = seen.read_text().split("\n")
    assert "SigninToken" not in given
    assert where(url) == HOME
    assert "SigninToken" not in done.stderr


def test_without_a_browser_it_says_so(shell: Shell, wired: Wired, tmp_path: Path) -> None:
    bare = operator(wired, tmp_path, PATH=str(tmp_path), BROWSER=str(tmp_path / "none"))
    done = bare.run("console", "federated", "--open")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no browser" in done.stderr
    assert leases(wired) == []
