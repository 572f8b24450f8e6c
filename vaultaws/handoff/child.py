"""A program that works with credentials: its environment, its signals, its terminal, its end.

The child stays in our process group, so the terminal's keys reach both of us: Ctrl-C is the
child's to answer, Ctrl-Z stops both. What is sent to us alone is passed on.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import CommandNotFoundError, CommandRefusedError, UsageError
from vaultaws.interrupts import handled

SIGNALLED: Final = 128
"""A shell's exit code for a signal is this and its number."""

KEYS: Final = (signal.SIGINT, signal.SIGQUIT)
ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
PASSED_ON: Final = (*KEYS, *ENDING, signal.SIGUSR1, signal.SIGUSR2)
SAME_SECONDS: Final = 1.0
"""A hang-up or a supervisor often says it twice; so close together they count as one."""

PAUSE_SECONDS: Final = 0.1

# Credentials of another kind, and what would choose other ones (SDK reference guide, "environment
# variables"; the last lines are names of older SDKs and of tools that do as we do).
CREDENTIALS: Final = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_ACCOUNT_ID",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_SECURITY_TOKEN",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_CREDENTIAL_FILE",
        "AWS_SESSION_EXPIRATION",
        "AWS_VAULT",
        "AWSUME_PROFILE",
    }
)

Say = Callable[[str], None]
Hears = Callable[[int], None]
Idle = Callable[[], None]


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without whatever would win over, or mix with, the credentials given."""
    return {name: value for name, value in environ.items() if name not in CREDENTIALS}


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """Return the path of a program, as a shell finds it.

    Raises CommandNotFoundError (127), or CommandRefusedError (126) for what is no program.
    """
    path = environ.get("PATH", os.defpath)
    if found := shutil.which(name, path=path):
        return found
    if there := name and shutil.which(name, mode=os.F_OK, path=path):
        raise CommandRefusedError(
            f"{name} cannot be run",
            why=f"{there} is not executable",
            do="make it executable (chmod +x), or name another program",
        )
    if os.sep in name and Path(name).is_dir():
        raise CommandRefusedError(
            f"{name} cannot be run", why="it is a directory", do="name a program"
        )
    where = "there is no such file" if os.sep in name else "it is in no directory of PATH"
    raise CommandNotFoundError(
        f"there is no program {name or 'with an empty name'}",
        why=where,
        do="check its name, or give its whole path",
    )


def run_child(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    end_with: signal.Signals | None = None,
    say: Say = lambda _: None,
    clock: Clock | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    hears: Hears = lambda _: None,
) -> int:
    """Run a program to its end and return its exit code, 128 + n for signal n.

    It gets `environ` and nothing else, our open files and our terminal. SIGTERM and the like are
    passed on (`end_with` in the place of SIGTERM, for what ignores that); the second one ends our
    wait, and the child is left running. Main thread only: elsewhere no signal is heard. `stdout`
    and `stderr` are open files in the place of ours; `hears` is called with each signal that comes.
    Raises CommandNotFoundError and CommandRefusedError for what cannot be started.
    """
    path = find_program(command[0], environ)
    terminal, clock = Terminal.of_ours(), clock or SystemClock()
    relay = _Relay(terminal, end_with, clock, hears)
    try:
        with _signals_awaited() as idle, handled(PASSED_ON, relay), terminal.given_back():
            process = _start(command, path, environ, (stdout, stderr))
            relay.begin(process)
            process.returncode = _wait(process, terminal, clock, idle)
    except _LeftError as left:
        say(f"the program still runs (process {left.pid}); it was told twice to end")
        return SIGNALLED + left.number
    code = process.returncode
    return code if code >= 0 else SIGNALLED - code


class _LeftError(BaseException):
    """We were told twice to end, and the child has not ended. Not for `except Exception`."""

    def __init__(self, number: int, pid: int) -> None:
        super().__init__(number)
        self.number = number
        self.pid = pid


class Terminal:
    """The controlling terminal, or none, and whether its keys reach our process group."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def of_ours(cls) -> Terminal:
        """Find it among stdin, stdout and stderr."""
        for descriptor in range(3):
            with contextlib.suppress(OSError):
                os.tcgetpgrp(descriptor)
                return cls(descriptor)
        return cls(None)

    def exists(self) -> bool:
        """True when there is a terminal that controls us."""
        return self._descriptor is not None

    def is_ours(self) -> bool:
        """True while its keys are sent to our process group."""
        if self._descriptor is None:
            return False
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # it has hung up
            return False

    def give_to(self, group: int) -> None:
        """Let a process group have the keys; a terminal that has gone is no fault."""
        if self._descriptor is None:
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})  # else it stops us
        try:
            with contextlib.suppress(OSError):
                os.tcsetpgrp(self._descriptor, group)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @contextlib.contextmanager
    def given_back(self) -> Iterator[None]:
        """Afterwards the keys are ours again if they were before: a killed shell keeps them."""
        was_ours = self.is_ours()
        try:
            yield
        finally:
            if was_ours and not self.is_ours():
                self.give_to(os.getpgrp())


class _Relay:
    """Passes signals on to the child, also those that come before it has begun."""

    def __init__(
        self,
        terminal: Terminal,
        end_with: signal.Signals | None,
        clock: Clock,
        hears: Hears = lambda _: None,
    ) -> None:
        self._hears = hears
        self._terminal = terminal
        self._end_with = end_with
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._told_at: float | None = None

    def begin(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        while self._early:
            self._pass_on(process, self._early.pop(0))

    def __call__(self, number: int, _: FrameType | None) -> None:
        self._hears(number)
        if number in KEYS and self._terminal.is_ours():
            return  # the terminal has given it to the child as well
        if self._process is None:
            self._early.append(number)
        else:
            self._pass_on(self._process, number)

    def _pass_on(self, process: subprocess.Popen[bytes], number: int) -> None:
        if number in ENDING:
            now = self._clock.monotonic()
            if self._told_at is not None and now - self._told_at > SAME_SECONDS:
                process.returncode = -number  # or the interpreter would warn of a lost child
                raise _LeftError(number, process.pid)
            self._told_at = now
        meant = self._end_with if number == signal.SIGTERM and self._end_with else number
        with contextlib.suppress(PermissionError):  # one that is another user's by now (sudo)
            process.send_signal(meant)  # looks first whether the process is still ours


def _start(
    command: Sequence[str],
    path: str,
    environ: Mapping[str, str],
    outputs: tuple[int | None, int | None],
) -> subprocess.Popen[bytes]:
    """Open files that others gave us stay open for it; ours close by themselves."""
    try:
        return subprocess.Popen(
            command,
            executable=path,
            env=dict(environ),
            close_fds=False,
            stdout=outputs[0],
            stderr=outputs[1],
        )
    except OSError as error:
        raise _cannot_start(command[0], path, error) from error
    except ValueError as error:  # a null character
        raise UsageError(
            "the command cannot be run", why=str(error), do="check its arguments"
        ) from error


def _cannot_start(name: str, path: str, error: OSError) -> UsageError:
    if error.errno == errno.ENOENT:  # the file was found: it is its interpreter that is not there
        return CommandNotFoundError(
            f"{name} cannot be run",
            why=f"the interpreter that {path} names is not there",
            do="mend its first line, or name another program",
        )
    return CommandRefusedError(
        f"{name} cannot be run",
        why=error.strerror or type(error).__name__,
        do="check that it is a program of this machine, and that its arguments are not too long",
    )


def _wait(
    process: subprocess.Popen[bytes], terminal: Terminal, clock: Clock, idle: Idle | None
) -> int:
    """Wait for the end; return the exit code, below 0 for a signal. Without `idle` it is waited for
    where no signal is heard."""
    options = os.WUNTRACED | (os.WNOHANG if idle else 0)
    while True:
        try:
            pid, status = os.waitpid(process.pid, options)
        except ChildProcessError:  # `send_signal` saw the end first
            return process.returncode or 0
        if idle and not pid:
            idle()
            continue
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        if terminal.exists():
            _stop_with(process, terminal)
            clock.sleep(PAUSE_SECONDS)  # one that stops again and again does not keep us busy


def _stop_with(process: subprocess.Popen[bytes], terminal: Terminal) -> None:
    """A child with a group of its own has stopped (a shell's `suspend`): so do we, and both go on.

    What stops one in our group (Ctrl-Z) has stopped us too. Where nobody could let us go on, the
    system does not stop us, and the child goes on at once.
    """
    with contextlib.suppress(ProcessLookupError):
        group = os.getpgid(process.pid)
        if group == os.getpgrp():
            return
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        if terminal.is_ours():
            terminal.give_to(group)
        process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def _signals_awaited() -> Iterator[Idle | None]:
    """Give what waits for the next signal, the end of a child among them; None in a thread that
    hears none.

    A blocking `waitpid` sleeps on after a signal that came in the instant before it: Python runs
    what handles it only when the call is over. The pipe keeps such a signal. That SIGCHLD is
    handled counts besides: whoever ignores it is told nothing of how his children end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    heard, told = os.pipe()
    os.set_blocking(heard, False)
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    ended = signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(heard, select.POLLIN)

    def idle() -> None:
        poll.poll()
        with contextlib.suppress(BlockingIOError):
            os.read(heard, select.PIPE_BUF)

    try:
        yield idle
    finally:
        signal.signal(signal.SIGCHLD, ended)
        signal.set_wakeup_fd(before)
        os.close(told)
        os.close(heard)
