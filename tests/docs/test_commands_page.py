"""docs/commands.md is what scripts/commands.py writes from the help."""

from __future__ import annotations

import re
import subprocess
import sys

from scripts import commands
from tests.support import pages
from vaultaws.cli.main import VERBS


def test_the_page_is_as_the_help_is() -> None:
    script = [sys.executable, str(pages.ROOT / "scripts" / "commands.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_and_option_is_on_the_page() -> None:
    text = pages.read("docs/commands.md")
    every = [found for verb in VERBS for found in commands.walk(verb, commands.command_of(verb))]
    for words, command in every:
        _, _, below = text.partition(f"# vaultaws {words}\n")
        assert below, words
        own = below.partition("\n#")[0] + commands.table(commands.server_rows(command))
        for option in command.params:
            for name in (*option.opts, *option.secondary_opts):
                hidden = getattr(option, "hidden", False) or not name.startswith("-")
                assert hidden or name in own, f"{words} {name}"


def test_every_setting_of_the_server_is_on_the_page() -> None:
    source = pages.read("vaultaws/vault/connection.py")
    asked = set(re.findall(r'(?:find|get)\("([A-Z_]+)"\)|env, "([A-Z_]+)"', source))
    names = {one or other for one, other in asked}
    assert {"ADDR", "TOKEN", "CACERT", "PROXY_ADDR"} <= names
    text = pages.read("docs/commands.md")
    assert {name for name in names if f"VAULT_{name}" not in text} == set()


def test_words_are_words_and_no_block() -> None:
    text = pages.read("docs/commands.md")
    outside = "".join(text.split("```")[::2])
    assert [line for line in outside.splitlines() if line.startswith(" ")] == []
