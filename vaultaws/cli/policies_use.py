"""`vaultaws policies use`: a ready policy filled, written, and put into a role."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vaultaws.cli import newfiles, output
from vaultaws.cli.options import DEFAULT_FILE, json_option, yes_option
from vaultaws.config import files
from vaultaws.config.faults import quoted
from vaultaws.errors import UsageError, visible
from vaultaws.model import CredentialType

if TYPE_CHECKING:
    from vaultaws.policy.ready import ReadyPolicy

FOLDER: Final = "policies"
FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")
TYPES: Final = ("iam_user", "federation_token", "assumed_role")
SPANS: Final = {"default_ttl": "15m", "max_ttl": "1h"}


@dataclass(frozen=True)
class Wish:
    """What the command line asks for. `values` are NAME=VALUE as they were said."""

    values: tuple[str, ...]
    file_name: str | None
    role: str | None
    kind: str | None
    role_arns: tuple[str, ...]


@click.command(
    "use",
    epilog="\b\nExample:\n"
    "  vaultaws policies use s3-read --set bucket=acme-reports --set prefix=daily \\\n"
    "    --role reports --type iam_user",
)
@click.argument("ready", metavar="NAME")
@click.option("--set", "values", metavar="NAME=VALUE", multiple=True, help="Fill a placeholder.")
@click.option("--as", "file_name", metavar="FILE", help="Name of the file.  [default: NAME]")
@click.option("--role", "role_name", metavar="ROLE", help="Add a role with this policy.")
@click.option("--type", "kind", type=click.Choice(TYPES), help="The role's credential type.")
@click.option("--role-arn", "role_arns", multiple=True, help="What an assumed_role assumes.")
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_FILE,
    show_default=True,
    help="The declared file; the policy goes into policies/ beside it.",
)
@yes_option
@json_option
def use_policy(
    *,
    ready: str,
    values: tuple[str, ...],
    file_name: str | None,
    role_name: str | None,
    kind: str | None,
    role_arns: tuple[str, ...],
    config_file: Path,
    yes: bool,
    as_json: bool,
) -> None:
    """Fill a ready policy, write it beside the declared file, and put it into a role.

    A file that is there and says something else is shown as a difference, and asked about. With
    --role the declared file gets the table [roles.ROLE]; the rest of it stays as it is.
    """
    from vaultaws.cli.policies import named
    from vaultaws.plan.adopt_write import write_all

    policy = named(ready)
    wish = Wish(values, file_name, role_name, kind, role_arns)
    text = filled(policy, wish)
    path = config_file.parent / FOLDER / f"{_file_name(policy, wish)}.json"
    new = {path: text.encode()}
    old = {path: _there(path)}
    newfiles.ask(newfiles.Files(new, old), _again(policy, wish, config_file), yes=yes)
    if role_name is not None:
        old[config_file] = _declared(config_file)
        new[config_file] = _with_role(config_file, old[config_file] or b"", wish, path, text)
    found = newfiles.Files(new, old)
    if found.changed:
        write_all({each: new[each] for each in found.changed}, old)
    _tell(policy, wish, found, as_json=as_json)


def filled(policy: ReadyPolicy, wish: Wish) -> str:
    """The policy's text with its values in place, small enough for what it becomes.

    Raises UsageError: a value that is missing, unknown, said twice or refused; a policy that does
    not suit the role's type, or is too large for it.
    """
    from vaultaws.policy import placeholders

    _demand_type(policy, wish)
    values = _values(policy, wish.values)
    try:
        text = placeholders.fill(policy.text, values)
    except placeholders.BadPlaceholderValueError as error:
        kind = placeholders.KINDS[error.name]
        raise UsageError(
            f"{error.name} cannot be {quoted(values[error.name])}",
            why=error.why,
            do=f"say {kind.rule}, such as {kind.example}",
        ) from error
    _demand_size(policy, text, wish.kind)
    return text


def example(policy: ReadyPolicy) -> str:
    """A command line that fills every placeholder."""
    from vaultaws.policy.placeholders import KINDS

    said = [f"--set {name}={KINDS[name].example}" for name in policy.placeholders]
    return " ".join(["vaultaws policies use", policy.name, *said])


def _values(policy: ReadyPolicy, said: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in said:
        name, equals, value = each.partition("=")
        if name not in policy.placeholders:
            raise _unknown(policy, name)
        if not equals:
            raise UsageError(
                f"--set {name} says no value",
                why="a placeholder is filled as NAME=VALUE",
                do=example(policy),
            )
        if name in found:
            raise UsageError(
                f"{name} is set twice", why="one placeholder, one value", do="say it once"
            )
        found[name] = value
    if missing := [name for name in policy.placeholders if name not in found]:
        raise UsageError(
            f"{policy.name} still wants {', '.join(missing)}",
            why="what is yours in it must be said; nothing was written",
            do=example(policy),
        )
    return found


def _unknown(policy: ReadyPolicy, name: str) -> UsageError:
    known = policy.placeholders
    close = get_close_matches(name, known, n=1)
    there_are = f"it has {', '.join(known)}" if known else "it has none"
    return UsageError(
        f'{policy.name} has no placeholder "{visible(name)}"',
        why=f"the nearest is {close[0]}" if close else there_are,
        do=example(policy),
    )


def _demand_type(policy: ReadyPolicy, wish: Wish) -> None:
    if wish.role is None:
        if wish.kind or wish.role_arns:
            raise UsageError(
                "--type and --role-arn are about a role",
                why="none is named; nothing was written",
                do="name it with --role, or leave them out",
            )
        return
    suits = ", ".join(policy.role_types)
    if not suits:
        raise UsageError(
            f"{policy.name} is no policy of a role",
            why=policy.attach or "it is attached by hand",
            do=f"leave out --role: vaultaws policies use {policy.name}",
        )
    if wish.kind not in policy.role_types:
        raise UsageError(
            f"{policy.name} does not suit {wish.kind}"
            if wish.kind
            else "--role wants the role's --type",
            why=f"it suits {suits}",
            do=f"--role {visible(wish.role)} --type {policy.role_types[0]}",
        )
    if (wish.kind == CredentialType.ASSUMED_ROLE) != bool(wish.role_arns):
        raise UsageError(
            "--role-arn goes with --type assumed_role, and only with that",
            why="it names the role that is assumed; nothing was written",
            do="--type assumed_role --role-arn arn:aws:iam::ACCOUNT:role/NAME",
        )


def _demand_size(policy: ReadyPolicy, text: str, kind: str | None) -> None:
    from vaultaws.policy import sizes

    if kind is None:
        size, limit = sizes.counted_size(text), sizes.MANAGED_CHARACTERS
    elif kind == CredentialType.IAM_USER:
        size, limit = sizes.counted_size(text), sizes.USER_INLINE_CHARACTERS
    else:
        compact = json.dumps(json.loads(text), separators=(",", ":"))
        size, limit = len(compact), sizes.SESSION_CHARACTERS
    if size > limit:
        raise UsageError(
            f"{policy.name} is too large with these values",
            why=f"it has {size:,} characters, and AWS takes {limit:,}"
            + (f" for {kind}" if kind else ""),
            do="say shorter values, or take the policy apart",
        )


def _file_name(policy: ReadyPolicy, wish: Wish) -> str:
    name = wish.file_name or policy.name
    if FILE_NAME.fullmatch(name) is None:
        raise UsageError(
            f"{quoted(name)} is no name for the file",
            why="it goes into policies/ beside the declared file",
            do="use letters, digits, _ . and -, and leave .json out",
        )
    return name.removesuffix(".json")


def _there(path: Path) -> bytes | None:
    from vaultaws.config.load import MAX_BYTES

    raw = files.read(path, MAX_BYTES)
    if isinstance(raw, bytes):
        return raw
    if raw.missing and not path.is_symlink():
        return None
    raise UsageError(
        f"cannot write {visible(str(path))}", why=raw.what, do="name another file with --as"
    )


def _declared(file: Path) -> bytes:
    raw = _there(file)
    if raw is None:
        raise UsageError(
            f"no file {visible(str(file))}",
            why="the role is added to it; nothing was written",
            do="vaultaws init, or name the file with -c",
        )
    return raw


def _with_role(file: Path, raw: bytes, wish: Wish, path: Path, text: str) -> bytes:
    """The declared file with the role. It must have been sound before, and be so afterwards."""
    from vaultaws.config.load import load
    from vaultaws.plan.roleadded import demand_sound, with_role

    load(file)
    name = f"{FOLDER}/{path.name}"
    table = role_table(wish, name)
    new = with_role(raw.decode(), wish.role or "", table, file)
    demand_sound(new, file, {file.parent / name: text})
    return new.encode()


def role_table(wish: Wish, policy: str) -> dict[str, Any]:
    """The role as the declared file says it: short spans where a token outlives its lease."""
    table: dict[str, Any] = {"credential_type": wish.kind, "policy": policy}
    if wish.role_arns:
        table["role_arns"] = list(wish.role_arns)
    return table if wish.kind == CredentialType.IAM_USER else {**table, **SPANS}


def _again(policy: ReadyPolicy, wish: Wish, file: Path) -> str:
    import shlex

    options: list[str] = [word for value in wish.values for word in ("--set", value)]
    singles: Mapping[str, str | None] = {
        "--as": wish.file_name,
        "--role": wish.role,
        "--type": wish.kind,
    }
    options += [word for option, said in singles.items() if said for word in (option, said)]
    options += [word for arn in wish.role_arns for word in ("--role-arn", arn)]
    return visible(
        shlex.join(["vaultaws", "policies", "use", policy.name, *options, "-c", str(file)])
    )


def _tell(policy: ReadyPolicy, wish: Wish, found: newfiles.Files, *, as_json: bool) -> None:
    if as_json:
        output.as_json(
            {
                "version": 1,
                "policy": policy.name,
                "file": str(next(iter(found.new))),
                "written": [str(path) for path in found.changed],
                "role": wish.role,
                "type": wish.kind,
            }
        )
    else:
        for path in found.changed:
            output.result(str(path))
        if not found.changed:
            output.say("all of it stands there already; nothing was written")
    if wish.kind == CredentialType.FEDERATION_TOKEN:
        output.say("note: Vault's own user must hold these actions too (LendToFederatedUsers)")
    if wish.kind == CredentialType.ASSUMED_ROLE:
        output.say("note: the assumed role must hold these actions; the policy only narrows it")
    if policy.attach:
        output.say(f"next: {policy.attach}")
    elif wish.role is None:
        output.hint("next: name it in a role: --role ROLE --type TYPE")
    else:
        output.hint(f"next: name {wish.role} in an [access.*] table; vaultaws lint, vaultaws plan")
