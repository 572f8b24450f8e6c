"""What the shell's completion knows beyond click: role names and profiles. It never fails aloud.

Role names are asked of the server in a thread that is not waited for longer than a moment, and
kept for a few minutes in a cache of names alone. A server's names reach the shell only when they
have the shape of a role's name: nothing in them can mean anything to a shell.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from vaultaws.cli.options import ServerFlags

SECONDS: Final = 1.5
KEPT_SECONDS: Final = 300
_MOST: Final = 2000
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,127}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing is printed into a prompt but completions."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


class Names(click.ParamType[str]):
    """A text whose completions `source` finds."""

    name = "text"

    def __init__(self, source: Callable[[Mapping[str, Any]], Iterable[str]]) -> None:
        self._source = source

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        found = _bounded(lambda: list(self._source(ctx.params)))
        fitting = (name for name in found if _NAME.fullmatch(name) and name.startswith(incomplete))
        return [CompletionItem(name) for name in sorted(set(fitting))[:_MOST]]


def with_names(command: click.Command) -> click.Command:
    """Give a command's parameters the completions that their names promise."""
    for parameter in command.params:
        source = _SOURCES.get(parameter.name or "")
        if source is not None and isinstance(parameter.type, click.types.StringParamType):
            parameter.type = Names(source)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            with_names(inner)
    return command


def _bounded(ask: Callable[[], list[str]]) -> list[str]:
    """What `ask` finds within a moment; nothing when it fails or takes longer."""
    found: list[str] = []

    def run() -> None:
        with contextlib.suppress(Exception):
            found.extend(ask())

    asking = threading.Thread(target=run, daemon=True)
    asking.start()
    asking.join(SECONDS)
    return list(found)


def roles(said: Mapping[str, Any]) -> list[str]:
    """The roles of the mount that the command line names so far, as far as the token tells."""
    from vaultaws.cli.wiring import settings

    flags = {name: said.get(name) for name in ServerFlags.__dataclass_fields__}
    connection = replace(settings(ServerFlags(**flags)), timeout_seconds=SECONDS, max_retries=0)
    mount = str(said.get("mount") or os.environ.get("VAULTAWS_MOUNT") or "aws")
    token = connection.token.reveal() if connection.token is not None else ""
    kept = _kept_file((connection.address, connection.namespace, mount, token))
    names = _kept(kept)
    if names is None:
        from vaultaws.leases.offered import offered
        from vaultaws.vault.gateway import HvacVault

        names = list(offered(HvacVault(connection), mount).names)
        _keep(kept, names)
    return names


def profiles(_: Mapping[str, Any]) -> list[str]:
    """The profiles that vaultaws wrote."""
    from vaultaws.cli.wiring import home
    from vaultaws.handoff import awsfile
    from vaultaws.handoff.profiles import ours

    return [profile.name for profile in ours(awsfile.read(awsfile.config_path(os.environ, home())))]


def ready(_: Mapping[str, Any]) -> list[str]:
    """The ready policies."""
    from vaultaws.policy.ready import library

    return list(library())


_SOURCES: Final = {"role": roles, "profile": profiles, "ready": ready}


def _kept_file(parts: Sequence[str]) -> Path:
    """The file of names for a server, namespace, mount and token; the name is a digest."""
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    caches = given if given.is_absolute() else Path.home() / ".cache"
    return caches / "vaultaws" / "completion" / f"{digest}.json"


def _kept(path: Path) -> list[str] | None:
    """The names that were found a short while ago; None when there are none."""
    try:
        age = time.time() - path.lstat().st_mtime
        names = json.loads(path.read_text("utf-8")) if 0 <= age < KEPT_SECONDS else None
    except (OSError, ValueError):
        return None
    sound = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return names if sound else None


def _keep(path: Path, names: Sequence[str]) -> None:
    """Keep the names, and drop files that are too old. Trouble there is nobody's business."""
    from vaultaws.errors import LocalStateError
    from vaultaws.leases.private import ensure_directory, open_file

    with contextlib.suppress(OSError, LocalStateError):
        ensure_directory(path.parent)
        for other in path.parent.iterdir():
            if time.time() - other.lstat().st_mtime > KEPT_SECONDS:
                other.unlink()
        unfinished = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(open_file(unfinished), "w", encoding="utf-8") as file:
            json.dump(list(names), file)
            file.truncate()
        unfinished.replace(path)
