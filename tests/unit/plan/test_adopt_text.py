"""How a TOML text is brought to other values, in its own style."""

from __future__ import annotations

import tomllib

import pytest

from vaultaws.errors import ConfigError
from vaultaws.plan.adopt_text import literal, rewrite

TEXT = """\
# top
[mount]
path = "aws" # p

# about b
[roles.b]   # bee
credential_type = "iam_user"   # t
policy_arns = [
  "a", # first
  # second
  'b',
  "c"
  # last
]
# why an hour
max_ttl = "1h"

# about gone
[roles.gone]  # it goes
# inside
credential_type = "iam_user"

# ---- people ----

# about x
[access.x]
roles = ["b"]
members = { userpass = ["ada"] }
"""


def test_what_changes_changes_in_place() -> None:
    data = tomllib.loads(TEXT)
    del data["roles"]["gone"], data["roles"]["b"]["max_ttl"]
    data["roles"]["b"] |= {"policy_arns": ["b", "c", "d"], "user_path": "/x/"}
    data["roles"]["new.one"] = {"credential_type": "session_token"}
    data["access"]["x"]["members"]["oidc"] = ["eng"]
    assert (
        rewrite(TEXT, data)
        == """\
# top
[mount]
path = "aws" # p

# about b
[roles.b]   # bee
credential_type = "iam_user"   # t
policy_arns = [
  # second
  "b",
  "c",
  "d",
  # last
]
user_path = "/x/"

[roles."new.one"]
credential_type = "session_token"

# ---- people ----

# about x
[access.x]
roles = ["b"]
members = { userpass = ["ada"], oidc = ["eng"] }
"""
    )


@pytest.mark.parametrize(
    ("text", "data", "wanted"),
    [
        ("mount.path = 'a' # c\n", {"mount": {"path": "b"}}, 'mount.path = "b" # c\n'),
        ("[roles]\na = { x = 1 }\n", {"roles": {"a": {"x": 2}}}, "[roles]\na = { x = 2 }\n"),
        ("[a.b.c]\nx = 1\n", {"a": {"b": {"c": {"x": 2}}}}, "[a.b.c]\nx = 2\n"),
        ("[a]\nx = 1", {"a": {"x": 1, "y": 2}}, "[a]\nx = 1\ny = 2"),
        (
            "[access.x.members]\no = []\n",
            {"access": {"x": {"members": {"o": []}, "roles": ["a"], "static_roles": ["b"]}}},
            '[access.x.members]\no = []\n\n[access.x]\nroles = ["a"]\nstatic_roles = ["b"]\n',
        ),
    ],
)
def test_other_ways_of_writing(text: str, data: dict[str, object], wanted: str) -> None:
    assert rewrite(text, data) == wanted


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_comments_inside_an_inline_table_go_above_it(end: str) -> None:
    text = """\
[access.x]
# the team
members = { userpass = [
  "ada", # leads
  # until May
  "bob",
] } # all
""".replace("\n", end)
    data = {"access": {"x": {"members": {"userpass": ["ada", "eve"]}}}}
    assert rewrite(text, data).split(end) == [
        "[access.x]",
        "# the team",
        "# leads",
        "# until May",
        'members = { userpass = ["ada", "eve"] } # all',
        "",
    ]


def test_what_cannot_be_edited_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot change"):
        rewrite("mount.path = 'a'\n", {"mount": {"path": "a", "description": "x"}})


def test_a_long_list_has_a_line_an_item_and_quotes_are_readable() -> None:
    arns = [f"arn:aws:iam::123456789012:policy/number-{n}" for n in range(3)]
    text = rewrite("", {"roles": {"a": {"policy_arns": arns}}})
    assert text.count("\n  ") == 3
    assert literal('{{ "a" }}') == "'{{ \"a\" }}'"
    assert literal('it\'s "x"') == '"it\'s \\"x\\""'
