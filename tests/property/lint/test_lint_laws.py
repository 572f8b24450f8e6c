"""What holds for every file that can be loaded: lint answers, in the file's order, and a waiver
takes away what it names and nothing else."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from vaultaws.config.faults import DeclaredFileError
from vaultaws.config.load import load
from vaultaws.lint.check import check
from vaultaws.lint.rule import Finding, Findings
from vaultaws.model import CredentialType

QUIET = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, categories=["L", "N", "P"]))
SOME = WORDS.filter(bool)
ARNS = st.one_of(
    st.sampled_from(
        [
            "arn:aws:iam::111122223333:role/vault-a",
            "arn:aws:iam::111122223333:policy/a",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws-cn:sts::1:assumed-role/a/b",
            "arn:::::",
            "arn:aws:iam::111122223333:mfa/me",
        ]
    ),
    SOME,
)
SPANS = st.integers(1, 200_000)
PAIRS = st.dictionaries(SOME, WORDS, max_size=3)
ACTIONS = st.sampled_from(
    [
        "*",
        "iam:*",
        "ec2:Describe*",
        "s3:GetObjekt",
        "iam:PassRole",
        "nosuch:Do",
        "*:*",
        "x",
        "a:b:c",
    ]
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny", "allow", 3])},
    optional={
        "Action": st.one_of(ACTIONS, st.lists(ACTIONS, max_size=3)),
        "NotAction": ACTIONS,
        "Resource": st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:iam::*:user/*", "b", []]),
        "NotResource": st.just("*"),
        "Principal": st.just("*"),
        "Condition": st.sampled_from(
            [{}, {"Bool": {"aws:SecureTransport": True}}, {"Nope": {"a": 1}}, {"Bool": 1}, "x"]
        ),
        "Sid": st.sampled_from(["a", "a b", 7]),
        "Sids": st.just(1),
    },
)
POLICIES = st.fixed_dictionaries(
    {"Statement": st.one_of(STATEMENTS, st.lists(STATEMENTS, min_size=1, max_size=3), SOME)},
    optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17", "2025", 1]), "More": SOME},
)
ROLES = st.fixed_dictionaries(
    {"credential_type": st.sampled_from([str(kind) for kind in CredentialType])},
    optional={
        "policy": st.sampled_from(["a.json", "b.json"]),
        "policy_arns": st.lists(ARNS, max_size=12),
        "role_arns": st.lists(ARNS, max_size=3),
        "iam_groups": st.lists(SOME, max_size=12),
        "iam_tags": PAIRS,
        "session_tags": PAIRS,
        "external_id": SOME,
        "default_ttl": SPANS,
        "max_ttl": SPANS,
        "user_path": st.one_of(st.just("/a/"), SOME),
        "permissions_boundary_arn": ARNS,
        "mfa_serial_number": ARNS,
    },
)
TEMPLATES = st.one_of(
    st.sampled_from(
        [
            "{{ .PolicyName }}",
            "{{ random 70 }}",
            "{{ range 1 }}",
            "{{ nosuch }}",
            '{{ if eq .Type "STS" }}s{{ else }}{{ .DisplayName }}{{ end }}',
        ]
    ),
    st.text(st.sampled_from('{}|(). "ifendelsrandomtruncate09`'), max_size=40),
)
ROOT = st.fixed_dictionaries(
    {},
    optional={
        "credentials": st.sampled_from(["env", "server", "prompt", "profile:a"]),
        "region": st.sampled_from(["eu-west-2", "us-gov-west-1", "nowhere"]),
        "iam_endpoint": st.sampled_from(["https://iam", "http://a:b", "x", "http://[::1]"]),
        "sts_endpoint": st.sampled_from(["https://sts.eu-west-2.amazonaws.com", "http://[x"]),
        "sts_fallback_endpoints": st.lists(st.just("https://sts"), max_size=2),
        "sts_fallback_regions": st.lists(st.just("eu-west-1"), max_size=2),
        "username_template": TEMPLATES,
        "role_arn": ARNS,
        "identity_token_audience": SOME,
        "rotation_period": SPANS,
        "rotation_schedule": SOME,
        "rotation_window": SPANS,
        "policy": st.sampled_from(["a.json", "b.json"]),
    },
)
NAMES = st.sampled_from(["a", "b", "c", "role.d", "e" * 140])
FILES = st.fixed_dictionaries(
    {
        "mount": st.fixed_dictionaries(
            {}, optional={"default_lease_ttl": SPANS, "max_lease_ttl": SPANS}
        )
    },
    optional={
        "lease": st.fixed_dictionaries({"default_ttl": SPANS, "max_ttl": SPANS}),
        "root": ROOT,
        "roles": st.dictionaries(NAMES, ROLES, max_size=4),
        "static_roles": st.dictionaries(
            NAMES,
            st.fixed_dictionaries({"username": SOME, "rotation_period": SPANS}),
            max_size=3,
        ),
    },
)
ACCESS = st.booleans()


def toml(tables: Mapping[str, Any], *, access: bool) -> str:
    """Each key on a line of its own."""
    lines = ["# a file", ""]
    for name, table in tables.items():
        held = table if name in ("roles", "static_roles") else {"": table}
        for inner, keys in held.items():
            lines.append(f"[{name}.{json.dumps(inner)}]" if inner else f"[{name}]")
            lines += [f"{key} = {value(said)}" for key, said in keys.items()]
    if access:
        lines.append("[access.people]")
        lines.append(f"roles = {value(sorted(tables.get('roles', {}))[:1])}")
    return "\n".join(lines) + "\n"


def value(said: object) -> str:
    if isinstance(said, dict):
        return "{ " + ", ".join(f"{value(k)} = {value(v)}" for k, v in said.items()) + " }"
    return json.dumps(said, ensure_ascii=False)


def lint(text: str, policies: Mapping[str, object]) -> Findings:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vaultaws.toml"
        file.write_text(text, encoding="utf-8")
        for name, policy in policies.items():
            (Path(folder) / name).write_text(json.dumps(policy), encoding="utf-8")
        try:
            return check(load(file))
        except DeclaredFileError:
            reject()


Found = tuple[str, tuple[str, ...], str, str]


def essence(finding: Finding) -> Found:
    return finding.rule.id, finding.where, finding.policy_place, finding.message


@QUIET
@given(FILES, ACCESS, POLICIES, POLICIES)
def test_every_loadable_file_is_answered_in_its_order(
    tables: Mapping[str, Any], access: bool, one: object, other: object
) -> None:
    text, policies = toml(tables, access=access), {"a.json": one, "b.json": other}
    found = lint(text, policies)
    lines = text.split("\n")
    for finding in found.all:
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.message
        assert finding.do
    places = [(finding.line, finding.column) for finding in found.all]
    assert places == sorted(places)
    assert list(map(essence, lint(text, policies).all)) == list(map(essence, found.all))


@QUIET
@given(FILES, ACCESS, POLICIES, st.data())
def test_a_waiver_takes_away_what_it_names_and_nothing_else(
    tables: Mapping[str, Any], access: bool, policy: object, data: st.DataObject
) -> None:
    text, policies = toml(tables, access=access), {"a.json": policy, "b.json": policy}
    found = lint(text, policies).all
    if not found:
        return
    chosen = data.draw(st.sampled_from(found))
    lines = text.split("\n")
    lines.insert(chosen.line - 1, f"# vaultaws: allow {chosen.rule.id} as the law says")
    after = lint("\n".join(lines), policies)
    assert essence(chosen) in [essence(finding) for finding in after.waived]
    same_line = {essence(finding) for finding in found if finding.line == chosen.line}
    for finding in after.waived:
        assert finding.rule is chosen.rule
        assert essence(finding) in same_line or finding.where[: len(chosen.where)] == chosen.where
    assert sorted(map(essence, after.all)) == sorted(map(essence, found))
