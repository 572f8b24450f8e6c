"""Shells that read back what was printed for them: real ones, and strict readers of our own."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

POSIX = ("sh", "dash", "bash", "zsh")
SETTINGS = {
    "bash": ("set -o posix", "shopt -s extglob", "set -u"),
    "zsh": ("setopt rcquotes", "setopt interactive_comments", "setopt sh_word_split", "bindkey -e"),
    "fish": (),
}
"""Options with which a person may run the shell, and which change how it reads quotes."""

SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"


def found_shell(program: str) -> str:
    """The path of a shell. Skips where it is not installed, a failure where VAULTAWS_NO_SKIPS=1."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def run_shell(program: str, script: str, environ: Mapping[str, str] | None = None) -> bytes:
    """Run a script as a file would be and return its stdout; nothing may come on stderr."""
    quiet = {"fish": ["--no-config"], "zsh": ["-f"], "bash": ["--norc", "--noprofile"]}
    done = subprocess.run(
        [found_shell(program), *quiet.get(program, [])],
        input=script.encode(),
        capture_output=True,
        check=True,
        env={
            "HOME": "/nonexistent",
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            **(environ or {}),
        },
    )
    assert done.stderr == b""
    return done.stdout


def printing(program: str, names: Iterable[str]) -> str:
    """The command that prints variables, each with a NUL at its end; `gone` when not set."""
    if program == "fish":
        return "\n".join(
            f"if set -q {name}; printf '%s\\0' \"${name}\"; else; printf 'gone\\0'; end"
            for name in names
        )
    return "printf '%s\\0' " + " ".join(f'"${{{name}-gone}}"' for name in names)


def read_powershell(text: str) -> tuple[dict[str, str], list[str]]:
    """What a PowerShell script assigns and removes. Fails for anything else in it.

    The grammar finds assignments and commands; the literals are decoded as PowerShell's tokenizer
    does, which takes each of five quotes for a single quote.
    """
    tree = Parser(Language(tree_sitter_powershell.language())).parse(text.encode())
    assert not tree.root_node.has_error, text
    assigned: dict[str, str] = {}
    removed: list[str] = []
    for node in _statements(tree.root_node):
        words = _text(node)
        if gone := re.fullmatch(r"Remove-Item -ErrorAction SilentlyContinue Env:([A-Z_]+)", words):
            removed.append(gone[1])
            continue
        kinds = {found.type for found in _all(node)}
        assert not kinds & {"command", "sub_expression", "expandable_string_literal"}, words
        name, _, literal = words.partition(" = ")
        assert re.fullmatch(r"\$Env:[A-Z_]+", name), words
        assigned[name.removeprefix("$Env:")] = _decoded(literal)
    return assigned, removed


def _statements(root: Node) -> list[Node]:
    return [
        statement
        for part in root.named_children
        for statement in (part.named_children if part.type == "statement_list" else [part])
    ]


def _all(node: Node) -> Iterable[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


def _text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def _decoded(literal: str) -> str:
    assert literal[0] == literal[-1] == "'", literal
    value, rest = "", literal[1:-1]
    while rest:
        if rest[0] in SINGLE_QUOTES:
            assert len(rest) > 1, f"the literal ends early: {literal}"
            assert rest[1] in SINGLE_QUOTES, f"the literal ends early: {literal}"
            rest = rest[1:]
        value, rest = value + rest[0], rest[1:]
    return value


def read_cmd(text: str) -> dict[str, str]:
    """What lines of cmd.exe set; empty values take away. Fails for anything else in them.

    Within the one pair of quotes cmd.exe obeys %, ! (delayed expansion), a quote and line ends;
    so a value may hold none of them.
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        read = re.fullmatch(r'set "([A-Z_]+)=([^"%!]*)"', line)
        assert read is not None, line
        assert read[2].isprintable(), line
        found[read[1]] = read[2]
    return found
