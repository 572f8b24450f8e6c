"""The engine's names for users lead back to who asked, for which role, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from vaultaws.incident.naming import Names, pattern, prefixes

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
