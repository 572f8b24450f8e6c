"""What an applied `[access.*]` really lets people do: logins of userpass, AppRole and JWT."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.support.people import PASSWORD, ROLE, declare, operator, root_shell
from tests.support.wired import Wired, must
from vaultaws.local.wire import ask
from vaultaws.model import Secret

SIGNER = ec.generate_private_key(ec.SECP256R1())


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(groups: list[str]) -> str:
    """A JWT of a person with these values of the groups claim (RFC 7515, ES256)."""
    now = int(time.time())
    claims = {"sub": "gil", "aud": "vaultaws", "groups": groups, "iat": now, "exp": now + 300}
    parts = [json.dumps(part).encode() for part in ({"alg": "ES256", "typ": "JWT"}, claims)]
    text = ".".join(map(encoded, parts))
    r, s = decode_dss_signature(SIGNER.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def capabilities(wired: Wired, token: str, role: str) -> list[str]:
    """What a token may do at creds/ROLE."""
    path = f"{wired.mount}/creds/{role}"
    answer = must(
        ask(
            wired.server.address,
            "/v1/sys/capabilities-self",
            token=Secret(token),
            method="POST",
            data={"paths": [path]},
        )
    )
    return sorted(answer.body["data"][path])


def log_in(wired: Wired, path: str, data: dict[str, str]) -> str:
    token: str = must(wired.ask(f"auth/{path}", data)).body["auth"]["client_token"]
    return token


@pytest.fixture
def logins(wired: Wired) -> dict[str, str]:
    """Auth methods of this mount's own, each with somebody in it."""
    paths = {method: f"{method}-{wired.mount}" for method in ("userpass", "approle", "jwt")}
    for method, path in paths.items():
        must(wired.ask(f"sys/auth/{path}", {"type": method}))
    for name in ("ada", "ben"):
        must(wired.ask(f"auth/{paths['userpass']}/users/{name}", {"password": PASSWORD}))
    must(wired.ask(f"auth/{paths['approle']}/role/ci", {"token_policies": "default"}))
    public = SIGNER.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    must(wired.ask(f"auth/{paths['jwt']}/config", {"jwt_validation_pubkeys": public.decode()}))
    role = {
        "role_type": "jwt",
        "user_claim": "sub",
        "groups_claim": "groups",
        "bound_audiences": "vaultaws",
    }
    must(wired.ask(f"auth/{paths['jwt']}/role/any", role))
    return paths


def test_those_who_are_named_may_issue_and_nobody_else(
    wired: Wired, tmp_path: Path, logins: dict[str, str]
) -> None:
    userpass, approle, jwt = logins["userpass"], logins["approle"], logins["jwt"]
    members = f'{{ {userpass} = ["Ada"], {approle} = ["ci"], {jwt} = ["eng"] }}'
    access = f"""
[access.readers]
roles = ["reader"]
members = {members}

[access.writers]
roles = ["writer"]
members = {{ {jwt} = ["eng", "ops"] }}
"""
    declare(wired, tmp_path, ROLE + ROLE.replace("roles.reader", "roles.writer"), access)
    shell = root_shell(wired, tmp_path)
    done = shell.run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    password = {"password": PASSWORD}
    ada = log_in(wired, f"{userpass}/login/ada", password)
    ben = log_in(wired, f"{userpass}/login/ben", password)
    zoe = log_in(wired, f"{jwt}/login", {"role": "any", "jwt": signed(["other"])})
    ids = {
        name: must(wired.ask(f"auth/{approle}/role/ci/{path}", data)).body["data"][name]
        for name, path, data in (("role_id", "role-id", None), ("secret_id", "secret-id", {}))
    }
    bot = log_in(wired, f"{approle}/login", ids)
    issue, nothing = ["read", "update"], ["deny"]
    assert [capabilities(wired, one, "reader") for one in (ada, bot, ben)] == [
        issue,
        issue,
        nothing,
    ]
    assert capabilities(wired, ada, "writer") == nothing
    assert capabilities(wired, zoe, "reader") == nothing
    gil = log_in(wired, f"{jwt}/login", {"role": "any", "jwt": signed(["eng"])})
    assert [capabilities(wired, gil, role) for role in ("reader", "writer")] == [issue, issue]
    assert "Nothing to change" in operator(wired, tmp_path).run("plan").stdout
    declare(wired, tmp_path, ROLE)
    assert shell.run("apply", "--yes").returncode == 0
    assert [capabilities(wired, one, "reader") for one in (ada, bot, gil)] == [nothing] * 3
    groups = wired.ask("identity/group/name", method="LIST").body.get("data", {}).get("keys", [])
    assert not [name for name in groups if wired.mount in name]


def test_the_group_of_others_and_unknown_people_are_refused(
    wired: Wired, tmp_path: Path, logins: dict[str, str]
) -> None:
    accessor = must(wired.ask("sys/auth")).body["data"][f"{logins['jwt']}/"]["accessor"]
    name = f"engineering-{wired.mount}"
    made = must(wired.ask("identity/group", {"name": name, "type": "external"}))
    alias = {"name": "Eng", "mount_accessor": accessor, "canonical_id": made.body["data"]["id"]}
    must(wired.ask("identity/group-alias", alias))
    access = f"""
[access.readers]
roles = ["reader"]
members = {{ {logins["jwt"]} = ["eng"], {logins["approle"]} = ["cd"], entities = ["nobody"] }}
"""
    declare(wired, tmp_path, ROLE, access)
    done = operator(wired, tmp_path).run("plan")
    assert done.returncode == 1
    assert f"leads to the group {name}" in done.stderr
    assert "has no role cd" in done.stderr
    assert "no identity entity is named nobody" in done.stderr
