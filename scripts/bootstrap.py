"""Make a locked virtual environment, then run the demo or the tests in it, or name its python.

It runs before anything is installed, so it imports only what needs no package. The environment
lives under XDG_CACHE_HOME, named after its lock file, so clones share it; a lock lets only one
run make it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from vaultaws.cli.output import Progress, say  # noqa: E402  (found through the line above)
from vaultaws.errors import StackError  # noqa: E402

LOCKS = {"demo": "local.txt", "test": "dev.txt", "python": "dev.txt"}


def cache_home() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named) / "vaultaws"
    return Path.home() / ".cache" / "vaultaws"


def environment_directory(lock: Path) -> Path:
    tag = f"{platform.python_implementation()}-{platform.python_version()}-{platform.machine()}"
    digest = hashlib.sha256(f"{sys.executable} {tag}".encode() + lock.read_bytes()).hexdigest()
    return cache_home() / "venv" / f"{lock.stem}-{digest[:16]}"


def make_environment(lock: Path) -> Path:
    """Return the interpreter of a finished environment; `complete` is written last."""
    where = environment_directory(lock)
    python = where / "bin" / "python"
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        guard = where.with_suffix(".lock").open("w")
    except OSError as error:
        raise StackError(
            "cannot write the cache directory",
            why=f"{error.filename}: {error.strerror}",
            do="free space there, or name another place in XDG_CACHE_HOME",
        ) from None
    with guard:
        if (where / "complete").exists():
            return python
        with Progress("waiting for another run that is making the environment"):
            fcntl.flock(guard, fcntl.LOCK_EX)
        if not (where / "complete").exists():
            fill_environment(where, lock)
    return python


def fill_environment(where: Path, lock: Path) -> None:
    shutil.rmtree(where, ignore_errors=True)
    try:
        with timed("making a virtual environment"):
            run([sys.executable, "-m", "venv", str(where)])
    except subprocess.CalledProcessError as error:
        raise StackError(
            "cannot make a virtual environment",
            why=last_line(error),
            do="install Python's venv module (Debian: apt-get install python3-venv)",
        ) from None
    command = [str(where / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    # The lock is whole. Left to resolve, pip takes an extra of a package at its newest, unhashed.
    command += ["--disable-pip-version-check", "--require-hashes", "--no-deps", "-r", str(lock)]
    try:
        with timed(f"installing the locked packages of requirements/{lock.name}"):
            run(command)
    except subprocess.CalledProcessError as error:
        raise StackError(
            "cannot install the locked packages",
            why=last_line(error),
            do="check the network, the package index and the free space, then run this again",
        ) from None
    (where / "complete").touch()


@contextlib.contextmanager
def timed(words: str) -> Iterator[None]:
    say(f"· {words}")
    with Progress(words) as progress:
        yield
    say(f"  done after {progress.seconds:.0f} s")


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def last_line(error: subprocess.CalledProcessError) -> str:
    lines = [line.strip() for line in (error.output or "").splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it said nothing"])[-1][:300]


def commands(verb: str, python: Path, arguments: list[str]) -> list[list[str]]:
    tool = [str(python), "-m"]
    if verb == "demo":
        return [[*tool, "vaultaws", "demo", *arguments]]
    if arguments:
        return [[*tool, "pytest", *arguments]]
    bin_directory = python.parent
    return [
        [*tool, "ruff", "format", "--check", "--quiet", "."],
        [*tool, "ruff", "check", "--quiet", "."],
        [*tool, "mypy"],
        [str(bin_directory / "lint-imports"), "--no-logo"],
        [
            *tool,
            "pytest",
            "-n",
            os.environ.get("VAULTAWS_TEST_WORKERS", "3"),
            "--dist",
            "loadgroup",
            "--cov",
            "--cov-report=term:skip-covered",
        ],
    ]


def follow(command: list[str], environment: dict[str, str]) -> int:
    """Run one command to its end; Ctrl-C reaches it too, and we wait for its own clean-up."""
    with subprocess.Popen(command, env=environment, cwd=ROOT) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue


def main() -> int:
    verb, *arguments = sys.argv[1:]
    python = make_environment(ROOT / "requirements" / LOCKS[verb])
    if verb == "python":
        print(python)
        return 0
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{python.parent}:{os.environ['PATH']}",
    }
    for name in ("PYTHONHOME", "VIRTUAL_ENV"):
        environment.pop(name, None)
    if verb == "test":
        # Each of the thousands of commands that the tests start would compile the same modules,
        # and each run would rewrite the assertions of all tests again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for command in commands(verb, python, arguments):
        if verb == "test":
            print(
                f"── {' '.join([Path(command[0]).name, *command[1:]])}", file=sys.stderr, flush=True
            )
        code = follow(command, environment)
        if code != 0:
            return code if code > 0 else 128 - code
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        say(error.describe())
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nstopped; run it again to go on")
        sys.exit(130)
