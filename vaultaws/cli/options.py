"""Options that many verbs share, and the values they become."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from vaultaws.config import durations

Command = Callable[..., Any]


class Span(click.ParamType[int]):
    """A span of time, read to whole seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return durations.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Delay(click.ParamType[float]):
    """A short span in seconds: 500ms, or as a span is written."""

    name = "delay"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        if milliseconds := re.fullmatch(r"([0-9]{1,7})ms", value.strip()):
            return int(milliseconds[1]) / 1000
        return float(Span().convert(value, param, ctx))


class Moment(click.ParamType[datetime]):
    """A time: ISO 8601 (UTC where no zone is said), or a span such as 24h for that long ago."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        with suppress(ValueError):
            return datetime.now(UTC) - timedelta(seconds=durations.parse(value))
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is neither a span such as 24h nor an ISO 8601 time', param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ServerFlags:
    """What the command line said of the server; None where it said nothing."""

    address: str | None = None
    agent_address: str | None = None
    namespace: str | None = None
    ca_cert: str | None = None
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    tls_server_name: str | None = None
    tls_skip_verify: bool | None = None


@dataclass(frozen=True)
class Filters:
    """Which credentials are meant; empty strings do not narrow."""

    role: str = ""
    person: str = ""
    key: str = ""
    accessor: str = ""
    older_than: int | None = None


_SERVER_OPTIONS = (
    click.option("--address", help="The server (VAULT_ADDR)."),
    click.option("--agent-address", help="A Vault agent to ask instead (VAULT_AGENT_ADDR)."),
    click.option("--namespace", help="Namespace (VAULT_NAMESPACE)."),
    click.option("--ca-cert", help="CA certificate file (VAULT_CACERT)."),
    click.option("--ca-path", help="Directory of CA certificates (VAULT_CAPATH)."),
    click.option("--client-cert", help="Client certificate file (VAULT_CLIENT_CERT)."),
    click.option("--client-key", help="Its key file (VAULT_CLIENT_KEY)."),
    click.option("--tls-server-name", help="Name in the certificate (VAULT_TLS_SERVER_NAME)."),
    click.option(
        "--tls-skip-verify",
        is_flag=True,
        default=None,
        help="Do not check the certificate (VAULT_SKIP_VERIFY).",
    ),
)


_FILTER_OPTIONS = (
    click.option("--role", default="", help="Only this role."),
    click.option("--person", default="", help="Only this person."),
    click.option("--key", default="", help="Only this access key id (AKIA…RG6 will do)."),
    click.option("--accessor", default="", help="Only what this token's accessor stands for."),
    click.option("--older-than", type=Span(), help="Only what is older, e.g. 2h or 7d."),
)


def server_options(command: Command) -> Command:
    """Give a verb the server's flags; the function gets one ServerFlags as `server`."""
    return gathered(command, "server", ServerFlags, _SERVER_OPTIONS)


def filter_options(command: Command) -> Command:
    """Give a verb the filters of listings; the function gets one Filters as `filters`."""
    return gathered(command, "filters", Filters, _FILTER_OPTIONS)


def gathered(
    command: Command, name: str, kind: type[Any], options: tuple[Callable[[Command], Command], ...]
) -> Command:
    """Add `options` to a command and hand their values over as one `kind`, named `name`."""

    @functools.wraps(command)
    def wrapped(**values: Any) -> Any:
        said = [field for field in kind.__dataclass_fields__ if field in values]
        gathered = kind(**{field: values.pop(field) for field in said})
        return command(**{name: gathered}, **values)

    finished: Command = wrapped
    for option in reversed(options):
        finished = option(finished)
    return finished


mount_option = click.option(
    "--mount",
    envvar="VAULTAWS_MOUNT",
    default="aws",
    show_default=True,
    help="Where the AWS engine is mounted (VAULTAWS_MOUNT).",
)


class _Mount(click.ParamType[str]):
    """A mount. VAULTAWS_MOUNT names one, as for the verbs that work on one."""

    name = "text"

    def split_envvar_value(self, rv: str) -> list[str]:
        return [rv] if rv else []


def _each_once(_ctx: click.Context, _option: click.Parameter, said: tuple[str, ...]) -> Any:
    return tuple(dict.fromkeys(said))


mounts_option = click.option(
    "--mount",
    "mounts",
    envvar="VAULTAWS_MOUNT",
    default=("aws",),
    show_default=True,
    multiple=True,
    type=_Mount(),
    callback=_each_once,
    help="Where the AWS engine is mounted (VAULTAWS_MOUNT); may be given several times.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")


DEFAULT_FILE = "vaultaws.toml"
_file_path = click.Path(path_type=Path)
files_argument = click.argument("named", metavar="[FILES]...", nargs=-1, type=_file_path)
files_option = click.option(
    "-c",
    "--config",
    "configs",
    multiple=True,
    type=_file_path,
    help=f"A declared file; several may be named.  [default: {DEFAULT_FILE}]",
)


def file_option(words: str) -> Callable[[Command], Command]:
    """-c for verbs that take one declared file, called `file`; `words` are its help."""
    return click.option(
        "-c",
        "--config",
        "file",
        default=DEFAULT_FILE,
        show_default=True,
        type=click.Path(path_type=Path),
        help=words,
    )


def files_options(command: Command) -> Command:
    """Give a verb `-c FILE` (many times) and FILES; the function gets `files`, a tuple of paths.

    The order is that of the options, then of the arguments; a file named twice counts once.
    Nothing named is vaultaws.toml.
    """

    @functools.wraps(command)
    def wrapped(*, configs: tuple[Path, ...], named: tuple[Path, ...], **values: Any) -> Any:
        files = tuple(dict.fromkeys((*configs, *named))) or (Path(DEFAULT_FILE),)
        return command(files=files, **values)

    finished: Command = wrapped
    return files_argument(files_option(finished))
