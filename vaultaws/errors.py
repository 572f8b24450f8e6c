"""The error tree.

Every failure a person can meet says three things: what happened, why, and what to do.
`cli.handler` is the one place that prints them (scripts/bootstrap.py before there is a cli);
`exit_code` is the process's answer (0 done, 1 wrong use, 2 Vault or AWS refused, 3 findings,
124 a wait ran out; 126 and 127 as a shell's for a program that cannot be started).
"""

from __future__ import annotations


def visible(text: str) -> str:
    """The text with escapes in place of characters that a terminal obeys or hides."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def _escape(point: int) -> str:
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


class VaultawsError(Exception):
    """The root of the tree. `what`, `why` and `do` are one plain line each, free of secrets."""

    exit_code = 1

    def __init__(self, what: str, *, why: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def describe(self) -> str:
        """Return the three lines that a person sees, with nothing that a terminal would obey."""
        lines = (("error:", self.what), ("why:  ", self.why), ("do:   ", self.do))
        return "\n".join(f"{label} {visible(' '.join(text.split()))}" for label, text in lines)


class UsageError(VaultawsError):
    """The command line or an environment setting is wrong. Nothing was done."""


class CommandNotFoundError(UsageError):
    """The program to be started is not there. Nothing was done."""

    exit_code = 127


class CommandRefusedError(UsageError):
    """The program to be started is there, and the system does not start it."""

    exit_code = 126


class ConfigError(VaultawsError):
    """A file of ours or a policy file is wrong. Nothing was done."""


class StackError(VaultawsError):
    """The local stack cannot start, or a part it needs is missing."""


class LocalStateError(VaultawsError):
    """A file or lock on this machine cannot be read or written (full disk, permissions)."""


class BrokenOffError(LocalStateError):
    """As LocalStateError, when something may have been done: the rest is for the next run."""

    exit_code = 2


class FaultError(VaultawsError):
    """A fault of vaultaws itself."""

    exit_code = 2


class VaultError(VaultawsError):
    """Vault or OpenBao refused or failed."""

    exit_code = 2


class VaultUnreachableError(VaultError):
    """No server answered at the address."""


class VaultSealedError(VaultError):
    """The server is sealed or not initialised."""


class VaultStandbyError(VaultError):
    """The server is a standby that cannot forward to an active node."""


class VaultDeniedError(VaultError):
    """The token is missing, wrong, expired, or lacks a capability."""


class VaultNotFoundError(VaultError):
    """The mount, role, lease or path does not exist."""


class VaultRefusedError(VaultError):
    """The server understood and said no; `why` carries its own sentence."""


class AwsError(VaultawsError):
    """AWS refused or failed. `code` is AWS's error code, empty when there was no answer."""

    exit_code = 2

    def __init__(self, what: str, *, why: str, do: str, code: str = "") -> None:
        super().__init__(what, why=why, do=do)
        self.code = code


class DeliveryError(VaultawsError):
    """What findings are sent to did not take one."""

    exit_code = 2


class FindingsError(VaultawsError):
    """The command worked and found something that should not be."""

    exit_code = 3


class WaitTimeoutError(VaultawsError):
    """A wait ran out."""

    exit_code = 124
