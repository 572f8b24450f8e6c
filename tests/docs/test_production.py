"""docs/production.md and docs/people.md are run on a server as the first of them sets it up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support import pages
from tests.support.clients import aws_cli
from tests.support.commands import Shell
from tests.support.hosted import hosted
from tests.support.left_behind import hold_to_the_table
from tests.support.played import Player
from vaultaws.local.aws.serve import LocalAws
from vaultaws.local.directories import Directories

REGION = {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-2"}
PASSWORD = "-".join(("made", "up"))

PRELUDE = r"""
bao() {
  case "${1-} ${2-}" in
    "operator init")
      command bao "$@" | tee ceremony
      sed -n 's/^Initial Root Token: //p' ceremony > root-token ;;
    "operator unseal")
      unsealed=$((${unsealed-0} + 1))
      command bao operator unseal "$(sed -n "s/^Unseal Key $unsealed: //p" ceremony)" ;;
    "login ") command bao login - < root-token ;;
    *) command bao "$@" ;;
  esac
}
program() { "$PYTHON" -m vaultaws "$@"; }
vaultaws() {
  if [ "$1" = login ] && [ "$2" = userpass ]; then program "$@" < "$HOME/first-password"
  else program "$@"; fi
}
"""
"""What a person would type at a prompt comes from a file."""


@pytest.mark.integration
def test_from_zero_to_the_daily_work(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / "policies").symlink_to(pages.ROOT / "policies")
    (home / "first-password").write_text(PASSWORD)
    cache = Directories.of({**Shell(home).environ}).cache
    with LocalAws() as aws, hosted(tmp_path, cache) as server:
        (home / ".aws" / "credentials").write_text(
            "[default]\n"
            f"aws_access_key_id = {aws.admin.access_key_id}\n"
            f"aws_secret_access_key = {aws.admin.secret_access_key.reveal()}\n"
        )
        (home / ".aws" / "credentials").chmod(0o600)
        shell = Shell(home, {"AWS_ENDPOINT_URL": aws.endpoint, **REGION})
        programs = (server.binary.parent, aws_cli().parent, Path(sys.executable).parent)
        path = ":".join(map(str, (*programs, "/usr/bin:/bin")))
        environ = {**shell.environ, "PATH": path, "PYTHON": sys.executable}
        player = Player(environ, home, (PRELUDE,), server.instead)
        player.play("docs/production.md", "docs/people.md")
    hold_to_the_table(home / "state" / "vaultaws", at_least=6)
    assert not (home / "root-token").exists()
