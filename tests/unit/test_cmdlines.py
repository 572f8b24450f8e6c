"""The reader of command lines in a shell's text, and what it refuses."""

from __future__ import annotations

import pytest

from tests.support.cmdlines import commands, fault, fault_of_mention
from tests.support.played import missing

INNER = ["--", "sh", "-c", "vaultaws; x"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("vaultaws plan\nvaultaws apply --yes\n", [["plan"], ["apply", "--yes"]]),
        ('eval "$(vaultaws creds a)"', [["creds", "a"]]),
        ("A=1 vaultaws plan --out x || test $? -eq 3", [["plan", "--out", "x"]]),
        ("if ! vaultaws plan; then vaultaws apply; fi", [["plan"], ["apply"]]),
        (
            "vaultaws exec a \\\n  -- sh -c 'vaultaws; x'",
            [["exec", "a", "--", "sh", "-c", "vaultaws; x"]],
        ),
        ("vaultaws up  # vaultaws down\n# vaultaws down\n", [["up"]]),
        ("vaultaws lint > a 2>&1 | cat", [["lint"]]),
        ("cat >> f <<'X'\nvaultaws nonsense\nX\nvaultaws lint", [["lint"]]),
        ("cat <(vaultaws status --json)", [["status", "--json"]]),
        ("(vaultaws plan; vaultaws lint)&", [["plan"], ["lint"]]),
        ("echo vaultaws plan", []),
    ],
)
def test_commands_are_found_where_a_shell_would_run_them(text: str, found: list[list[str]]) -> None:
    assert sorted(commands(text)) == sorted(found)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["creds"],
        ["creds", "a", "--nonsense"],
        ["creds", "a", "--ttl", "soon"],
        ["creds", "a", "b"],
        ["leases"],
        ["leases", "nonsense"],
        ["login", "smoke", "ada"],
    ],
)
def test_what_the_command_line_would_refuse_is_told(words: list[str]) -> None:
    assert fault(words)


@pytest.mark.parametrize(
    "words",
    [["creds", "a", "--ttl", "15m"], ["leases", "list", "--help"], ["exec", "a", "--", "b", "-c"]],
)
def test_what_it_takes_is_taken(words: list[str]) -> None:
    assert fault(words) == ""


def test_a_mention_may_be_short_but_not_wrong() -> None:
    for words in ([], ["leases"], ["creds"], ["exec", "ROLE", "--", "cmd", "--its-own"]):
        assert fault_of_mention(words) == ""
    for words in (["nonsense"], ["creds", "--nonsense"], ["leases", "nonsense"]):
        assert fault_of_mention(words)


def test_what_a_page_shows_is_held_to_what_was_printed() -> None:
    printed = "NAME   KEY\nada    AKIA…4TE   in 14 min\n3 credentials\n"
    assert missing("ada AKIA…XYZ  in 3 min\n9 credentials\n", printed) == []
    assert missing("ada  AKIA…XYZ …\n", printed) == []
    assert missing("3 credentials\nNAME KEY\n", printed) == ["NAME KEY"]
    assert missing("ben  AKIA…XYZ …\n", printed) == ["ben  AKIA…XYZ …"]
