"""Programs are built once, whole, and never used when they are not what was built."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.recipes import CountingCompiler, tiny_recipe
from vaultaws.errors import StackError
from vaultaws.local.build import (
    ENGINE,
    VAULT,
    GoCompiler,
    Recipe,
    build_error,
    built,
    go_environment,
    key,
    sound,
)
from vaultaws.local.progress import silent

ROOT = Path(__file__).parents[3]


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return tiny_recipe(tmp_path)


@pytest.fixture
def compiler(tmp_path: Path) -> CountingCompiler:
    return CountingCompiler(tmp_path / "runs")


def files(cache: Path) -> list[str]:
    """What a failed build must not leave: everything but the lock."""
    return sorted(path.name for path in cache.rglob("*") if path.suffix != ".lock")


def test_a_program_is_built_once_and_runs(
    tmp_path: Path, recipe: Recipe, compiler: CountingCompiler
) -> None:
    first = built(recipe, tmp_path / "cache", silent, compiler=compiler)
    second = built(recipe, tmp_path / "cache", silent, compiler=compiler)
    assert first == second
    assert compiler.count == 1
    assert subprocess.run([first], capture_output=True, check=True).stdout == b"Tiny v1\n"
    assert not compiler.scratches[0].exists()


def test_a_tool_of_another_module_is_known_by_its_module_files_alone(recipe: Recipe) -> None:
    tool = replace(recipe, sources=("go.mod", "go.sum"), package="example.org/tool")
    before = key(tool)
    (recipe.source / "main.go").write_text("// another\n")
    assert key(tool) == before
    (recipe.source / "go.sum").write_text("// another\n")
    assert key(tool) != before


def test_ten_processes_build_once(tmp_path: Path, recipe: Recipe) -> None:
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from tests.support.recipes import CountingCompiler, tiny_recipe
        from vaultaws.local.build import built
        from vaultaws.local.progress import silent

        here = Path(sys.argv[1])
        counting = CountingCompiler(here / "runs")

        def slow(recipe, output, scratch):
            time.sleep(0.3)
            counting(recipe, output, scratch)

        print(built(tiny_recipe(here), here / "cache", silent, compiler=slow))
    """)
    command = [sys.executable, "-c", script, str(tmp_path)]
    ten = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(10)
    ]
    answers = {process.communicate()[0] for process in ten}
    assert [process.returncode for process in ten] == [0] * 10
    assert len(answers) == 1
    assert CountingCompiler(tmp_path / "runs").count == 1


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_other_sources_are_another_program(tmp_path: Path, recipe: Recipe, name: str) -> None:
    before = key(recipe)
    source = recipe.source / name
    source.write_text(source.read_text() + "// more\n")
    assert key(recipe) != before


def test_moving_text_between_source_files_is_another_program(
    tmp_path: Path, recipe: Recipe
) -> None:
    before = key(recipe)
    (recipe.source / "go.mod").write_text("// go.mod\n// go.sum\n")
    (recipe.source / "go.sum").write_text("")
    assert key(recipe) != before


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda home: (home / "bin/tiny").write_text("#!/bin/sh\n"), id="tampered"),
        pytest.param(lambda home: os.truncate(home / "bin/tiny", 5), id="cut short"),
        pytest.param(lambda home: (home / "bin/tiny").unlink(), id="gone"),
        pytest.param(lambda home: (home / "bin/tiny").chmod(0o600), id="not runnable"),
        pytest.param(lambda home: (home / "sha256").unlink(), id="no record"),
        pytest.param(lambda home: (home / "sha256").write_bytes(b"\xff"), id="record unreadable"),
    ],
)
def test_what_is_not_as_it_was_built_is_built_anew(
    tmp_path: Path, recipe: Recipe, compiler: CountingCompiler, harm: object
) -> None:
    program = built(recipe, tmp_path / "cache", silent, compiler=compiler)
    assert callable(harm)
    harm(program.parents[1])
    assert not sound(program.parents[1], recipe)
    again = built(recipe, tmp_path / "cache", silent, compiler=compiler)
    assert compiler.count == 2
    assert subprocess.run([again], capture_output=True, check=True).stdout == b"Tiny v1\n"


def test_a_half_built_file_of_a_killed_run_is_never_used(
    tmp_path: Path, recipe: Recipe, compiler: CountingCompiler
) -> None:
    half = tmp_path / "cache" / "tiny" / (key(recipe) + ".part") / "bin"
    half.mkdir(parents=True)
    (half / "tiny").write_text("#!/bin/sh\necho half")
    program = built(recipe, tmp_path / "cache", silent, compiler=compiler)
    assert compiler.count == 1
    assert not half.exists()
    assert subprocess.run([program], capture_output=True, check=True).stdout == b"Tiny v1\n"


@pytest.mark.parametrize(
    ("program", "mode"),
    [("#!/bin/sh\necho Something else\n", 0o755), ("not a program", 0o755), ("#!/bin/sh\n", 0o600)],
)
def test_a_program_that_does_not_answer_is_not_kept(
    tmp_path: Path, recipe: Recipe, program: str, mode: int
) -> None:
    wrong = CountingCompiler(tmp_path / "runs", program, mode)
    with pytest.raises(StackError) as caught:
        built(recipe, tmp_path / "cache", silent, compiler=wrong)
    assert "building the tiny program failed" in caught.value.what
    assert files(tmp_path / "cache") == ["tiny"]


def test_a_build_that_writes_nothing_fails(tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(StackError):
        built(recipe, tmp_path / "cache", silent, compiler=lambda *_: None)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_build_leaves_nothing_and_the_next_builds(
    tmp_path: Path, recipe: Recipe, compiler: CountingCompiler, stop: type[BaseException]
) -> None:
    def interrupted(recipe: Recipe, output: Path, scratch: Path) -> None:
        output.write_text("half")
        raise stop

    with pytest.raises(stop):
        built(recipe, tmp_path / "cache", silent, compiler=interrupted)
    assert files(tmp_path / "cache") == ["tiny"]
    built(recipe, tmp_path / "cache", silent, compiler=compiler)
    assert compiler.count == 1


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, recipe: Recipe) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the same place."""

    def big(recipe: Recipe, output: Path, scratch: Path) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            output.write_bytes(b"x" * 100_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with pytest.raises(StackError) as caught:
        built(recipe, tmp_path / "cache", silent, compiler=big)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EFBIG
    assert "no room" in caught.value.what
    assert files(tmp_path / "cache") == ["tiny"]


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path, recipe: Recipe) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(StackError) as caught:
        built(recipe, tmp_path / "cache", silent)
    assert "cannot write" in caught.value.what


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("write /tmp/x: no space left on device", "there was no room to build"),
        ("go: x@v1: dial tcp: lookup modules.example: no such host", "could not be fetched"),
        ("./main.go:3:1: syntax error\n./main.go:4:1: more", "building the tiny program failed"),
        ("", "building the tiny program failed"),
    ],
)
def test_the_reason_of_a_failed_build_is_told_apart(
    tmp_path: Path, recipe: Recipe, said: str, what: str
) -> None:
    log = tmp_path / "log"
    log.write_text(said)
    error = build_error(recipe, log)
    assert what in error.what
    assert (said.splitlines() or ["no reason"])[0] in error.why


def fake_go(directory: Path, script: str) -> dict[str, str]:
    """An environment whose `go` is new enough and then does as the script says."""
    go = directory / "path" / "go"
    go.parent.mkdir()
    go.write_text(f'#!/bin/sh\n[ "$1" = env ] && {{ echo go9.0.0; exit; }}\n{script}\n')
    go.chmod(0o755)
    return {"PATH": f"{go.parent}:/usr/bin:/bin", "HOME": str(directory)}


def test_the_compiler_calls_go_so_that_go_sum_rules(tmp_path: Path, recipe: Recipe) -> None:
    (recipe.source / "go.mod").write_text("module tiny\n\ngo 1.26.0\n")
    said = 'echo "$@" >"$HOME/said"; while [ "$1" != -o ]; do shift; done; printf x >"$2"'
    environ = fake_go(tmp_path, said)
    scratch, output = tmp_path / "scratch", tmp_path / "out"
    scratch.mkdir()
    GoCompiler(tmp_path / "cache", silent, environ)(recipe, output, scratch)
    assert output.read_text() == "x"
    assert "build -mod=readonly -trimpath" in (tmp_path / "said").read_text()


def test_a_failing_go_is_one_clear_error(tmp_path: Path, recipe: Recipe) -> None:
    (recipe.source / "go.mod").write_text("module tiny\n\ngo 1.26.0\n")
    environ = fake_go(tmp_path, "echo main.go:1: broken >&2; exit 2")
    compiler = GoCompiler(tmp_path / "cache", silent, environ)
    with pytest.raises(StackError) as caught:
        built(recipe, tmp_path / "cache", silent, compiler=compiler)
    assert caught.value.why == "main.go:1: broken"
    assert files(tmp_path / "cache") == ["tiny"]


def test_go_keeps_its_caches_below_ours_only_without_a_home(tmp_path: Path) -> None:
    with_home = go_environment({"HOME": str(tmp_path), "GONOSUMDB": "x"}, tmp_path, tmp_path)
    without = go_environment({"HOME": ""}, tmp_path, tmp_path)
    assert "GOCACHE" not in with_home
    assert with_home["GONOSUMDB"] == "x"
    assert without["GOCACHE"].startswith(str(tmp_path))
    assert with_home["GOTOOLCHAIN"] == without["GOTOOLCHAIN"] == "local"


@pytest.mark.parametrize("shipped", [ENGINE, VAULT])
def test_the_shipped_recipes_are_pinned(shipped: Recipe) -> None:
    text = (shipped.source / "go.mod").read_text()
    assert "replace" not in text or "=> ./" not in text
    assert (shipped.source / "go.sum").stat().st_size > 10_000
