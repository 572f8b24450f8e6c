"""Programs built once from a pinned Go module and kept: the AWS engine, and a whole Vault.

go.sum fixes every line of source. A program is built beside its place, tried, and only then
given its name, together with its SHA-256; what does not match is built anew.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import StackError
from vaultaws.local.commands import last_lines, run_watched
from vaultaws.local.directories import disk_error, home, make_private
from vaultaws.local.golang import find_go, required_version
from vaultaws.local.locks import held
from vaultaws.local.progress import Progress

SOURCES = ("go.mod", "go.sum", "main.go")
HERE = Path(__file__).parent
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
CHECK_SECONDS = 60.0


@dataclass(frozen=True)
class Recipe:
    """A program of ours. `binary` is its path inside its place in the cache.

    `check_arguments` and `check_says` are a call of it and words it must answer with. `package` is
    what is built: the module in `source` itself, or a package that its go.mod names as a tool.
    """

    name: str
    title: str
    source: Path
    binary: str
    check_arguments: tuple[str, ...]
    check_says: str
    sources: tuple[str, ...] = SOURCES
    package: str = "."


Compiler = Callable[[Recipe, Path, Path], None]
"""Writes the program to the second argument, may use the third for scratch; raises StackError."""

ENGINE = Recipe(
    name="aws-engine",
    title="the AWS engine",
    source=HERE / "engine",
    binary="plugins/aws",
    check_arguments=(),
    check_says="This binary is a plugin",
)
VAULT = Recipe(
    name="vault",
    title="Vault",
    source=HERE / "server",
    binary="bin/vault",
    check_arguments=("version",),
    check_says="Vault v",
)


def engine_binary(cache: Path, progress: Progress) -> Path:
    """Return the AWS engine as a plugin for OpenBao, alone in its directory, named `aws`."""
    return built(ENGINE, cache, progress)


def vault_binary(cache: Path, progress: Progress) -> Path:
    """Return the whole HashiCorp Vault, built from source; several minutes the first time."""
    return built(VAULT, cache, progress)


def built(
    recipe: Recipe, cache: Path, progress: Progress, *, compiler: Compiler | None = None
) -> Path:
    """Return the program of `recipe`, building it when the cache has none that is sound.

    However many processes ask at once, one builds and the others wait.
    Raises StackError: no Go, a failed build, no room, an unwritable cache.
    """
    shelf = make_private(cache / recipe.name)
    place = shelf / key(recipe)
    if sound(place, recipe):
        return place / recipe.binary
    lock = shelf / f"{place.name}.lock"
    with held(lock, f"waiting for another process to build {recipe.title}", progress):
        if not sound(place, recipe):
            _build(recipe, place, compiler or GoCompiler(cache, progress))
    return place / recipe.binary


def key(recipe: Recipe) -> str:
    """Name the exact sources and the platform, and nothing else: not Go's version, not ours."""
    digest = hashlib.sha256()
    for name in recipe.sources:
        digest.update(hashlib.sha256((recipe.source / name).read_bytes()).digest())
    machine = platform.machine().lower()
    return f"{digest.hexdigest()[:16]}-{sys.platform}-{MACHINES.get(machine, machine)}"


def sound(place: Path, recipe: Recipe) -> bool:
    """True when the program is there, can be run, and is what was recorded when it was built."""
    binary = place / recipe.binary
    try:
        recorded = (place / "sha256").read_text("ascii")
        return os.access(binary, os.X_OK) and recorded == sha256(binary)
    except (OSError, UnicodeDecodeError):
        return False


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build(recipe: Recipe, place: Path, compiler: Compiler) -> None:
    """Build, try, record, and rename. Whatever happens, no scratch is left behind."""
    part = place.with_name(place.name + ".part")
    scratch = place.with_name(place.name + ".tmp")
    try:
        for stale in (part, scratch, place):
            _remove(stale)
        binary = part / recipe.binary
        binary.parent.mkdir(parents=True)
        scratch.mkdir()
        compiler(recipe, binary, scratch)
        _try(recipe, binary)
        _record(binary, part)
        part.rename(place)
        _sync(place.parent)
    except OSError as error:
        raise disk_error(place, error) from error
    finally:
        _remove(part)
        _remove(scratch)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _try(recipe: Recipe, binary: Path) -> None:
    if not binary.is_file():
        raise _failed(recipe, "the build wrote no file")
    try:
        ran = subprocess.run(
            [str(binary), *recipe.check_arguments],
            env={},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHECK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(recipe, f"the program does not run: {error}") from error
    if recipe.check_says not in ran.stdout + ran.stderr:
        raise _failed(recipe, "the program runs but does not answer as it should")


def _record(binary: Path, part: Path) -> None:
    digest = part / "sha256"
    digest.write_text(sha256(binary), "ascii")
    for path in (binary, digest, binary.parent, part):
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(recipe: Recipe, why: str) -> StackError:
    return StackError(
        f"building {recipe.title} failed",
        why=why,
        do="run again; if it fails the same way, report it with these lines",
    )


@dataclass(frozen=True)
class GoCompiler:
    """Compile with Go, taking modules as go.sum has them and changing neither file."""

    cache: Path
    progress: Progress
    environ: Mapping[str, str] | None = None
    clock: Clock | None = None

    def __call__(self, recipe: Recipe, output: Path, scratch: Path) -> None:
        environ = os.environ if self.environ is None else self.environ
        clock = self.clock or SystemClock()
        needed = required_version(recipe.source / "go.mod")
        go = find_go(needed, self.cache, self.progress, environ=environ, clock=clock)
        log = scratch / "go.log"
        status = run_watched(
            [str(go), *_BUILD, "-o", str(output), recipe.package],
            environ=go_environment(environ, self.cache, scratch),
            cwd=recipe.source,
            log=log,
            what=f"building {recipe.title}",
            progress=self.progress,
            clock=clock,
        )
        if status != 0:
            raise build_error(recipe, log)


_BUILD = ("build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w")


def go_environment(environ: Mapping[str, str], cache: Path, scratch: Path) -> dict[str, str]:
    """The caller's environment for Go: static, this Go only, scratch files where we sweep.

    Go's own caches stay where Go puts them; without a usable HOME they go below ours.
    """
    return {
        **environ,
        **({} if os.access(environ.get("HOME", ""), os.W_OK) else _own_caches(environ, cache)),
        "CGO_ENABLED": "0",
        "GOTMPDIR": str(scratch),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _own_caches(environ: Mapping[str, str], cache: Path) -> dict[str, str]:
    """`-modcacherw` lets people remove our cache without a chmod."""
    return {
        "HOME": str(home(environ)),
        "GOPATH": str(cache / "go" / "path"),
        "GOCACHE": str(cache / "go" / "build"),
        "GOFLAGS": "-modcacherw",
    }


def build_error(recipe: Recipe, log: Path) -> StackError:
    """Tell a full disk and a missing network from a failed compilation, by Go's own words."""
    lines = last_lines(log, 200)
    text = "\n".join(lines)
    if "no space left on device" in text or "disk quota exceeded" in text:
        return StackError(
            f"there was no room to build {recipe.title}",
            why=_line_with(lines, "no space left", "quota"),
            do="free some space (Vault needs about 6 GB while it is built), and run again",
        )
    if any(sign in text for sign in _NETWORK_SIGNS):
        return StackError(
            f"the sources of {recipe.title} could not be fetched",
            why=_line_with(lines, *_NETWORK_SIGNS),
            do="connect to the network (or set GOPROXY to a mirror), and run again",
        )
    return _failed(recipe, " | ".join(lines[-3:]) or "Go gave no reason")


_NETWORK_SIGNS = (
    "dial tcp",
    "no such host",
    "i/o timeout",
    "connection refused",
    "TLS handshake",
    "module lookup disabled",
)


def _line_with(lines: list[str], *signs: str) -> str:
    return next((line for line in lines if any(sign in line for sign in signs)), lines[-1])
