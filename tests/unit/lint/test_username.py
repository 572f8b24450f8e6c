"""The engine's name template, as Go runs it."""

from __future__ import annotations

import pytest

from vaultaws.lint import username
from vaultaws.lint.gotemplate import TemplateNotFollowedError, TemplateRefusedError

TIME = "1700000000"


def test_the_engines_own_template_fills_its_bounds_exactly() -> None:
    name = username.user_name("", "deploy", person="p" * 200)
    assert len(name) == username.USER_LENGTH
    assert len(username.federated_name("")) == username.FEDERATED_LENGTH
    assert username.user_name("", "deploy").startswith(f"vault-token-ada-deploy-{TIME}-")


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("plain", "plain"),
        ("{{ .PolicyName }}", "deploy_x"),
        ("{{.DisplayName}}-{{random 3}}", "token-ada-xxx"),
        ('{{ printf "%s-%05d" .PolicyName 42 }}', "deploy_x-00042"),
        ("{{ .PolicyName | truncate 3 | uppercase }}", "DEP"),
        ("{{ truncate 3 (printf `%s!` .PolicyName) }}", "dep"),
        ("a {{- /* words */ -}} b", "ab"),
        ("a {{- .Type -}} b", "aIAMb"),
        ('{{ if eq .Type "STS" }}s{{ else if eq .Type "IAM" }}i{{ else }}e{{ end }}', "i"),
        ("{{ if and true (not false) }}y{{ end }}", "y"),
        ('{{ replace "_" "." .PolicyName }}', "deploy.x"),
        ("{{ unix_time }}", TIME),
        ("{{ unix_time_millis }}", f"{TIME}000"),
        ("{{ uuid | truncate 4 }}", "xxxx"),
        ("{{ base64 `hi` }}", "aGk="),
        ("{{ lowercase `AB` }}{{ len `abc` }}", "ab3"),
        ("{{ sha256 `a` | truncate 4 }}", "ca97"),
        ("{{ truncate_sha256 12 `abcdefghijklmnop` }}", "abcdc1bd5d19"),
    ],
)
def test_what_go_would_say(template: str, name: str) -> None:
    assert username.user_name(template, "deploy/x") == name


@pytest.mark.parametrize(
    "template",
    [
        "{{ .RoleName }}",
        "{{ nosuch 1 }}",
        "{{ if false }}{{ nosuch }}{{ end }}",
        "{{ random }}",
        '{{ random "3" }}',
        "{{ truncate 0 .PolicyName }}",
        "{{ truncate_sha256 8 .PolicyName }}",
        "{{ .PolicyName",
        "{{ end }}",
        "{{ if true }}",
        "{{ else }}",
        "{{ }}",
        "{{ (random 3 }}",
        "{{ 1 2 }}",
        "{{ .PolicyName | .DisplayName }}",
        "{{ and }}",
        "x" * 100_000,
    ],
)
def test_what_go_refuses(template: str) -> None:
    with pytest.raises(TemplateRefusedError):
        username.user_name(template, "deploy")


@pytest.mark.parametrize(
    "template",
    [
        "{{ range .X }}{{ end }}",
        "{{ $a := 1 }}",
        "{{ slice .PolicyName 1 2 }}",
        "{{ printf `%T` 1 }}",
        "{{ " + "(" * 60 + "1" + ")" * 60 + " }}",
        "{{ if true }}" * 60,
    ],
)
def test_what_is_not_followed_is_said_so(template: str) -> None:
    with pytest.raises(TemplateNotFollowedError):
        username.user_name(template, "deploy")


def test_a_hostile_template_stays_small() -> None:
    grow = "{{ random 1000000000 " + '| replace "x" "xxxxxxxxxx" ' * 30 + "}}"
    assert len(username.user_name(grow, "deploy")) < 10_000


def test_names_without_chance_are_known() -> None:
    assert username.is_always_new("", "deploy")
    assert not username.is_always_new("{{ .PolicyName }}-{{ unix_time }}", "deploy")
