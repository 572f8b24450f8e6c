"""The short way names and prints the very set that the long way would, or leaves it to that."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import event, example, given
from hypothesis import strategies as st

from tests.support.kept import cache_at, entry
from vaultaws.cache.entry import Entry
from vaultaws.cache.files import Files
from vaultaws.cache.life import this_moment
from vaultaws.cache.looking import look_up
from vaultaws.cli.creds import command
from vaultaws.handoff.formats import FORMATS
from vaultaws.handoff.kept import words_of
from vaultaws.handoff.quick import Question, question_of
from vaultaws.handoff.quickserver import plain_address
from vaultaws.model import Secret

DEAF = "http://127.0.0.1:1"
"""Nothing listens there: the long way finds the set under the same name, or fails."""
NAMES = st.sampled_from(["reader", "a b", "é", "role/x", "=", "x" * 90])
SPANS = st.sampled_from(["15m", "900", " 1H ", "1h30m", "0", "15 m", "1d", "٣", "m", "1e3", "007"])
ADDRESSES = st.sampled_from([DEAF, DEAF + "/", DEAF + "/v1", "http://localhost:1", "127.0.0.1:1"])
VALUES = {
    "--ttl": SPANS,
    "--format": st.sampled_from([*FORMATS, "ENV", "csv"]),
    "--mount": st.sampled_from(["aws", "aws/", "team/aws", "-"]),
    "--role-arn": st.sampled_from(["arn:aws:iam::123456789012:role/x", "a=b"]),
    "--session-name": NAMES,
    "--via": st.sampled_from(["creds", "sts", "STS"]),
    "--region": st.sampled_from(["eu-west-2", "us-east-1"]),
    "--audit-log": st.just("audit.log"),
    "--wait": SPANS,
    "--address": ADDRESSES,
    "--namespace": st.sampled_from(["team", "/team/", " team ", "te\u0007am"]),
    "--ca-cert": st.sampled_from(["/dev/null", "/nowhere"]),
    "--client-cert": st.just("/dev/null"),
    "--client-key": st.just("/dev/null"),
    "--tls-server-name": st.just("vault"),
}
VARIABLES = {
    "VAULT_ADDR": ADDRESSES,
    "BAO_ADDR": ADDRESSES,
    "VAULT_AGENT_ADDR": st.just(DEAF),
    "VAULT_TOKEN": st.sampled_from(["hvs.one", " hvs.two\n", "two words", " ", "é"]),
    "BAO_TOKEN": st.just("s.three"),
    "VAULT_NAMESPACE": st.sampled_from(["env", ""]),
    "VAULTAWS_MOUNT": st.sampled_from(["other", ""]),
    "VAULT_SKIP_VERIFY": st.sampled_from(["true", "0", "yes"]),
    "VAULT_CLIENT_TIMEOUT": st.sampled_from(["5", "5s", "1m30s", "-1", "x"]),
    "VAULT_MAX_RETRIES": st.sampled_from(["0", "100", "101", "x"]),
    "VAULT_CACERT": st.sampled_from(["/dev/null", "/nowhere"]),
    "VAULT_PROXY_ADDR": st.sampled_from(["proxy:3128", "http://proxy:3128/", "http://", "a b"]),
    "http_proxy": st.sampled_from(["proxy:3128", "ftp://x", "http://proxy:99999"]),
    "VAULT_CONFIG_PATH": st.just("/nowhere"),
}


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """Command lines that are mostly plain, and sometimes not."""
    words = [[draw(NAMES)]] if draw(st.integers(0, 9)) else []
    for name in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=5)):
        value = draw(VALUES[name])
        words.append([f"{name}={value}"] if draw(st.booleans()) else [name, value])
    rare = ["--no-wait", "--tls-skip-verify", "--no-cache", "--policy=x", "--", "-h", "more"]
    words += [[word] for word in draw(st.lists(st.sampled_from(rare), max_size=1))]
    return ["creds", *(word for group in draw(st.permutations(words)) for word in group)]


@st.composite
def environments(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(VARIABLES)), max_size=4, unique=True))
    found = {"VAULT_ADDR": DEAF, "VAULT_TOKEN": "hvs.one"} if draw(st.booleans()) else {}
    return {**found, **{name: draw(VARIABLES[name]) for name in names}}


def texts() -> st.SearchStrategy[str]:
    plain = st.text("abcXYZ019+/=:-_.", min_size=1, max_size=12)
    return plain | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / ".vault-token").write_text("hvs.kept\n")
        yield Path(directory)


def settle(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "VAULTAWS_CACHE": "file",
        "VAULT_MAX_RETRIES": "0",
        **environ,
    }


def keep(home: Path, key: str, made: Entry) -> Files:
    """Put a set where both ways look."""
    files = Files(str(home / "state" / "vaultaws" / "cache"))
    cache_at(home, files, this_moment).obtain(key, lambda: made)
    return files


def lively(**other: object) -> Entry:
    now = time.time()
    return entry(issued_at=now - 1, expires_at=now + 900, **other)


def long_way(arguments: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    foreign = {name: None for name in os.environ if name.lower().endswith("_proxy")}
    done = CliRunner().invoke(command, arguments[1:], env={**foreign, **environ})
    return done.exit_code, done.stdout


@example(["creds", "reader"], {"VAULT_ADDR": DEAF})
@example(["creds", "reader", "--ttl", "15m", "--format=json"], {"VAULT_ADDR": DEAF})
@given(command_lines(), environments())
def test_both_ways_name_the_same_set_or_the_short_one_leaves_it(
    home: Path, arguments: list[str], chosen: dict[str, str]
) -> None:
    environ = settle(home, chosen)
    question = question_of(arguments, environ)
    event("left to the long way" if question is None else "named")
    if question is None:
        return
    files = keep(home, question.key, lively())
    fields = look_up(files, question.key, this_moment())
    assert fields is not None
    words = words_of(fields, question.form)
    assert long_way(arguments, environ) == (0, f"{words}\n")
    files.delete(question.key)


@given(
    st.sampled_from(FORMATS),
    st.tuples(texts(), texts(), st.none() | texts(), texts(), texts() | st.just("")),
    st.tuples(st.booleans(), st.booleans()),
)
def test_both_ways_print_the_same_bytes(
    home: Path,
    form: str,
    values: tuple[str, str, str | None, str, str],
    ends: tuple[bool, bool],
) -> None:
    key, secret, token, lease, arn = values
    arguments = ["creds", "reader", "--format", form]
    environ = settle(home, {"VAULT_ADDR": DEAF})
    question = question_of(arguments, environ)
    assert question is not None
    made = lively(
        access_key_id=key,
        secret_access_key=Secret(secret),
        session_token=Secret(token) if token is not None else None,
        lease_id=lease,
        arn=arn,
        notes=("a note · é",),
        extra={
            "lease_ends": "2026-11-18T12:15:00Z" if ends[0] else "",
            "token_ends": "2026-11-18T12:15:01Z" if ends[1] else "",
        },
    )
    files = keep(home, question.key, made)
    words = words_of(look_up(files, question.key, this_moment()) or {}, form)
    event("printed" if words is not None else "left to the long way")
    if words is not None:
        assert long_way(arguments, environ) == (0, f"{words}\n")
    files.delete(question.key)


@given(st.text("htps:/[]@.a1 :?#", max_size=24))
def test_an_address_that_is_plain_is_the_long_ways(text: str) -> None:
    from vaultaws.vault.connection import check_address

    found = plain_address(text)
    assert not found or check_address(text, "test") == found


def question(*words: str, home: Path, **environ: str) -> Question | None:
    plain = {"VAULT_ADDR": DEAF, "VAULT_TOKEN": "hvs.one"}
    return question_of(["creds", *words], settle(home, {**plain, **environ}))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("reader", "other"),
        ("reader", "--ttl"),
        ("reader", "--ttl", "15m", "--ttl", "16m"),
        ("reader", "--mount", ""),
        ("reader", "--role-arn", "-x"),
        ("reader", "--no-cache"),
        ("reader", "--policy", "p.json"),
        ("reader", "--help"),
        ("reader", "--format", "csv"),
        ("--", "reader"),
    ],
)
def test_what_is_not_plain_is_left_to_the_long_way(words: tuple[str, ...], home: Path) -> None:
    assert question(*words, home=home) is None


def test_the_same_wish_in_other_words_is_the_same_set(home: Path) -> None:
    def name(*words: str, **environ: str) -> str:
        found = question(*words, home=home, **environ)
        assert found is not None
        return found.key

    assert name("reader", "--ttl", "15m") == name("--ttl=900", "reader", "--format", "fish")
    assert name("reader") == name("reader", "--mount", "aws", VAULT_ADDR=DEAF + "/")
    assert name("reader", "--region", "a", "--region", "b") == name(
        "reader", "--region", "b", "--region", "a"
    )
    different = [
        name("reader"),
        name("other"),
        name("reader", "--ttl", "15m"),
        name("reader", "--mount", "other"),
        name("reader", "--namespace", "team"),
        name("reader", "--role-arn", "arn"),
        name("reader", "--session-name", "arn"),
        name("reader", "--via", "sts"),
        name("reader", "--no-wait"),
        name("reader", "--region", "eu-west-2"),
        name("reader", VAULT_TOKEN="hvs.two"),
        name("reader", VAULT_ADDR="http://127.0.0.1:2"),
    ]
    assert len(set(different)) == len(different)


def test_a_token_helper_is_left_to_the_long_way(tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text("hvs.kept")
    environ = settle(tmp_path, {"VAULT_ADDR": DEAF})
    assert question_of(["creds", "reader"], environ) is not None
    (tmp_path / ".vault").mkdir()
    assert question_of(["creds", "reader"], environ) is not None
    (tmp_path / ".vault").rmdir()
    (tmp_path / ".vault").write_text('token_helper = "/bin/helper"')
    assert question_of(["creds", "reader"], environ) is None
