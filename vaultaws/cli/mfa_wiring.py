"""What the `mfa` verbs share: files, codes, the cache and AWS, wired together."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import UsageError
from vaultaws.mfa.profiles import Book, Places, chosen_profile, places_of, read_book
from vaultaws.model import Credentials, Secret

if TYPE_CHECKING:
    from vaultaws.mfa.assume import Base, World
    from vaultaws.mfa.caching import SessionCache
    from vaultaws.mfa.codes import Source
    from vaultaws.mfa.proving import Prover
    from vaultaws.mfa.secretkept import KeptSecrets

COMMAND = "vaultaws.mfa.command"
REDRAW = "\r\x1b[K"
PIPE_INTERVAL_SECONDS = 10.0
INSTEAD = "run it at a terminal, or give --code, or set mfa_process in the profile"


class WithCommand(click.Command):
    """A command that takes `-- CMD…` behind all its own words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, dashes, rest = _split(args)
        if dashes and not rest and not ctx.resilient_parsing:
            raise UsageError(
                "no command stands behind --",
                why="what comes there is run with the session",
                do="name a command, or leave -- out",
            )
        ctx.meta[COMMAND] = tuple(rest)
        return super().parse_args(ctx, own)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- CMD...]"]


def _split(args: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in args:
        return args, False, []
    at = args.index("--")
    return args[:at], True, args[at + 1 :]


def command_to_run() -> tuple[str, ...]:
    """What stood behind `--`."""
    found: tuple[str, ...] = click.get_current_context().meta.get(COMMAND, ())
    return found


class SecretCodes(click.ParamType[Secret]):
    """A code that must not be printed by accident."""

    name = "code"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Secret:
        return value if isinstance(value, Secret) else Secret(str(value).strip())


profile_option = click.option("--profile", help="Whose key, in ~/.aws.  [default: AWS_PROFILE]")
device_option = click.option("--device", default="", help="Serial number or ARN of the device.")
code_option = click.option(
    "--code",
    "codes",
    type=SecretCodes(),
    multiple=True,
    help="The code; others see it in the process list: better be asked.",
)


class Countdown:
    """One line about a wait: redrawn on a terminal, every ten seconds elsewhere."""

    def __init__(self) -> None:
        self._redraws = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = 0.0

    def __call__(self, words: str) -> None:
        now = time.monotonic()
        if self._redraws:
            self._write(f"{REDRAW}· {words}")
        elif now >= self._next:
            self._next = now + PIPE_INTERVAL_SECONDS
            self._write(f"· {words}\n")

    def close(self) -> None:
        """Take the line away."""
        if self._redraws:
            self._write(REDRAW)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


@dataclass(frozen=True)
class Adapters:
    """The files of ~/.aws, the environment and the clock of this run."""

    places: Places
    environ: dict[str, str]
    clock: Clock

    def read(self) -> Book:
        return read_book(self.places)

    def profile(self, said: str | None) -> str:
        return said or chosen_profile(self.environ)

    def write(self, profile: str, credentials: Credentials, role_arn: str) -> None:
        """Put a session where aws-mfa keeps it."""
        from vaultaws.mfa.shortterm import section_of
        from vaultaws.mfa.writing import set_section

        values = section_of(credentials, role_arn)
        set_section(self.places.credentials, profile, values, self.environ)

    def check_writing(self, profile: str) -> None:
        """Find out whether a session can be written, before a code is spent on it."""
        from vaultaws.mfa.writing import check

        check(self.places.credentials, profile)

    def prover(self, codes: tuple[Secret, ...], process: str) -> Prover:
        """Gets codes: those given, else of the program, else of the keyring, else of a person."""
        from vaultaws.leases.private import state_home
        from vaultaws.mfa.proving import Prover
        from vaultaws.mfa.used import UsedCodes

        used = UsedCodes(state_home(self.environ) / "mfa", self.clock)
        return Prover(used, lambda serial: self._source(serial, codes, process))

    def _source(self, serial: str, codes: tuple[Secret, ...], process: str) -> Source:
        from vaultaws.cli.terminal import ask_hidden
        from vaultaws.mfa.codes import Asked, Given

        if codes:
            return Given(codes)
        made = self._made(serial, process)
        if made is not None:
            return made
        return Asked(lambda question: ask_hidden(question, instead=INSTEAD).reveal(), serial)

    def _made(self, serial: str, process: str) -> Source | None:
        from vaultaws.mfa.codes import Computed, Made
        from vaultaws.mfa.process import code_from
        from vaultaws.mfa.secretkept import code_at

        if process:
            return Made(lambda: code_from(process), self.clock, watching())
        kept = kept_secrets()
        secret = kept.get(serial) if kept is not None else None
        if secret is None:
            return None
        return Computed(lambda moment: code_at(secret, moment), self.clock, watching())

    def cache(self) -> SessionCache:
        from vaultaws.cache.cache import open_cache
        from vaultaws.mfa.caching import SharedSessions

        return SharedSessions(open_cache(self.environ), self.clock)

    def world(self, book: Book, codes: tuple[Secret, ...] = (), process: str = "") -> World:
        """All that assuming needs."""
        from vaultaws.aws.sessions import profile_credentials
        from vaultaws.mfa.assume import World
        from vaultaws.mfa.callers import identify

        return World(
            book=book,
            environ=self.environ,
            prover=self.prover(codes, process),
            cache=self.cache(),
            clock=self.clock,
            identify=identify,
            find=profile_credentials,
        )

    def caller(self, said: str | None, book: Book) -> Base:
        """The credentials a person's own questions are asked with: a session before a key."""
        from vaultaws.mfa.assume import base_of, base_profile

        return base_of(
            base_profile(said, self.environ, chosen_profile(self.environ)), self.world(book)
        )


def adapters() -> Adapters:
    environ = dict(os.environ)
    return Adapters(places_of(environ, _home()), environ, SystemClock())


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise UsageError(
            "there is no home directory",
            why="it is named neither by HOME nor by the system",
            do="set HOME",
        ) from error


def watching() -> Callable[[str], None]:
    """A countdown that goes with the command."""
    countdown = Countdown()
    click.get_current_context().call_on_close(countdown.close)
    return countdown


def kept_secrets() -> KeptSecrets | None:
    """The OS keyring; None where the package is not installed."""
    from vaultaws.mfa.secretkept import KeptSecrets

    try:
        return KeptSecrets(importlib.import_module("keyring"))
    except ModuleNotFoundError:
        return None
