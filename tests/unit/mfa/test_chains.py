"""From a profile or a role to the key it begins at."""

from __future__ import annotations

import pytest

from vaultaws.errors import ConfigError
from vaultaws.mfa.assume import capped
from vaultaws.mfa.chains import FROM_ENVIRONMENT, MOST_HOPS, Chain, chain_to
from vaultaws.mfa.profiles import Book

ROLE = "arn:aws:iam::123456789012:role/"
SERIAL = "arn:aws:iam::123456789012:mfa/ada"
KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}


def role(name: str, source: str = "base", **more: str) -> dict[str, str]:
    return {"role_arn": ROLE + name, "source_profile": source, **more}


def arns(chain: Chain) -> list[str]:
    return [hop.arn.removeprefix(ROLE) for hop in chain.hops]


def test_a_profile_says_all_of_its_role() -> None:
    profile = role(
        "Ops",
        mfa_serial=SERIAL,
        external_id="x",
        role_session_name="me",
        duration_seconds="7200",
        region="eu-west-2",
        mfa_process="oath",
    )
    chain = chain_to(Book({"base": KEYS}, {"ops": profile}), "ops", "default")
    hop = chain.last
    assert (chain.base, chain.serial, chain.region) == ("base", SERIAL, "eu-west-2")
    assert (hop.external_id, hop.session_name, hop.seconds) == ("x", "me", 7200)
    assert chain.process == "oath"


def test_a_chain_is_told_from_its_base() -> None:
    config = {"a": role("A", "b", region="r1"), "b": role("B", "c"), "c": role("C", region="r2")}
    chain = chain_to(Book({"base": KEYS}, config), "a", "default")
    assert arns(chain) == ["C", "B", "A"]
    assert chain.base == "base"
    assert chain.region == "r1"


def test_the_device_nearest_to_the_key_counts() -> None:
    config = {"a": role("A", "b", mfa_serial="far"), "b": role("B", mfa_serial="near")}
    assert chain_to(Book({"base": KEYS}, config), "a", "x").serial == "near"
    long_term = Book({"base-long-term": {**KEYS, "aws_mfa_device": SERIAL}}, {"a": role("A")})
    assert chain_to(long_term, "a", "x").serial == SERIAL


def test_a_role_begins_at_the_profile_said() -> None:
    book = Book({"base": {**KEYS, "mfa_serial": SERIAL}}, {"ops": role("Ops")})
    assert chain_to(book, f"{ROLE}X", "base") == Chain(
        "base", (chain_to(book, f"{ROLE}X", "base").last,), SERIAL
    )
    behind = chain_to(book, "Deep", "ops")
    assert [hop.arn for hop in behind.hops] == [f"{ROLE}Ops", "Deep"]
    assert chain_to(book, "X", FROM_ENVIRONMENT).base == FROM_ENVIRONMENT


def test_a_profile_with_keys_may_be_its_own_source() -> None:
    book = Book({"own": KEYS}, {"own": role("Ops", "own")})
    chain = chain_to(book, "own", "x")
    assert (chain.base, arns(chain)) == ("own", ["Ops"])


def test_the_environment_may_be_the_source() -> None:
    config = {"a": {"role_arn": f"{ROLE}A", "credential_source": "Environment"}}
    assert chain_to(Book({}, config), "a", "x").base == FROM_ENVIRONMENT


def test_a_circle_is_named() -> None:
    config = {"a": role("A", "b"), "b": role("B", "c"), "c": role("C", "a")}
    with pytest.raises(ConfigError) as error:
        chain_to(Book({}, config), "a", "x")
    assert "a → b → c → a" in error.value.why


def test_the_depth_is_bounded() -> None:
    config = {f"p{n}": role(f"R{n}", f"p{n + 1}") for n in range(MOST_HOPS + 1)}
    with pytest.raises(ConfigError) as error:
        chain_to(Book({}, config), "p0", "x")
    assert f"more than {MOST_HOPS}" in error.value.why


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ({"role_arn": ROLE}, "neither source_profile"),
        (role("A", "nobody"), "nobody does not exist"),
        (role("A", credential_source="Environment"), "both"),
        ({"role_arn": ROLE, "credential_source": "Ec2InstanceMetadata"}, "proves no person"),
        (role("A", duration_seconds="1h"), "not a whole number"),
    ],
)
def test_a_profile_that_leads_nowhere_is_told(profile: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError) as error:
        chain_to(Book({"base": KEYS}, {"a": profile}), "a", "x")
    assert why in error.value.why


def test_every_role_behind_a_role_lasts_an_hour_at_most() -> None:
    config = {
        "a": role("A", "b"),
        "b": role("B", "c", duration_seconds="7200"),
        "c": role("C", duration_seconds="14400"),
    }
    chain, notes = capped(chain_to(Book({"base": KEYS}, config), "a", "default"))
    assert [hop.seconds for hop in chain.hops] == [14_400, 3600, None]
    assert notes == ("a role behind a role lasts 1 h at most, not 7200 s",)
