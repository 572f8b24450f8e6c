"""`vaultaws login oidc`: the server is its own identity provider, and a program the browser."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.people import operator, person
from tests.support.terminal import CTRL_C, at_terminal
from tests.support.waiting import until
from tests.support.wired import Wired, must
from vaultaws.local.ports import free_port

BROWSER = """#!{python}
import json, sys, urllib3
from urllib.parse import parse_qs, urlencode, urlsplit
address = urllib3.request("GET", sys.argv[1], redirect=False).headers["Location"]
asked = {{name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}}
answer = {{"state": asked["state"], "error": "access_denied", "error_description": "not today"}}
if not {denies}:
    page = urllib3.request("GET", "{authorize}?" + urlsplit(address).query,
                           headers={{"X-Vault-Token": "{token}"}})
    answer = page.json()
back = asked["redirect_uri"].replace("localhost", "127.0.0.1")
wrong = urllib3.request("GET", back + "?" + urlencode({{**answer, "state": "wrong"}}))
right = urllib3.request("GET", back + "?" + urlencode(answer))
open("{seen}", "w").write(json.dumps([sys.argv[1], wrong.status, right.status]))
"""


@dataclass(frozen=True)
class Provider:
    """An oidc method, the port that its role allows, and where people say yes."""

    mount: str
    port: int
    authorize: str


@pytest.fixture
def provider(wired: Wired) -> Provider:
    name, port = f"p-{wired.mount}", free_port()
    back = f"http://localhost:{port}/oidc/callback"
    must(wired.ask(f"identity/oidc/key/{name}", {"allowed_client_ids": "*"}))
    client = {"redirect_uris": back, "assignments": "allow_all", "key": name}
    must(wired.ask(f"identity/oidc/client/{name}", client))
    known = must(wired.ask(f"identity/oidc/client/{name}")).body["data"]
    house = {"allowed_client_ids": "*", "issuer": wired.server.address}
    must(wired.ask(f"identity/oidc/provider/{name}", house))
    below = f"{wired.server.address}/v1/identity/oidc/provider/{name}"
    mount = f"oidc-{wired.mount}"
    must(wired.ask(f"sys/auth/{mount}", {"type": "oidc"}))
    trusted = {"oidc_discovery_url": below, "oidc_client_id": known["client_id"]}
    secret = {"oidc_client_secret": known["client_secret"], "default_role": "people"}
    must(wired.ask(f"auth/{mount}/config", {**trusted, **secret}))
    role = {"role_type": "oidc", "user_claim": "sub", "allowed_redirect_uris": back}
    must(wired.ask(f"auth/{mount}/role/people", {**role, "token_ttl": "20m"}))
    return Provider(mount, port, f"{below}/authorize")


def browser(wired: Wired, home: Path, provider: Provider, *, denies: bool = False) -> str:
    """A program that a person's yes (or no) is played by."""
    token = person(wired, home, "ada", "default").environ["VAULT_TOKEN"]
    program = home / "browser"
    text = BROWSER.format(
        python=sys.executable,
        authorize=provider.authorize,
        token=token,
        seen=home / "seen",
        denies=denies,
    )
    program.write_text(text)
    program.chmod(0o755)
    return str(program)


def test_a_yes_in_the_browser_becomes_a_token(
    wired: Wired, provider: Provider, tmp_path: Path
) -> None:
    """Also after an answer with a wrong state; and the browser's arguments hold no state."""
    shell = operator(wired, tmp_path, BROWSER=browser(wired, tmp_path, provider))
    asked = ("login", "oidc", "--path", provider.mount, "--port", str(provider.port))
    done = shell.run(*asked)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "for 20 min" in done.stderr
    assert "log in at http" in done.stderr
    assert (tmp_path / ".vault-token").read_text()
    seen = tmp_path / "seen"
    until(lambda: seen.exists() and seen.read_text().endswith("]"))
    given, wrong, right = json.loads(seen.read_text())
    assert (wrong, right) == (400, 200)
    assert "state" not in given


def test_a_no_in_the_browser_is_one_clear_error(
    wired: Wired, provider: Provider, tmp_path: Path
) -> None:
    program = browser(wired, tmp_path, provider, denies=True)
    shell = operator(wired, tmp_path, BROWSER=program)
    asked = ("login", "oidc", "people", "--path", provider.mount, "--port", str(provider.port))
    done = shell.run(*asked)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "access_denied: not today" in done.stderr
    assert not (tmp_path / ".vault-token").exists()


def test_a_role_that_is_not_there_is_said_before_anything_opens(
    wired: Wired, provider: Provider, tmp_path: Path
) -> None:
    shell = operator(wired, tmp_path)
    asked = ("login", "oidc", "none", "--path", provider.mount, "--no-browser")
    done = shell.run(*asked, "--port", str(provider.port))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]


def test_ctrl_c_ends_the_wait(wired: Wired, provider: Provider, tmp_path: Path) -> None:
    asked = ("login", "oidc", "--path", provider.mount, "--port", str(provider.port))
    code, screen = at_terminal(
        operator(wired, tmp_path), *asked, "--no-browser", answers=[("log in at ", CTRL_C)]
    )
    assert code == 130, screen
    assert "Traceback" not in screen
    assert not (tmp_path / ".vault-token").exists()
