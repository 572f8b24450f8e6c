"""TLS as a private authority, a wrong name, a client certificate and a careless person make it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.certificates import Authority
from tests.support.stage import Reply, Stage
from vaultaws.errors import UsageError, VaultStandbyError, VaultUnreachableError
from vaultaws.model import Secret
from vaultaws.vault.connection import ConnectionSettings, Tls
from vaultaws.vault.gateway import HvacVault
from vaultaws.vault.pools import tls_context

Open = Callable[..., Stage]
ROLES = Reply(200, {"data": {"keys": ["a"]}})


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def ask(address: str, **tls: Any) -> list[str]:
    settings = ConnectionSettings(
        address=address, token=Secret("t"), tls=Tls(**tls), timeout_seconds=10, max_retries=0
    )
    with HvacVault(settings) as vault:
        return vault.list_roles("aws")


def test_a_private_authority_is_trusted_by_file_directory_or_text(
    stage: Open, authority: Authority, tmp_path: Path
) -> None:
    address = stage(ROLES, authority.server()).address
    assert ask(address, ca_file=str(authority.root)) == ["a"]
    assert ask(address, ca_bytes=authority.root.read_text()) == ["a"]
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "ours.pem").write_bytes(authority.root.read_bytes())
    assert ask(address, ca_path=str(folder)) == ["a"]


def test_an_empty_directory_trusts_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    assert tls_context(Tls(ca_path=str(folder))).get_ca_certs() == []
    assert tls_context(Tls()).get_ca_certs() != []


def test_an_unknown_authority_is_refused_with_the_remedy(stage: Open, authority: Authority) -> None:
    address = stage(ROLES, authority.server()).address
    with pytest.raises(VaultUnreachableError) as caught:
        ask(address)
    assert "authority" in caught.value.why
    assert "VAULT_CACERT" in caught.value.do


def test_a_named_authority_is_trusted_alone(
    stage: Open, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    with pytest.raises(VaultUnreachableError, match="no TLS"):
        ask(stage(ROLES, authority.server()).address, ca_file=str(other.root))


def test_another_name_in_the_certificate(stage: Open, authority: Authority) -> None:
    address = stage(ROLES, authority.server(host="vault.example.test")).address
    root = str(authority.root)
    with pytest.raises(VaultUnreachableError) as caught:
        ask(address, ca_file=root)
    assert "another name" in caught.value.why
    assert "VAULT_TLS_SERVER_NAME" in caught.value.do
    assert ask(address, ca_file=root, server_name="vault.example.test") == ["a"]


def test_an_expired_certificate(stage: Open, authority: Authority) -> None:
    address = stage(ROLES, authority.server(days=-1)).address
    with pytest.raises(VaultUnreachableError) as caught:
        ask(address, ca_file=str(authority.root))
    assert "expired" in caught.value.why


def test_skipping_verification_skips_it_all(stage: Open, authority: Authority) -> None:
    address = stage(ROLES, authority.server(host="other.example.test", days=-1)).address
    assert ask(address, verify=False) == ["a"]


def test_a_server_that_wants_our_certificate(
    stage: Open, authority: Authority, tmp_path: Path
) -> None:
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.root)
    address = stage(ROLES, context).address
    pair = authority.issue("client", names=[x509.DNSName("client.example.test")])
    root = str(authority.root)
    shown = {"client_cert": str(pair.certificate), "client_key": str(pair.key)}
    assert ask(address, ca_file=root, **shown) == ["a"]
    with pytest.raises(VaultUnreachableError):
        ask(address, ca_file=root)


def test_a_locked_key_is_refused_without_asking(authority: Authority) -> None:
    pair = authority.issue("locked", names=[], password=b"pw")
    with pytest.raises(UsageError) as caught:
        ask(
            "https://127.0.0.1:1",
            ca_file=str(authority.root),
            client_cert=str(pair.certificate),
            client_key=str(pair.key),
        )
    assert "VAULT_CLIENT_CERT" in caught.value.do


@pytest.mark.parametrize("text", ["not a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_an_unusable_authority_names_its_variable(tmp_path: Path, text: str) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text(text)
    for tls in ({"ca_file": str(broken)}, {"ca_bytes": text}):
        with pytest.raises(UsageError) as caught:
            ask("https://127.0.0.1:1", **tls)
        assert "VAULT_CACERT" in caught.value.do


def test_https_spoken_to_a_plain_server(stage: Open) -> None:
    address = stage(ROLES).address.replace("http:", "https:")
    with pytest.raises(VaultUnreachableError) as caught:
        ask(address)
    assert "plain http" in caught.value.why
    assert "VAULT_ADDR to http://127.0.0.1" in caught.value.do


def test_the_token_does_not_go_from_https_to_http(stage: Open, authority: Authority) -> None:
    plain = stage(ROLES)
    sent_away = Reply(307, b"", {"Location": f"{plain.address}/v1/aws/roles"})
    address = stage(sent_away, authority.server()).address
    with pytest.raises(VaultStandbyError, match="sends us elsewhere"):
        ask(address, ca_file=str(authority.root))
    assert plain.seen == []
