"""The person's own shell with credentials: her files are read, and the prompt says whose it is.

bash, zsh and fish draw the time left at every prompt, from a file that follows a renewal. Another
shell gets a prompt that names the end, as far as it obeys PS1.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from vaultaws.errors import LocalStateError
from vaultaws.handoff.shadow import shadowed
from vaultaws.handoff.shells import quote_fish

PLAIN: Final = re.compile(r"[^A-Za-z0-9_.@=+-]")
LONGEST_NAME: Final = 40
END_WITH: Final = signal.SIGHUP
"""An interactive shell ignores SIGTERM; a hang-up ends it."""


@dataclass(frozen=True)
class Shell:
    """What to start, what to add to its environment, and where it reads the end."""

    command: tuple[str, ...]
    environ: Mapping[str, str]
    ends: Path
    shows_time: bool

    def moved(self, end: datetime | None) -> None:
        """Let the prompt show another end. A disk that is full leaves the old one."""
        fresh = self.ends.with_suffix(".new")
        with contextlib.suppress(OSError):
            fresh.write_text(f"{int(end.timestamp())}\n" if end is not None else "")
            fresh.replace(self.ends)


def program(environ: Mapping[str, str]) -> str:
    """The person's shell: SHELL, else /bin/sh."""
    return environ.get("SHELL") or "/bin/sh"


@contextlib.contextmanager
def private_directory() -> Iterator[Path]:
    """A directory that only we may read, which goes afterwards. Raises LocalStateError."""
    try:
        directory = Path(tempfile.mkdtemp(prefix="vaultaws-"))
    except OSError as error:
        raise _no_room(tempfile.gettempdir(), error) from error
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def prepare(directory: Path, label: str, environ: Mapping[str, str]) -> Shell:
    """Write what the shell reads at its start. Raises LocalStateError when that fails."""
    try:
        return _written(directory, mark(label), environ)
    except OSError as error:
        raise _no_room(str(directory), error) from error


def shadow(directory: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Hide what would win over an endpoint (`handoff.shadow`). Raises LocalStateError."""
    try:
        return shadowed(directory, environ)
    except OSError as error:
        raise _no_room(str(directory), error) from error


def mark(label: str) -> str:
    """A name made safe for every prompt: what any shell could obey there becomes a dash."""
    safe = PLAIN.sub("-", label)
    return safe if len(safe) <= LONGEST_NAME else safe[: LONGEST_NAME - 1] + "+"


def _no_room(place: str, error: OSError) -> LocalStateError:
    return LocalStateError(
        "the files of this run cannot be written",
        why=f"{place}: {error.strerror or type(error).__name__}",
        do="free space or mend the permissions there, or set TMPDIR to another directory",
    )


def _written(directory: Path, name: str, environ: Mapping[str, str]) -> Shell:
    path, ends = program(environ), directory / "ends"
    kind = Path(path).name
    more = {"VAULTAWS_PROMPT_ENDS": str(ends)}
    ends.write_text("")
    if kind == "bash":
        file = directory / "bashrc"
        file.write_text(BASH.replace("ROLE", name))
        return Shell((path, "--rcfile", str(file), "-i"), more, ends, shows_time=True)
    if kind == "zsh":
        (directory / ".zshenv").write_text(ZSHENV)
        (directory / ".zshrc").write_text(ZSHRC.replace("ROLE", name))
        more |= {"VAULTAWS_ZDOTDIR": environ.get("ZDOTDIR", ""), "ZDOTDIR": str(directory)}
        return Shell((path, "-i"), more, ends, shows_time=True)
    if kind == "fish":
        file = directory / "mark.fish"
        file.write_text(FISH.replace("ROLE", name))
        start = f"source {quote_fish(str(file))}"
        return Shell((path, "--init-command", start, "-i"), more, ends, shows_time=True)
    return Shell((path, "-i"), {"PS1": f"({name}) $ "}, ends, shows_time=False)


# bash and zsh read these before the person's own files, whose aliases would change them.
_MARKING: Final = r"""
__vaultaws_ends="$VAULTAWS_PROMPT_ENDS"
__vaultaws_text=''
unset VAULTAWS_PROMPT_ENDS
__vaultaws_left() {
  local until='' now left
  read -r until 2>/dev/null < "$__vaultaws_ends"
  case "$until" in ''|*[!0-9]*) __vaultaws_text='(ROLE) '; return;; esac
  now="${EPOCHSECONDS:-$(command date +%s)}"
  left=$((until - now))
  if [ "$left" -le 0 ]; then left='ended'
  elif [ "$left" -lt 60 ]; then left="${left}s"
  elif [ "$left" -lt 7200 ]; then left="$((left / 60))m"
  else left="$((left / 3600))h"
  fi
  __vaultaws_text="(ROLE $left) "
}
__vaultaws_prompt() {
  local kept=$?
  local before="$__vaultaws_text"
  __vaultaws_left
  PROMPT_VARIABLE="$__vaultaws_text${PROMPT_VARIABLE#"$before"}"
  return "$kept"
}
"""

BASH: Final = (
    _MARKING.replace("PROMPT_VARIABLE", "PS1")
    + r"""
if [ -r ~/.bashrc ]; then . ~/.bashrc; fi
if [[ "$(declare -p PROMPT_COMMAND 2>/dev/null)" == 'declare -a'* ]]; then
  PROMPT_COMMAND+=(__vaultaws_prompt)
else
  PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}__vaultaws_prompt"
fi
"""
)

ZSHENV: Final = r"""__vaultaws_zdotdir="$ZDOTDIR"
if [[ -n "$VAULTAWS_ZDOTDIR" ]]; then ZDOTDIR="$VAULTAWS_ZDOTDIR"; else unset ZDOTDIR; fi
unset VAULTAWS_ZDOTDIR
[[ -r "${ZDOTDIR:-$HOME}/.zshenv" ]] && . "${ZDOTDIR:-$HOME}/.zshenv"
__vaultaws_theirs="$ZDOTDIR"
ZDOTDIR="$__vaultaws_zdotdir"
"""

ZSHRC: Final = (
    _MARKING.replace("PROMPT_VARIABLE", "PROMPT")
    + r"""
[[ "$HISTFILE" == "$ZDOTDIR"/* ]] && HISTFILE="${__vaultaws_theirs:-$HOME}/.zsh_history"
if [[ -n "$__vaultaws_theirs" ]]; then ZDOTDIR="$__vaultaws_theirs"; else unset ZDOTDIR; fi
unset __vaultaws_theirs __vaultaws_zdotdir
[[ -r "${ZDOTDIR:-$HOME}/.zshrc" ]] && . "${ZDOTDIR:-$HOME}/.zshrc"
typeset -ga precmd_functions
precmd_functions+=(__vaultaws_prompt)
"""
)

FISH: Final = r"""set -g __vaultaws_ends $VAULTAWS_PROMPT_ENDS
set -e VAULTAWS_PROMPT_ENDS
functions -q fish_prompt; and functions -c fish_prompt __vaultaws_their_prompt
function __vaultaws_with
    return $argv[1]
end
function __vaultaws_left
    set -l until ''
    test -r $__vaultaws_ends; and read -l -P '' found <$__vaultaws_ends; and set until $found
    if not string match -qr '^[0-9]+$' -- $until
        return
    end
    set -l left (math $until - (command date +%s))
    if test $left -le 0
        echo ' ended'
    else if test $left -lt 60
        echo " $left"s
    else if test $left -lt 7200
        echo ' '(math -s0 $left / 60)m
    else
        echo ' '(math -s0 $left / 3600)h
    end
end
function fish_prompt
    set -l kept $status
    echo -n "(ROLE"(__vaultaws_left)") "
    if functions -q __vaultaws_their_prompt
        __vaultaws_with $kept
        __vaultaws_their_prompt
    else
        echo -n '> '
    end
end
"""
