"""The engine's names for users lead back to who asked, for which role, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vaultaws.incident.naming import Names, pattern, prefixes, stem
from vaultaws.lint.username import Sample, user_name

AT = datetime(2026, 11, 21, 9, 31, 7, tzinfo=UTC)
SECONDS = int(AT.timestamp())
NAME = f"vault-userpass-ben-reader-{SECONDS}-4fYtRe7qWk2LpZxMn3bV"


def test_an_issuance_leads_to_its_user() -> None:
    names = Names([NAME, NAME.replace("ben", "ada"), NAME.replace(str(SECONDS), "1700000000")])
    starts = prefixes("", "reader", "userpass-ben", AT)
    assert [name for start in starts for name in names.starting(start)] == [NAME]


def test_the_second_may_be_off_by_a_little() -> None:
    names = Names([NAME.replace(str(SECONDS), str(SECONDS - 1))])
    starts = prefixes("", "reader", "userpass-ben", AT)
    assert any(names.starting(start) for start in starts)


def test_names_that_are_cut_lead_to_their_users_all_the_same() -> None:
    long = "oidc-somebody-with-a-very-long-name@corp.example"
    starts = prefixes("", "reader", long, AT)
    cut = f"vault-{f'{long}-reader'[:42]}-{SECONDS}-abc"
    assert any(Names([cut]).starting(start) for start in starts)


def test_a_template_without_the_time_tells_nothing() -> None:
    assert prefixes("{{ .DisplayName }}-{{ random 8 }}", "reader", "ben", AT) == ()
    assert prefixes("{{ range . }}{{ end }}", "reader", "ben", AT) == ()


def test_a_role_is_told_by_its_pattern() -> None:
    found = pattern("", "reader")
    assert found is not None
    assert found.fullmatch(NAME)
    assert not found.fullmatch(NAME.replace("reader", "writer"))
    assert pattern("{{ .DisplayName }}-{{ random 8 }}", "reader") is None


def test_a_pattern_tells_for_whom_a_name_was_made() -> None:
    found = pattern("", "reader")
    fitting = found.fullmatch(NAME) if found is not None else None
    assert fitting is not None
    assert fitting["person"] == "userpass-ben"
    twice = pattern("{{ .DisplayName }}-{{ .DisplayName }}-{{ .PolicyName }}-{{ random 3 }}", "r")
    assert twice is not None
    assert twice.fullmatch("ben-ben-r-abc")


@pytest.mark.parametrize(
    "template",
    [
        "",
        "{{ .PolicyName }}-{{ unix_time }}-{{ .DisplayName }}-{{ random 8 }}",
        '{{ printf "%s/%s" (unix_time) (random 5) | truncate 30 }}',
        "{{ unix_time }}{{ .DisplayName }}{{ unix_time }}",
    ],
)
def test_prefixes_are_what_the_template_gives_at_each_second(template: str) -> None:
    for off, start in zip((0, -3), prefixes(template, "r", "ben", AT, (0, -3)), strict=True):
        made = user_name(template, "r", person="ben", sample=Sample("z", SECONDS + off))
        assert made.startswith(start)
        assert str(SECONDS + off) in start
        assert start.startswith(stem(template, "r", "ben"))


def test_of_milliseconds_the_second_counts() -> None:
    (start,) = prefixes(
        "{{ .PolicyName }}-{{ unix_time_millis }}-{{ random 4 }}", "r", "b", AT, (0,)
    )
    assert f"r-{SECONDS}123-abcd".startswith(start)


@pytest.mark.parametrize("inner", ["unix_time | sha256", "unix_time | truncate 4"])
def test_a_time_that_is_changed_on_its_way_tells_nothing(inner: str) -> None:
    template = "{{ .PolicyName }}-{{ " + inner + " }}-{{ random 4 }}"
    assert prefixes(template, "reader", "ben", AT) == ()
    assert stem(template, "reader", "ben") == ""
