"""What every chapter of the demo works with: commands that are run, outcomes that are checked."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaultaws.errors import FindingsError
from vaultaws.local.demo.commands import Commands, Ran

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 30.0


class OutcomeError(FindingsError):
    """A step of the demo did not end as the story says."""


@dataclass
class Scene:
    """The stage: a private home and state, and the environment of the person on it.

    `say` prints; `private` is a directory that goes when the demo ends.
    """

    private: Path
    commands: Commands
    say: Callable[[str], None]
    environment: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    passed: int = 0

    def chapter(self, number: int, title: str) -> None:
        self.say(f"\n{number}  {title}")

    def show(self, command: str) -> None:
        """Print a command as a person would type it."""
        self.say(f"   $ {command}")

    def run(
        self,
        *arguments: str,
        shown: str | None = None,
        extra: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        stdin: str = "",
        expect: int | None = 0,
    ) -> Ran:
        """Run `vaultaws ARGUMENTS` as a process of its own and return how it ended.

        `expect` is the exit code that the story wants; None takes any.
        """
        self.show(shown or f"vaultaws {shlex.join(arguments)}")
        environment = {**self.environment, **(extra or {})}
        for name in without:
            environment.pop(name, None)
        ran = self.commands.run(arguments, environment, stdin)
        if expect is not None and ran.code != expect:
            raise OutcomeError(
                f"vaultaws {arguments[0]} ended with {ran.code}, not {expect}",
                why=_last_words(ran.err),
                do="run it again with --keep to look at the stack that it leaves",
            )
        return ran

    def check(self, words: str, holds: object, *, seen: str = "") -> None:
        """Say an outcome that holds; raise OutcomeError when it does not."""
        if not holds:
            raise OutcomeError(
                f"this does not hold: {words}",
                why=seen or "the outcome was another one",
                do="run it again with --keep to look at the stack that it leaves",
            )
        self.passed += 1
        self.say(f"   ✓ {words}")

    def soon(self, question: Callable[[], Any]) -> Any:
        """Ask until the answer is true, for a bounded time; return the last answer.

        AWS is eventually consistent: deletions, denies and CloudTrail arrive late.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = question()
            if answer or time.monotonic() > until:
                return answer
            time.sleep(POLL_SECONDS)


def stage_environment(private: Path, cache_home: Path) -> dict[str, str]:
    """The environment of the demo's people: no setting of the caller's shell reaches it."""
    kept = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "COVERAGE_PROCESS_START")
    docker = ("DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "VAULT_IMAGE")
    certificates = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    environment = {
        name: os.environ[name] for name in (*kept, *docker, *certificates) if name in os.environ
    }
    return {
        **environment,
        "HOME": str(private / "home"),
        "XDG_STATE_HOME": str(private / "state"),
        "XDG_CACHE_HOME": str(cache_home),
        "VAULTAWS_CACHE": "off",
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
    }


def _last_words(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return " · ".join(lines[-3:]) or "it said nothing"
