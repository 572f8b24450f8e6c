"""Every verb has help with an example, and the listing names every verb."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from vaultaws.cli.main import VERBS, module_of, vaultaws


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with the words a person types for it."""
    for verb in VERBS:
        yield from walk(verb, importlib.import_module(f"vaultaws.cli.{module_of(verb)}").command)


def walk(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from walk(f"{words} {name}", inner)


@pytest.mark.parametrize("words", [words for words, _ in commands()])
def test_help_has_a_sentence_and_an_example(words: str) -> None:
    answer = CliRunner().invoke(vaultaws, [*words.split(), "--help"])
    assert answer.exit_code == 0, answer.output
    assert "Example:" in answer.output
    assert f"vaultaws {words.split(maxsplit=1)[0]}" in answer.output


def test_the_listing_names_every_verb() -> None:
    answer = CliRunner().invoke(vaultaws, ["--help"])
    assert answer.exit_code == 0
    for verb, help_line in VERBS.items():
        assert f"  {verb} " in answer.output
        assert help_line.split()[0] in answer.output


@pytest.mark.parametrize("command", [pytest.param(item, id=words) for words, item in commands()])
def test_options_are_explained(command: click.Command) -> None:
    silent = [
        option.name
        for option in command.params
        if isinstance(option, click.Option)
        and not option.help
        and not option.hidden
        and not isinstance(option.type, click.Choice)
    ]
    assert silent == []
