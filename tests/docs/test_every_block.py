"""Every block of commands in the documentation is run by a test, or says why it is not.

Whether run or not: a shell can read it, and each `vaultaws …` in it is one that the command line
takes, with its verbs, options and arguments. So are the commands that sentences name.
"""

from __future__ import annotations

import ast
import re
import subprocess
from typing import Final

import pytest

from tests.support import pages
from tests.support.cmdlines import commands, fault, fault_of_mention

RUNNERS: Final = {
    "README.md": "tests/docs/test_readme.py",
    "docs/cloud.md": "tests/docs/test_cloud.py",
    "docs/declared-state.md": "tests/docs/test_declared_state.py",
    "docs/docker.md": "tests/integration/docker/test_compose.py",
    "docs/getting-started.md": "tests/docs/test_getting_started.py",
    "docs/incident.md": "tests/integration/incident/test_runbook.py",
    "docs/people.md": "tests/docs/test_production.py",
    "docs/production.md": "tests/docs/test_production.py",
    "docs/terraform.md": "tests/docs/test_terraform.py",
    "docs/trail.md": "tests/integration/trail/test_guide.py",
    "policies/README.md": "tests/docs/test_policies.py",
}
"""Which test runs the blocks of a page."""

REASONS: Final = {
    "an example of the help": "the page is written from the help",
    "asks a person": "it waits for somebody at a terminal, or shows something to one",
    "installs software": "the tests' own environment is made of the same lock files",
    "it is a run of its own": "scripts/test is what runs the tests; the demo has tests of its own",
    "needs a host of your own": "it changes a machine, as its administrator",
    "needs your own identity provider": "there is none to log in at",
    "other shells": "what is printed for each shell is run in that shell by tests of the formats",
}
"""Why a block may stay without a run, and what is true then."""

PAGES: Final = pages.names()
BLOCKS: Final = [block for page in PAGES for block in pages.blocks(page)]
MARKS: Final = frozenset({"", "later"})


def plays(path: str) -> set[str]:
    """The pages that a test's code has played, from top to bottom."""
    tree = ast.parse((pages.ROOT / path).read_text("utf-8"))
    return {
        argument.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "play"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_every_page_with_commands_is_run_by_its_test() -> None:
    with_commands = {page for page in PAGES if pages.to_run(page)}
    assert with_commands == set(RUNNERS)
    assert [page for page, path in RUNNERS.items() if page not in plays(path)] == []


def test_every_reason_is_known_and_used() -> None:
    assert {block.why_not for block in BLOCKS if block.why_not} == set(REASONS)
    assert {block.mark for block in BLOCKS if not block.why_not} <= MARKS


def test_every_fence_of_commands_was_found() -> None:
    fences = sum(pages.read(page).count("```sh\n") for page in PAGES)
    assert fences == len(BLOCKS)


def test_commands_stand_in_marked_blocks() -> None:
    """No block without a name begins with our command: it would be neither run nor checked."""
    unmarked = [
        f"{page}: {line}"
        for page in PAGES
        for before, line in _pairs(pages.read(page))
        if line.startswith(("vaultaws ", "    vaultaws ", '    eval "$(vaultaws'))
        if before in {"```", ""} or line.startswith("    ")
    ]
    assert unmarked == []


def _pairs(text: str) -> list[tuple[str, str]]:
    lines = text.splitlines()
    return list(zip(["", *lines], lines, strict=False))


@pytest.mark.parametrize("page", [page for page in PAGES if pages.blocks(page)])
def test_a_shell_can_read_the_blocks(page: str) -> None:
    for block in pages.blocks(page):
        done = subprocess.run(
            ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), f"{block}: {done.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if pages.blocks(page)])
def test_the_command_line_takes_what_the_blocks_say(page: str) -> None:
    faults = [
        f"{block}: {said}"
        for block in pages.blocks(page)
        for words in commands(block.text)
        if (said := fault(words))
    ]
    assert faults == []


@pytest.mark.parametrize("page", PAGES)
def test_the_command_line_has_what_sentences_name(page: str) -> None:
    faults = [
        said
        for text in pages.inline(page)
        for words in commands(text.replace("…", "").replace("[", "").replace("]", ""))
        if (said := fault_of_mention(words))
    ]
    assert faults == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_project_leads_somewhere(page: str) -> None:
    folder = (pages.ROOT / page).parent
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", pages.read(page))
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_figures_beside_other_tools_are_measured_ones() -> None:
    figures = re.findall(
        r"(\d[\d.,]*) (?:s|MiB|times as long|events a second)\b|\| (\d+\.\d) \|$",
        pages.read("docs/comparison.md"),
        re.MULTILINE,
    )
    measured = pages.read("docs/benchmarks.md")
    assert len(figures) > 15
    assert [one for pair in figures if (one := "".join(pair)) not in measured] == []


def test_every_page_is_reached_from_the_readme() -> None:
    readme = pages.read("README.md")
    assert [page for page in PAGES if page.startswith("docs/") and page not in readme] == []
