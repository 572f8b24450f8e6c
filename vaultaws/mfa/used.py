"""Codes that were used: AWS takes each once, so none is sent twice, by any run on this machine.

For each device a small private file holds digests of its last codes and the step of time in which
they were used; a lock lets one run at a time use the device. A used code opens nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from vaultaws.clock import Clock
from vaultaws.errors import WaitTimeoutError
from vaultaws.leases.private import ensure_directory, open_file
from vaultaws.model import Secret

STEP_SECONDS: Final = 30
ACCEPTED_STEPS: Final = 3
"""AWS takes a code for about so long (RFC 6238: the step before and after the present one too)."""
_REMEMBERED: Final = 8
TURN_SECONDS: Final = 300


class Turn:
    """One device while it is ours to use."""

    def __init__(self, path: Path, serial: str, clock: Clock) -> None:
        self._path = path
        self._serial = serial
        self._clock = clock

    @property
    def step(self) -> int:
        """The present step of 30 seconds."""
        return int(self._clock.now().timestamp()) // STEP_SECONDS

    def seconds_to(self, step: int) -> float:
        """How long until a step begins; 0 when it has."""
        return max(0.0, step * STEP_SECONDS - self._clock.now().timestamp())

    def was_used(self, code: Secret) -> bool:
        """True for a code that was used so lately that it must be the same one."""
        digest = self._digest(code)
        oldest = self.step - ACCEPTED_STEPS
        return any(known == digest and step >= oldest for known, step in self._read())

    def last_step(self) -> int:
        """The latest step a code was used in, -1 when none is known. One that lies in the future
        (the clock was set back) is not believed."""
        steps = [step for _, step in self._read() if step <= self.step + 1]
        return max(steps, default=-1)

    def record(self, *codes: Secret, step: int | None = None) -> None:
        """Remember that codes were used, the last of them in `step` (the present one if None).

        Written beside and then put in place: a full disk must not forget the codes before.
        """
        last = self.step if step is None else step
        new = [[self._digest(code), last - len(codes) + 1 + at] for at, code in enumerate(codes)]
        kept = [[digest, known] for digest, known in self._read()] + new
        text = json.dumps({"version": 1, "codes": kept[-_REMEMBERED:]})
        beside = self._path.with_suffix(".new")
        with os.fdopen(open_file(beside), "w", encoding="utf-8") as stream:
            stream.truncate(0)
            stream.write(text)
        beside.replace(self._path)

    def _digest(self, code: Secret) -> str:
        return hashlib.sha256(f"{self._serial}\0{code.reveal()}".encode()).hexdigest()

    def _read(self) -> list[tuple[str, int]]:
        """What is remembered; a file that cannot be understood remembers nothing."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return [(str(digest), int(step)) for digest, step in found["codes"]]
        except (FileNotFoundError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return []


class UsedCodes:
    """The memory of a person's devices, in a directory of its own."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    @contextmanager
    def turn(self, serial: str) -> Iterator[Turn]:
        """Wait until the device is ours, then have it alone. Raises WaitTimeoutError."""
        ensure_directory(self._directory)
        name = hashlib.sha256(serial.encode()).hexdigest()[:32]
        lock = FileLock(self._directory / f"{name}.lock", timeout=TURN_SECONDS, mode=0o600)
        try:
            lock.acquire()
        except Timeout as error:
            raise WaitTimeoutError(
                f"another run holds the device {serial}",
                why=f"it has been asking for a code for {TURN_SECONDS} seconds",
                do="answer or end that run, then try again",
            ) from error
        try:
            yield Turn(self._directory / f"{name}.json", serial, self._clock)
        finally:
            lock.release()
