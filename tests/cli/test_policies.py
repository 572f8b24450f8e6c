"""`vaultaws policies`: what is listed, shown, filled, written, and refused."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.readied import LIBRARY, samples
from vaultaws.cli.main import COMPLETE, run

READ = ("policies", "use", "s3-read", "--set", "bucket=acme", "--set", "prefix=daily")
Say = Callable[..., Any]


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Path:
    """A directory with a first declared file."""
    monkeypatch.chdir(tmp_path)
    assert run(["init", "."]) == 0
    capfd.readouterr()
    return tmp_path


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that is wrong use; what it says."""

    def check(*arguments: str) -> str:
        assert run(list(arguments)) == 1
        said = capfd.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        return said.err

    return check


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_list_names_each_with_its_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["policies", "list"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "ROLE", "TYPES", "SIZE", "WHAT", "IT", "IS", "FOR"]
    assert [line.split()[0] for line in lines[1:]] == list(LIBRARY)
    assert all(
        line.endswith(policy.summary)
        for line, policy in zip(lines[1:], LIBRARY.values(), strict=True)
    )


def test_show_tells_what_to_fill_and_the_document(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["policies", "show", "s3-read"]) == 0
    out = capfd.readouterr().out
    for words in ("**Cannot:**", "To fill:", "  bucket ", "--set prefix=teams/data/daily"):
        assert words in out
    assert json.loads(out[out.index("{\n") :]) == json.loads(LIBRARY["s3-read"].text)


@pytest.mark.parametrize("name", LIBRARY)
def test_its_own_example_fills_each(
    name: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    policy = LIBRARY[name]
    sets = [word for key, value in samples(policy).items() for word in ("--set", f"{key}={value}")]
    assert run(["policies", "use", name, *sets, "--yes"]) == 0
    text = (here / "policies" / f"{name}.json").read_text()
    assert "{{" not in text
    assert json.loads(text)["Statement"]
    capfd.readouterr()


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind.value) for name, policy in LIBRARY.items() for kind in policy.role_types],
)
def test_a_role_with_it_passes_lint(
    name: str, kind: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (here / "vaultaws.toml").read_text()
    sets = [f"{key}={value}" for key, value in samples(LIBRARY[name]).items()]
    arn = ["--role-arn", "arn:aws:iam::111122223333:role/vault-deploy"]
    more = arn if kind == "assumed_role" else []
    words = [word for each in sets for word in ("--set", each)]
    assert run(["policies", "use", name, *words, "--role", "new", "--type", kind, *more]) == 0
    after = (here / "vaultaws.toml").read_text()
    table = tomllib.loads(after)["roles"]["new"]
    assert (table["credential_type"], table["policy"]) == (kind, f"policies/{name}.json")
    assert all(line in after for line in before.splitlines() if line.startswith("#"))
    capfd.readouterr()
    assert run(["lint", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)["findings"]
    assert [each for each in found if each["severity"] == "error"] == []


def test_doing_it_again_changes_nothing(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = [*READ, "--role", "reports", "--type", "iam_user"]
    assert run(words) == 0
    assert capfd.readouterr().out.split() == ["policies/s3-read.json", "vaultaws.toml"]
    before = files(here)
    assert run(words) == 0
    said = capfd.readouterr()
    assert said.out == ""
    assert "nothing was written" in said.err
    assert run([*words, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["written"], told["role"], told["type"]) == ([], "reports", "iam_user")
    assert files(here) == before


def test_one_policy_serves_two_roles_under_two_names(here: Path) -> None:
    for team in ("blue", "red"):
        use = ["policies", "use", "s3-write", "--set", "bucket=acme", "--set", f"prefix={team}"]
        assert run([*use, "--as", team, "--role", team, "--type", "iam_user"]) == 0
    roles = tomllib.loads((here / "vaultaws.toml").read_text())["roles"]
    assert [roles[team]["policy"] for team in ("blue", "red")] == [
        "policies/blue.json",
        "policies/red.json",
    ]


def test_the_policy_goes_beside_the_file_that_is_named(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "team"]) == 0
    capfd.readouterr()
    words = [*READ, "--role", "reports", "--type", "iam_user", "-c", "team/vaultaws.toml"]
    assert run(words) == 0
    said = capfd.readouterr().out.split()
    assert said == ["team/policies/s3-read.json", "team/vaultaws.toml"]
    assert run(["lint", "-c", "team/vaultaws.toml"]) == 0
    assert not (here / "policies" / "s3-read.json").exists()


def test_what_was_changed_by_hand_is_not_overwritten(
    here: Path, refused: Callable[..., str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(list(READ)) == 0
    file = here / "policies" / "s3-read.json"
    file.write_text(file.read_text().replace("GetObject", "GetObjectAcl"))
    capfd.readouterr()
    before = files(here)
    said = refused(*READ, "--role", "reports", "--type", "iam_user")
    assert '-      "Action": "s3:GetObjectAcl"' in said
    assert "--role reports --type iam_user -c vaultaws.toml --yes" in said
    assert files(here) == before
    assert run([*READ, "--yes"]) == 0
    assert "GetObjectAcl" not in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "s3-raed"), "the nearest is s3-read"),
        (("show", "\x1b[2Jx"), "there is no ready policy"),
        (("use", "s3read"), "vaultaws policies show s3-read"),
        (("use", "s3-read"), "s3-read still wants bucket, prefix"),
        (("use", "s3-read", "--set", "bucket"), "--set bucket says no value"),
        (("use", "s3-read", "--set", "bukket=a"), "the nearest is bucket"),
        (("use", "ec2readonly", "--set", "bucket=a"), "it has none"),
        ((*READ[1:], "--set", "prefix=a"), "prefix is set twice"),
        ((*READ[1:5], "--set", "prefix=*"), "* is a wildcard to IAM, and would widen the policy"),
        ((*READ[1:5], "--set", 'prefix=a","b'), "it is no such name"),
        ((*READ[1:5], "--set", "prefix=${aws:username}"), "$ begins a variable to IAM"),
        ((*READ[1:5], "--set", "prefix=\x1b[2J"), "it is no such name"),
        ((*READ[1:5], "--set", "prefix="), "it is empty"),
        (("use", "s3-read", "--set", "bucket=Acme", "--set", "prefix=a"), "3 to 63 of a-z"),
        ((*READ[1:], "--role", "r"), "--role wants the role's --type"),
        ((*READ[1:], "--type", "iam_user"), "--type and --role-arn are about a role"),
        ((*READ[1:], "--role", "r", "--type", "assumed_role"), "--role-arn goes with"),
        ((*READ[1:], "--role", "a b", "--type", "iam_user"), "use letters, digits"),
        ((*READ[1:], "--role", "ec2readonly", "--type", "iam_user"), "is declared already"),
        ((*READ[1:], "--as", "../x"), "is no name for the file"),
        (("use", "roles-list", "--role", "r", "--type", "iam_user"), "is no policy of a role"),
        (
            ("use", "deploy-lambda", "--role", "r", "--type", "federation_token"),
            "it suits iam_user, assumed_role",
        ),
        ((*READ[1:], "--role", "r", "--type", "iam_user", "-c", "none.toml"), "no file none.toml"),
    ],
)
def test_wrong_use_is_told_and_writes_nothing(
    arguments: tuple[str, ...], words: str, here: Path, refused: Callable[..., str]
) -> None:
    before = files(here)
    said = refused("policies", *arguments)
    assert words in said
    assert "\x1b" not in said
    assert files(here) == before


def test_a_policy_that_grows_too_large_is_refused(here: Path, refused: Callable[..., str]) -> None:
    """The limit of an IAM user's inline policies is met by values that are each good."""
    names = ("cluster", "service", "family", "repository", "task_role", "execution_role")
    long = [word for name in names for word in ("--set", f"{name}={'c' * 64}")]
    long = [word if "=" not in word or "role" in word else word + "c" * 190 for word in long]
    rest = samples(LIBRARY["deploy-ecs"])
    words = [
        word
        for key, value in rest.items()
        if key not in names
        for word in ("--set", f"{key}={value}")
    ]
    words += ["--role", "r", "--type", "iam_user"]
    said = refused("policies", "use", "deploy-ecs", *long, *words)
    assert "AWS takes 2,048 for iam_user" in said


def test_a_place_that_cannot_be_written_is_told(here: Path, refused: Callable[..., str]) -> None:
    (here / "policies" / "s3-read.json").mkdir()
    assert "cannot write policies/s3-read.json" in refused(*READ)
    (here / "policies" / "s3-read.json").rmdir()
    (here / "policies" / "s3-read.json").symlink_to(here / "nowhere" / "x.json")
    assert "cannot write policies/s3-read.json" in refused(*READ)


def test_an_unsound_file_is_told_and_left_alone(here: Path, refused: Callable[..., str]) -> None:
    (here / "vaultaws.toml").write_text("[mounts]\n")
    before = files(here)
    assert 'did you mean "mount"?' in refused(*READ, "--role", "r", "--type", "iam_user")
    assert files(here) == before


def test_the_shell_completes_names(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(COMPLETE, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "vaultaws policies use s3-")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert run([]) == 0
    found = capfd.readouterr().out.split()
    assert found == ["plain,s3-only", "plain,s3-read", "plain,s3-write"]
