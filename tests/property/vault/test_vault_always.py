"""What must always hold of decoding, durations, settings and errors, whatever comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultaws.errors import UsageError, VaultError
from vaultaws.model import CredentialType, Role, RootConfig, Secret, StaticRole
from vaultaws.vault import decode, decode_access, encode, retry
from vaultaws.vault.connection import ConnectionFlags, resolve
from vaultaws.vault.durations import parse_duration
from vaultaws.vault.errors import Refusal, TokenState, clean, sentences_of, to_error

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "accessor",
    "access_key",
    "alias",
    "aliases",
    "config",
    "credential_type",
    "data",
    "default_sts_ttl",
    "enterprise",
    "expiration",
    "expire_time",
    "iam_tags",
    "id",
    "initialized",
    "keys",
    "lease_duration",
    "lease_id",
    "metadata",
    "mount_accessor",
    "name",
    "policies",
    "policy_arns",
    "policy_document",
    "renewable",
    "rotation_period",
    "secret_key",
    "ttl",
    "type",
    "username",
    "version",
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS) | st.text(), JSON, max_size=8)
ASKED = datetime(2026, 11, 21, tzinfo=UTC)
NAMES = st.text(min_size=1, max_size=8)
SPANS = st.integers(0, 10**6)
PAIRS = st.dictionaries(st.text(), st.text(), max_size=4).map(
    lambda tags: tuple(sorted(tags.items()))
)
LISTS = st.lists(NAMES, max_size=3).map(tuple)
ROOTS = st.builds(
    RootConfig,
    **dict.fromkeys(
        (
            "access_key_id",
            "region",
            "iam_endpoint",
            "sts_endpoint",
            "sts_region",
            "username_template",
            "role_arn",
            "identity_token_audience",
            "rotation_schedule",
        ),
        st.text(max_size=8),
    ),
    **dict.fromkeys(("sts_fallback_endpoints", "sts_fallback_regions"), LISTS),
    **dict.fromkeys(
        ("identity_token_ttl_seconds", "rotation_period_seconds", "rotation_window_seconds"), SPANS
    ),
    max_retries=st.integers(-1, 9),
    disable_automated_rotation=st.booleans(),
)
STATIC_ROLES = st.builds(
    StaticRole,
    name=NAMES,
    username=NAMES,
    rotation_period_seconds=SPANS,
    assume_role_arn=st.text(max_size=8),
    assume_role_session_name=st.text(max_size=8),
    external_id=st.text(max_size=8),
)
DECODERS: dict[str, Callable[[Any], object]] = {
    "health": decode.health,
    "token": decode.token_info,
    "mounts": decode.mounts,
    "root": decode.root_config,
    "lease config": decode.lease_config,
    "role": lambda data: decode.role("r", data),
    "lease": decode.lease,
    "issued": lambda data: decode.issued(data, role_name="r", asked_at=ASKED),
    "keys": decode.keys,
    "static role": lambda data: decode.static_role("r", data),
    "static key": decode.static_key,
    "audit devices": decode_access.audit_devices,
    "auth mounts": decode_access.auth_mounts,
    "entity": decode_access.entity,
    "group": decode_access.group,
    "group alias": decode_access.group_alias_id,
}


@pytest.mark.parametrize("name", DECODERS)
@given(data=OBJECTS)
def test_an_answer_is_decoded_or_refused_and_nothing_else(name: str, data: dict[str, Any]) -> None:
    try:
        DECODERS[name](data)
    except VaultError as error:
        assert error.what  # noqa: PT017  (any other exception fails the test by itself)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-14 * 60, 14 * 60), st.integers(0, 999))
def test_a_time_is_read_in_any_zone_with_any_nanoseconds(
    moment: datetime, minutes: int, nanoseconds: int
) -> None:
    zone = timezone(timedelta(minutes=minutes))
    if not 2 < moment.year < 9998:
        return
    local = moment.astimezone(zone)
    text = f"{local:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}{nanoseconds:03}{local:%z}"
    text = f"{text[:-2]}:{text[-2:]}".rjust(35, "0")
    assert decode.parse_time(text) == moment


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59))
def test_go_durations_are_read_back(hours: int, minutes: int, seconds: int) -> None:
    total = hours * 3600 + minutes * 60 + seconds
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == total
    assert parse_duration(str(total)) == total


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert isinstance(seconds, float)


@given(
    st.builds(
        Role,
        name=NAMES,
        credential_type=st.sampled_from(CredentialType),
        policy_document=st.none() | st.dictionaries(st.text(), st.text() | st.integers()),
        policy_arns=LISTS,
        role_arns=LISTS,
        iam_groups=LISTS,
        iam_tags=PAIRS,
        session_tags=PAIRS,
        external_id=st.text(),
        mfa_serial_number=st.text(),
        default_sts_ttl_seconds=st.integers(0, 10**6),
        max_sts_ttl_seconds=st.integers(0, 10**6),
        user_path=st.text(),
        permissions_boundary_arn=st.text(),
    )
)
def test_a_role_survives_the_way_there_and_back(role: Role) -> None:
    assert decode.role(role.name, encode.role_fields(role)) == role


@given(OBJECTS, ROOTS, st.booleans())
def test_a_root_write_loses_no_field_that_has_no_name_here(
    stored: dict[str, Any], root: RootConfig, keyed: bool
) -> None:
    body = encode.root_fields(stored, root, Secret("s") if keyed else None)
    named = encode.root_fields(dict.fromkeys(stored), root, None)
    for key, value in stored.items():
        if key not in {"access_key", "secret_key", *named} and value is not None:
            assert body[key] is value
    assert ("secret_key" in body) == (keyed or stored.get("secret_key") is not None)
    assert not keyed or body["access_key"] == root.access_key_id


@given(ROOTS, ROOTS)
def test_a_root_write_leaves_what_was_declared(before: RootConfig, after: RootConfig) -> None:
    """The engine of Vault 1.19: what a write does not say stays, the template aside."""
    stored = encode.root_fields({}, before, Secret("s"))
    body = encode.root_fields(stored, after, Secret("s"))
    assert decode.root_config({**stored, **body}) == after


@given(STATIC_ROLES)
def test_a_static_role_survives_the_way_there_and_back(role: StaticRole) -> None:
    assert decode.static_role(role.name, encode.static_role_fields(role)) == role


@given(
    st.dictionaries(
        st.sampled_from(
            [
                f"{product}_{name}"
                for product in ("VAULT", "BAO")
                for name in (
                    "ADDR",
                    "AGENT_ADDR",
                    "NAMESPACE",
                    "SKIP_VERIFY",
                    "CLIENT_TIMEOUT",
                    "MAX_RETRIES",
                    "PROXY_ADDR",
                    "TOKEN",
                    "TLS_SERVER_NAME",
                )
            ]
            + ["HTTPS_PROXY", "NO_PROXY"]
        ),
        st.text() | st.sampled_from(["http://h:1", "https://h", "true", "10s", "3"]),
    )
)
def test_any_environment_is_settled_or_refused(environ: dict[str, str]) -> None:
    try:
        settled = resolve(ConnectionFlags(), environ, None)
    except UsageError as error:
        named = f"{error.what} {error.why} {error.do}"
        assert any(name in named for name in environ) or "token" in named
        return
    assert settled.address.startswith(("http://", "https://", "unix:///"))
    assert settled.timeout_seconds > 0
    assert 0 <= settled.max_retries <= 100


@given(
    flag=st.none() | st.just("http://flag:1"),
    bao=st.sampled_from(["", "http://bao:1"]),
    vault=st.sampled_from(["", "http://vault:1"]),
)
def test_flag_before_bao_before_vault_before_default(
    flag: str | None, bao: str, vault: str
) -> None:
    environ = {"BAO_ADDR": bao, "VAULT_ADDR": vault}
    settled = resolve(ConnectionFlags(address=flag), environ, None)
    assert settled.address == (flag or bao or vault or "https://127.0.0.1:8200")


@given(st.text(), st.text(min_size=6), st.text())
def test_a_cleaned_sentence_is_one_short_line_without_the_secret(
    before: str, secret: str, after: str
) -> None:
    line = clean(f"{before}{secret}{after}", [secret])
    assert line.isprintable()
    assert len(line) <= 300
    assert secret not in line or secret in f"{before}•••{after}"


@given(
    st.integers(300, 599),
    st.sampled_from(["GET", "LIST", "PUT", "DELETE"]),
    JSON,
    st.sampled_from(TokenState),
)
def test_every_refusal_has_three_lines(
    status: int, method: str, body: Any, token: TokenState
) -> None:
    refusal = Refusal(status, method, "aws/roles/r", "http://h", sentences_of(body, []))
    error = to_error(refusal, token)
    assert error.what
    assert error.why
    assert error.do
    assert error.exit_code == 2


@given(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]), st.lists(NAMES))
def test_what_mints_or_writes_is_never_repeated(method: str, parts: list[str]) -> None:
    for word in ("creds", "sts"):
        assert not retry.may_repeat(method, "/".join([*parts, word, "role"]))
    if method in {"POST", "PUT", "DELETE"}:
        assert not retry.may_repeat(method, "/".join(parts))
    assert retry.may_repeat("LIST", "/".join([*parts, "creds", "role"]))


@given(st.integers(1, 200), st.none() | st.floats(0, 1e9), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_bounded(attempt: int, after: float | None, chance: float) -> None:
    assert 0 < retry.pause_seconds(attempt, after, chance) <= 5
