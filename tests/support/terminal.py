"""The `vaultaws` command at a terminal of its own: what it asks, and what a person answers."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from tests.support.commands import Shell

SECONDS = 60
Answers = Sequence[tuple[str, str | Callable[[], str]]]
"""What is asked, and what is answered: words, or what gives them when it is asked."""
CTRL_C = "\x03"
CTRL_Z = "\x1a"


def at_terminal(
    shell: Shell,
    *arguments: str,
    answers: Answers = (),
    program: Sequence[str] = ("-m", "vaultaws"),
) -> tuple[int, str]:
    """Run `vaultaws ARGUMENTS` on a terminal; give each answer once its question is on screen.

    `program` is what Python runs. Return the exit code and all that was on the screen.
    """
    pid, screen = pty.fork()
    if pid == 0:
        os.chdir(shell.directory)
        command = [sys.executable, *program, *arguments]
        os.execve(sys.executable, command, {**shell.environ, "TERM": "xterm"})
    try:
        seen = _talk(screen, list(answers))
    finally:
        os.close(screen)
        status = _end_of(pid)
    return status, seen


def _talk(screen: int, answers: list[tuple[str, str | Callable[[], str]]]) -> str:
    """Ctrl-C is pressed again while nothing happens: one that comes just before a read is lost."""
    seen, asked_from, last = "", 0, ""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([screen], [], [], 0.5)[0]:
            if last == CTRL_C:
                os.write(screen, CTRL_C.encode())
            continue
        try:
            part = os.read(screen, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            part = b""
        if not part:
            break
        seen += part.decode("utf-8", "replace")
        if answers and answers[0][0] in seen[asked_from:]:
            asked_from = len(seen)
            answer = answers.pop(0)[1]
            last = answer if isinstance(answer, str) else answer()
            os.write(screen, last.encode())
    assert not answers, f"it never asked {answers[0][0]!r}: {seen}"
    return seen.replace("\r\n", "\n")


def _end_of(pid: int) -> int:
    """Closing the screen hangs up; a program that outlives even that fails the test."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    raise subprocess.TimeoutExpired("vaultaws", SECONDS)
