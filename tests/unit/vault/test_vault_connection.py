"""The settings of the Vault and OpenBao CLIs, from flags, environment and home directory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from vaultaws.errors import LocalStateError, UsageError
from vaultaws.model import Secret
from vaultaws.vault import keep
from vaultaws.vault.connection import ConnectionFlags, ConnectionSettings, resolve


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def settle(home: Path | None, environ: dict[str, str], **flags: Any) -> ConnectionSettings:
    return resolve(ConnectionFlags(**flags), environ, home)


def test_with_nothing_set_the_defaults_hold(home: Path) -> None:
    assert settle(home, {}) == ConnectionSettings()
    assert settle(None, {}) == ConnectionSettings()


def test_everything_set(home: Path) -> None:
    pem = home / "any.pem"
    pem.write_text("x")
    environ = {
        "VAULT_ADDR": "https://vault.example.test:8200/",
        "VAULT_TOKEN": "t1",
        "VAULT_NAMESPACE": "/team/a/",
        "VAULT_CACERT": str(pem),
        "VAULT_CAPATH": str(home),
        "VAULT_CACERT_BYTES": "bytes",
        "VAULT_CLIENT_CERT": str(pem),
        "VAULT_CLIENT_KEY": str(pem),
        "VAULT_SKIP_VERIFY": "true",
        "VAULT_TLS_SERVER_NAME": "vault",
        "VAULT_CLIENT_TIMEOUT": "1m30s",
        "VAULT_MAX_RETRIES": "0",
        "VAULT_PROXY_ADDR": "http://proxy.example.test:3128",
    }
    settled = settle(home, environ)
    assert settled.address == "https://vault.example.test:8200"
    assert settled.token == Secret("t1")
    assert settled.namespace == "team/a"
    assert settled.timeout_seconds == 90
    assert settled.max_retries == 0
    assert settled.proxy == "http://proxy.example.test:3128"
    tls = settled.tls
    assert (tls.ca_file, tls.ca_path, tls.ca_bytes) == (str(pem), str(home), "bytes")
    assert (tls.client_cert, tls.client_key, tls.server_name) == (str(pem), str(pem), "vault")
    assert not tls.verify


def test_openbao_names_come_first_and_flags_before_them(home: Path) -> None:
    environ = {"VAULT_ADDR": "http://v:1", "BAO_ADDR": "http://b:1"}
    environ |= {"VAULT_TOKEN": "v", "BAO_TOKEN": ""}
    assert settle(home, environ).address == "http://b:1"
    assert settle(home, environ).token == Secret("v")
    flagged = settle(home, environ, address="http://f:1", token=Secret("f"))
    assert (flagged.address, flagged.token) == ("http://f:1", Secret("f"))


def test_an_agent_comes_before_the_server_but_not_before_a_flag(home: Path) -> None:
    environ = {"VAULT_ADDR": "http://v:1", "VAULT_AGENT_ADDR": "unix:///run/agent.sock"}
    settled = settle(home, environ)
    assert settled.unix_socket == "/run/agent.sock"
    assert settle(home, environ, address="http://f:1").address == "http://f:1"
    assert settle(home, environ, agent_address="http://a:1").address == "http://a:1"


@pytest.mark.parametrize(
    "address",
    [
        "vault.example.test:8200",
        "localhost",
        "ftp://h",
        "http://",
        "http://h:port",
        "http://h:99999",
        "http://u:secret@h",
        "http://h/?q",
        "http://h h",
        "http://[::1",
        "unix://relative",
        "unix:relative",
        "http://h\x00",
    ],
)
def test_a_bad_address_names_its_variable_and_not_its_value(home: Path, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        settle(home, {"BAO_ADDR": address})
    assert "BAO_ADDR" in caught.value.what
    assert "secret" not in f"{caught.value.what}{caught.value.why}{caught.value.do}"
    with pytest.raises(UsageError, match="--address"):
        settle(home, {}, address=address)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VAULT_SKIP_VERIFY", "yes"),
        ("VAULT_CLIENT_TIMEOUT", "soon"),
        ("BAO_CLIENT_TIMEOUT", "-1s"),
        ("VAULT_MAX_RETRIES", "two"),
        ("VAULT_MAX_RETRIES", "-1"),
        ("VAULT_MAX_RETRIES", "1000"),
        ("VAULT_CACERT", "/no/such/file"),
        ("VAULT_CAPATH", "/no/such/folder"),
        ("VAULT_NAMESPACE", "a\nb"),
        ("VAULT_PROXY_ADDR", "http://"),
        ("VAULT_HTTP_PROXY", "gopher://p"),
        ("VAULT_PROXY_ADDR", "http://p:port"),
        ("HTTPS_PROXY", "gopher://p"),
        ("VAULT_CONFIG_PATH", "/no/such/config"),
    ],
)
def test_a_bad_value_names_its_variable(home: Path, variable: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        settle(home, {"VAULT_ADDR": "https://vault.example.test", variable: value})
    told = f"{caught.value.what} {caught.value.why} {caught.value.do}"
    assert variable in told


@pytest.mark.parametrize(("one", "other"), [("CERT", "KEY"), ("KEY", "CERT")])
def test_a_client_certificate_needs_its_key(home: Path, one: str, other: str) -> None:
    pem = home / "x.pem"
    pem.write_text("x")
    with pytest.raises(UsageError, match=f"without VAULT_CLIENT_{other}"):
        settle(home, {f"VAULT_CLIENT_{one}": str(pem)})


def test_a_timeout_of_zero_is_the_default(home: Path) -> None:
    assert settle(home, {"VAULT_CLIENT_TIMEOUT": "0"}).timeout_seconds == 60


class TestToken:
    def test_the_file_is_read_last(self, home: Path) -> None:
        (home / ".vault-token").write_text("from-file\n")
        assert settle(home, {}).token == Secret("from-file")
        assert settle(home, {"VAULT_TOKEN": "t"}).token == Secret("t")

    def test_an_empty_file_is_no_token(self, home: Path) -> None:
        (home / ".vault-token").write_text("\n")
        assert settle(home, {}).token is None

    def test_the_helper_comes_before_the_file(self, home: Path) -> None:
        (home / ".vault-token").write_text("from-file")
        self.helper(home, 'print("from-" + "-".join(sys.argv[1:]))')
        assert settle(home, {}).token == Secret("from-get")
        assert settle(home, {"VAULT_TOKEN": "t"}).token == Secret("t")

    def test_a_helper_without_a_token_gives_none(self, home: Path) -> None:
        (home / ".vault-token").write_text("from-file")
        self.helper(home, "pass")
        assert settle(home, {}).token is None

    def test_another_settings_file_may_be_named(self, home: Path) -> None:
        self.helper(home, 'print("elsewhere")', config="elsewhere.hcl")
        environ = {"VAULT_CONFIG_PATH": str(home / "elsewhere.hcl")}
        assert settle(home, environ).token == Secret("elsewhere")

    @pytest.mark.parametrize(
        ("program", "phrase"),
        [
            ("sys.exit(3)", "exit code 3"),
            ('sys.exit("the secret is x")', "exit code 1"),
            ('print("two words")', "is not a token"),
            (r'sys.stdout.buffer.write(b"\xff\xfe")', "is not a token"),
        ],
    )
    def test_a_broken_helper_is_named(self, home: Path, program: str, phrase: str) -> None:
        self.helper(home, program)
        with pytest.raises(UsageError) as caught:
            settle(home, {})
        told = f"{caught.value.what} {caught.value.why}"
        assert phrase in told
        assert "the secret is x" not in told

    def test_a_missing_helper_is_named(self, home: Path) -> None:
        (home / ".vault").write_text('token_helper = "/no/such/helper"\n')
        with pytest.raises(UsageError, match="/no/such/helper"):
            settle(home, {})

    @pytest.mark.parametrize("line", ["token_helper = /usr/bin/x", 'token_helper = "unclosed'])
    def test_a_line_that_cannot_be_read_is_an_error(self, home: Path, line: str) -> None:
        (home / ".vault").write_text(line)
        with pytest.raises(UsageError, match="token_helper line"):
            settle(home, {})

    def test_other_settings_and_comments_do_not_matter(self, home: Path) -> None:
        (home / ".vault").write_text('# token_helper = "/no"\nother = "x"\n')
        assert settle(home, {}).token is None

    def test_a_directory_in_the_files_place_is_ignored(self, home: Path) -> None:
        (home / ".vault").mkdir()
        (home / ".vault-token").mkdir()
        assert settle(home, {}).token is None

    def test_a_file_that_is_no_text_is_an_error(self, home: Path) -> None:
        (home / ".vault-token").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(UsageError, match="cannot be read"):
            settle(home, {})

    @pytest.mark.parametrize("token", ["a b", "a\x1bb", "naïve"])
    def test_what_cannot_be_a_token_is_not_shown(self, home: Path, token: str) -> None:
        with pytest.raises(UsageError) as caught:
            settle(home, {"VAULT_TOKEN": token})
        assert token not in f"{caught.value.what}{caught.value.why}{caught.value.do}"

    def test_a_token_is_kept_for_its_owner_alone(self, home: Path) -> None:
        assert keep.keep(Secret("t1"), {}, home) == str(home / ".vault-token")
        assert keep.keep(Secret("t2"), {}, home) == str(home / ".vault-token")
        assert (home / ".vault-token").stat().st_mode & 0o777 == 0o600
        assert settle(home, {}).token == Secret("t2")
        assert [path.name for path in home.iterdir()] == [".vault-token"]

    def test_a_token_that_cannot_be_kept_is_an_error(self, home: Path) -> None:
        (home / ".vault-token").mkdir()
        with pytest.raises(LocalStateError):
            keep.keep(Secret("t"), {}, home)
        assert [path.name for path in home.iterdir()] == [".vault-token"]

    def test_a_helper_keeps(self, home: Path) -> None:
        note = home / "note"
        self.helper(home, f'open({str(note)!r}, "a").write(sys.argv[1] + sys.stdin.read() + ";")')
        assert "helper" in keep.keep(Secret("t"), {}, home)
        assert note.read_text() == "storet;"
        assert not (home / ".vault-token").exists()

    def helper(self, home: Path, program: str, config: str = ".vault") -> None:
        script = home / "helper.py"
        script.write_text(f"import sys\n{program}\n")
        (home / config).write_text(f'token_helper = "{sys.executable} {script}"\n')


class TestProxy:
    def proxy(
        self, environ: dict[str, str], address: str = "https://vault.example.test:8200"
    ) -> str:
        return settle(None, {"VAULT_ADDR": address} | environ).proxy

    def test_the_scheme_chooses_the_variable(self) -> None:
        environ = {"HTTPS_PROXY": "http://s:1", "HTTP_PROXY": "h:2"}
        assert self.proxy(environ) == "http://s:1"
        assert self.proxy(environ, "http://vault.example.test") == "http://h:2"
        assert self.proxy({"https_proxy": "http://small:1"} | environ) == "http://small:1"

    def test_vaults_own_proxy_wins_over_no_proxy(self) -> None:
        environ = {"NO_PROXY": "*", "VAULT_PROXY_ADDR": "http://own:1"}
        environ["VAULT_HTTP_PROXY"] = "http://o:2"
        assert self.proxy(environ) == "http://own:1"
        assert self.proxy({"VAULT_HTTP_PROXY": "http://o:2"}) == "http://o:2"

    @pytest.mark.parametrize(
        ("listed", "bypassed"),
        [
            ("*", True),
            ("example.test", True),
            (".example.test", True),
            ("*.example.test", True),
            ("vault.example.test:8200", True),
            ("vault.example.test:443", False),
            ("ample.test", False),
            (" other , vault.example.test ", True),
            ("10.0.0.0/8", False),
            ("", False),
        ],
    )
    def test_no_proxy(self, listed: str, bypassed: bool) -> None:
        found = self.proxy({"HTTPS_PROXY": "http://p:1", "NO_PROXY": listed})
        assert (found == "") is bypassed

    @pytest.mark.parametrize(
        "address",
        ["https://localhost:1", "https://127.0.0.1:1", "https://[::1]:1", "https://10.1.2.3", "unix:///a"],
    )  # fmt: skip
    def test_near_addresses_are_reached_directly(self, address: str) -> None:
        environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}
        assert self.proxy(environ, address) == ""
