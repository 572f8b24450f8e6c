#!/usr/bin/env python3
"""Write docs/commands.md from the command line's own help.

python scripts/commands.py            writes the page
python scripts/commands.py --check    exits 1 when the page is stale
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import click  # noqa: E402  (a package; the next ones are found by the line above)

from vaultaws.cli.main import VERBS, module_of  # noqa: E402
from vaultaws.cli.options import ServerFlags  # noqa: E402

PAGE = ROOT / "docs" / "commands.md"
WIDTH = 104
HEAD = """\
# The command line

Every verb, argument and option, with the words of `--help`. `python scripts/commands.py` writes
this page from the help; a test fails when the two differ.

Results go to stdout, words to stderr. Exit codes: 0 done · 1 wrong use, nothing done · 2 Vault or
AWS refused or failed · 3 findings · 124 a wait ran out · `exec`: the command's own.

A span is written as `15m`, `1h30m` or `7d`, or as seconds; a moment is a time (ISO 8601) or a
span, for that long ago.
"""
SERVER = """
## The server's options

Commands that talk to Vault or OpenBao take these. Without them the environment counts, as it does
for the Vault CLI; on OpenBao the `BAO_` names come first.
"""
VARIABLES = """
Other settings have a variable alone:

| variable | |
|---|---|
| `VAULT_TOKEN` | The token; else the token helper's, else that of `~/.vault-token`. |
| `VAULT_CONFIG_PATH` | The file that names a token helper (`~/.vault`). |
| `VAULT_CACERT_BYTES` | CA certificates as text (PEM). |
| `VAULT_CLIENT_TIMEOUT` | How long one answer may take, as a span (60s). |
| `VAULT_MAX_RETRIES` | How often a read is tried again (2); what issues never is. |
| `VAULT_PROXY_ADDR` | A proxy to the server, else `HTTPS_PROXY` or `HTTP_PROXY` (`NO_PROXY`). |
| `VAULT_HTTP_PROXY` | Its older name. |
| `VAULTAWS_CACHE` | Where sets are kept between runs ([credentials.md](credentials.md)). |
| `VAULTAWS_DEBUG` | `1` prints an error's traceback, to look for a fault of ours. |
"""
SERVER_LINK = "And [the server's options](#the-servers-options)."
USAGE = "```text\nvaultaws {} {}\n```\n"
EXAMPLE = "<!-- not run: an example of the help -->\n```sh\n"
OWN = frozenset(ServerFlags.__dataclass_fields__)
Option = tuple[str, str]


def page() -> str:
    """The whole page."""
    commands = [found for verb in VERBS for found in walk(verb, command_of(verb))]
    common = next(found for _, command in commands if (found := server_rows(command)))
    listing = "".join(
        f"| [`{verb}`](#vaultaws-{verb}) | {words} |\n" for verb, words in VERBS.items()
    )
    parts = [
        HEAD,
        f"\n| verb | |\n|---|---|\n{listing}",
        SERVER,
        table(common),
        VARIABLES,
        *(section(words, command) for words, command in commands),
    ]
    return "".join(parts)


def command_of(verb: str) -> click.Command:
    """The command of a verb."""
    found: click.Command = import_module(f"vaultaws.cli.{module_of(verb)}").command
    return found


def walk(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with its words."""
    yield words, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from walk(f"{words} {name}", inner)


def section(words: str, command: click.Command) -> str:
    """What the page says of one command."""
    usage = " ".join(command.collect_usage_pieces(context(command)))
    depth = "#" * min(4, 2 + words.count(" "))
    parts = [f"\n{depth} vaultaws {words}\n\n{USAGE.format(words, usage)}", *prose(command.help)]
    rows = own_rows(command)
    parts += [table(rows)] if rows else []
    parts += [f"\n{SERVER_LINK}\n"] if server_rows(command) else []
    if isinstance(command, click.Group):
        below = [(f"`{name}`", inner.get_short_help_str(200)) for name, inner in inside(command)]
        parts.append(table(below, "verb"))
    return "".join([*parts, *example(command.epilog)])


def inside(command: click.Group) -> Iterator[tuple[str, click.Command]]:
    """The commands of a group, in the order in which its help lists them."""
    at = context(command)
    for name in command.list_commands(at):
        found = command.get_command(at, name)
        if found is not None:
            yield name, found


def prose(text: str | None) -> Iterator[str]:
    """The help's paragraphs; one that keeps its lines (click's \\b) becomes a block."""
    for paragraph in cleandoc(text or "").split("\n\n"):
        if paragraph.lstrip().startswith("\b"):
            yield "\n```text\n" + paragraph.replace("\b\n", "") + "\n```\n"
        elif paragraph.strip():
            yield f"\n{textwrap.fill(paragraph, WIDTH, break_on_hyphens=False)}\n"


def example(epilog: str | None) -> Iterator[str]:
    """The help's examples as a block of commands."""
    lines = [line.strip() for line in (epilog or "").replace("\b", "").splitlines()]
    commands = [line for line in lines if line and not re.fullmatch(r"Examples?:", line)]
    if commands:
        yield "\n" + EXAMPLE + "\n".join(commands) + "\n```\n"


def own_rows(command: click.Command) -> list[Option]:
    """A command's options without those of the server, where it has them all."""
    shared = OWN if has_server(command) else frozenset()
    return rows(command, [one for one in command.params if one.name not in shared])


def server_rows(command: click.Command) -> list[Option]:
    """The server's options, where a command has them all."""
    if not has_server(command):
        return []
    return rows(command, [one for one in command.params if one.name in OWN])


def has_server(command: click.Command) -> bool:
    """Whether a command takes the server's options."""
    return {one.name or "" for one in command.params} >= OWN


def rows(command: click.Command, params: Sequence[click.Parameter]) -> list[Option]:
    """Options as the help has them: names with their values, and words with the default."""
    at = context(command)
    records = [one.get_help_record(at) for one in params]
    return [
        (f"`{record[0]}`", " ".join(record[1].split()))
        for record in records
        if record and record[1]
    ]


def context(command: click.Command) -> click.Context:
    """What click needs to speak of a command."""
    return click.Context(command, info_name="vaultaws")


def table(found: Sequence[Option], name: str = "option") -> str:
    """A table of names and words."""
    body = "".join(f"| {cell(left)} | {cell(right)} |\n" for left, right in found)
    return f"\n| {name} | |\n|---|---|\n{body}"


def cell(text: str) -> str:
    """Text that does not end its cell."""
    return text.replace("|", "\\|")


def main() -> int:
    """Write the page, or say that it is stale."""
    wanted = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted:
        print(f"{PAGE.name} is stale: run python scripts/commands.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
