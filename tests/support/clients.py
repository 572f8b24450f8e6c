"""Real clients of AWS for the tests, each installed or built once and kept in the cache.

The SDKs' programs (tests/clients) make one call for each line they are told, so that a test decides
when; the AWS CLI is the one from PyPI, in an environment of its own (requirements/clients.txt).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bootstrap import make_environment
from vaultaws.clock import SystemClock
from vaultaws.errors import StackError
from vaultaws.local.build import Recipe, built
from vaultaws.local.commands import last_lines, run_watched
from vaultaws.local.directories import make_private
from vaultaws.local.locks import held
from vaultaws.local.progress import Progress

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "clients"
JS_FILES = ("package.json", "package-lock.json", "main.mjs")
GO = Recipe(
    name="client-go",
    title="the Go SDK's client",
    source=PROGRAMS / "go",
    binary="bin/client",
    check_arguments=("version",),
    check_says="a client of AWS's SDK for Go",
)
Command = tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What came of one call. `said` is the answer, or the SDK's own error."""

    ok: bool
    said: str
    key_id: str


class Client:
    """A running program of an SDK. `words` is the file with what it wrote on stderr."""

    def __init__(self, process: subprocess.Popen[str], words: Path) -> None:
        self._process = process
        self.words = words

    def call(self, name: str) -> Said:
        """Make one call: `identity`, `service`, or `forbidden`, which makes a bucket."""
        self.tell(name)
        return self.hear()

    def tell(self, name: str) -> None:
        """Have it make one call, without waiting for what comes of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()

    def hear(self) -> Said:
        """What came of the call before."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.words.read_text()
        return Said(**json.loads(line))


@contextmanager
def talking(command: Command, environ: Mapping[str, str], directory: Path) -> Iterator[Client]:
    """Run an SDK's program; it ends with its input, when the block does."""
    words = directory / f"{Path(command[-1]).parent.name}-words"
    with (
        words.open("wb") as sink,
        subprocess.Popen(
            command,
            env=dict(environ),
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
        ) as process,
    ):
        try:
            yield Client(process, words)
        finally:
            process.communicate(timeout=60)


class Together:
    """The programs of all SDKs: a test is about each of them, and about what they share."""

    def __init__(self, commands: Mapping[str, Command], later: ExitStack) -> None:
        self._commands = commands
        self._later = later

    @property
    def names(self) -> list[str]:
        """What each is called."""
        return list(self._commands)

    def command(self, name: str) -> Command:
        """The command that runs one of them."""
        return self._commands[name]

    def run(self, command: Command, environ: Mapping[str, str], directory: Path) -> Client:
        """Run one by way of another command; it ends with the test."""
        return self._later.enter_context(talking(command, environ, directory))

    def start(self, environ: Mapping[str, str], directory: Path) -> dict[str, Client]:
        """Run them all in one environment; they end with the test."""
        return {name: self.start_one(name, environ, directory) for name in self._commands}

    def start_one(self, name: str, environ: Mapping[str, str], directory: Path) -> Client:
        """Run one of them."""
        return self._later.enter_context(talking(self._commands[name], environ, directory))


def python_client() -> Command:
    """The program on boto3, as it is in this environment."""
    return (sys.executable, str(PROGRAMS / "python" / "main.py"))


def go_client(cache: Path, progress: Progress) -> Command:
    """The program on the Go SDK, built once."""
    return (str(built(GO, cache, progress)),)


def aws_cli() -> Path:
    """The AWS CLI, whose botocore is another one than ours."""
    return make_environment(ROOT / "requirements" / "clients.txt").parent / "aws"


def aws_cli_client() -> Command:
    """A program that has the AWS CLI make each call."""
    return (str(PROGRAMS / "awscli" / "main.sh"), str(aws_cli()))


def node_is_here(environ: Mapping[str, str]) -> bool:
    """True when both node and npm are on PATH."""
    return all(shutil.which(name, path=environ.get("PATH")) for name in ("node", "npm"))


def js_client(cache: Path, progress: Progress, environ: Mapping[str, str]) -> Command:
    """The program on the JavaScript SDK, installed once as its lock file says."""
    node = shutil.which("node", path=environ.get("PATH")) or "node"
    source = PROGRAMS / "js"
    digest = hashlib.sha256(b"".join((source / name).read_bytes() for name in JS_FILES))
    place = make_private(cache / "client-js") / digest.hexdigest()[:16]
    if not place.is_dir():
        lock = place.with_name(f"{place.name}.lock")
        with held(lock, "waiting for another process to install the JavaScript SDK", progress):
            if not place.is_dir():
                _install(source, place, progress, environ)
    return (node, str(place / "main.mjs"))


def _install(source: Path, place: Path, progress: Progress, environ: Mapping[str, str]) -> None:
    """`npm ci` beside the place, which gets its name when all is there."""
    part, log = place.with_name(f"{place.name}.part"), place.with_name(f"{place.name}.log")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name in JS_FILES:
        shutil.copy(source / name, part / name)
    status = run_watched(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        environ={**environ, "npm_config_update_notifier": "false"},
        log=log,
        what="installing the JavaScript SDK",
        progress=progress,
        clock=SystemClock(),
        cwd=part,
    )
    if status != 0:
        raise StackError(
            "cannot install the JavaScript SDK",
            why=" | ".join(last_lines(log, 3)),
            do="check the network and npm's settings, then run this again",
        )
    part.rename(place)
