"""Variables in the words of each shell.

Quoting leaves no value a way out of its quotes; what a shell cannot quote safely is refused, not
mangled. Light: a hit of the cache imports it.
"""

from __future__ import annotations

from vaultaws.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Set by other tools or an earlier shell, these would win over, or mix with, what we hand over.
STALE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN")


def cleared(values: Mapping[str, str]) -> tuple[str, ...]:
    """Names to unset so that nothing stale mixes with `values`."""
    optional = ("AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
    return (*STALE, *(name for name in optional if name not in values))


def quote_posix(value: str) -> str:
    """Quote for sh, bash and zsh: only a single quote ends single quotes. In zsh with RC_QUOTES
    two of them in a row would not; here no quote within quotes is followed by another."""
    return "'" + value.replace("'", "'\\''") + "'"


def quote_fish(value: str) -> str:
    """Quote for fish: inside single quotes only `\\` and `'` are special."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_powershell(value: str) -> str:
    """Quote for PowerShell: it takes four typographic quotes for the plain one too."""
    for mark in "'\u2018\u2019\u201a\u201b":
        value = value.replace(mark, mark * 2)
    return f"'{value}'"


def quote_cmd(name: str, value: str) -> str:
    """Quote for cmd.exe, which has no way to quote these characters at all."""
    if any(mark in value for mark in '"%!') or not value.isprintable():
        raise UsageError(
            f"{name} cannot be set safely in cmd.exe",
            why='its value holds one of " % ! or a control character, which it cannot quote',
            do="use --format powershell or --format process",
        )
    return f'set "{name}={value}"'


def _env(values: Mapping[str, str]) -> list[str]:
    lines = [f"export {name}={quote_posix(value)}" for name, value in values.items()]
    return [*lines, "unset " + " ".join(cleared(values))]


def _env_no_export(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={quote_posix(value)}" for name, value in values.items()]


def _fish(values: Mapping[str, str]) -> list[str]:
    lines = [f"set -gx {name} {quote_fish(value)}" for name, value in values.items()]
    return [*lines, *(f"set -e {name}" for name in cleared(values))]


def _powershell(values: Mapping[str, str]) -> list[str]:
    lines = [f"$Env:{name} = {quote_powershell(value)}" for name, value in values.items()]
    gone = (f"Remove-Item -ErrorAction SilentlyContinue Env:{name}" for name in cleared(values))
    return [*lines, *gone]


def _windows_cmd(values: Mapping[str, str]) -> list[str]:
    lines = [quote_cmd(name, value) for name, value in values.items()]
    return [*lines, *(f'set "{name}="' for name in cleared(values))]


SHELLS: Mapping[str, Callable[[Mapping[str, str]], list[str]]] = {
    "env": _env,
    "env-no-export": _env_no_export,
    "fish": _fish,
    "powershell": _powershell,
    "windows-cmd": _windows_cmd,
}
