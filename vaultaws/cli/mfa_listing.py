"""`vaultaws mfa roles` and `status`: what may be assumed, and which sessions there are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.mfa_wiring import adapters, profile_option
from vaultaws.cli.options import json_option
from vaultaws.config import durations
from vaultaws.handoff.formats import iso

if TYPE_CHECKING:
    from vaultaws.mfa.assumable import Assumable
    from vaultaws.mfa.status import Known


@click.command(epilog="\b\nExample:\n  vaultaws mfa roles")
@profile_option
@json_option
def roles(*, profile: str | None, as_json: bool) -> None:
    """List the roles of your account that you may assume, and which of them want MFA.

    Needs iam:ListRoles. Your own policies are weighed too, as far as you may read them.
    """
    from vaultaws.aws.roles import list_roles
    from vaultaws.mfa.callers import assumable_by, identify

    own = adapters()
    base = own.caller(profile, own.read())
    with output.Progress("asking IAM"):
        who = identify(base.credentials, base.profile)
        listed = list_roles(base.credentials, profile=base.profile)
        found, unread = assumable_by(who, base.credentials, listed, base.profile)
    if as_json:
        output.as_json(
            {
                "version": 1,
                "caller": who.arn,
                "roles": [_role_document(each) for each in found],
                "unread": list(unread),
            }
        )
        return
    if found:
        output.result(_roles_table(found))
    else:
        output.say(f"none of the {len(listed)} roles of {who.account} lets {who.arn} in")
    if unread and not all(each.sure for each in found):
        output.say("note:  not all of your own policies can be read; a ? may be refused")


def _role_document(found: Assumable) -> dict[str, Any]:
    return {
        "arn": found.role.arn,
        "name": found.role.name,
        "needs_mfa": found.mfa,
        "needs_external_id": found.external_id,
        "sure": found.sure,
        "longest_seconds": found.role.longest_seconds,
    }


def _roles_table(found: tuple[Assumable, ...]) -> str:
    rows: list[tuple[str, ...]] = [("ROLE", "NEEDS", "LASTS UP TO")]
    for each in found:
        needs = [word for word, needed in _needs(each) if needed]
        rows.append(
            (each.role.arn, ", ".join(needs) or "—", durations.words(each.role.longest_seconds))
        )
    return table(rows)


def _needs(found: Assumable) -> tuple[tuple[str, bool], ...]:
    return (("MFA", found.mfa), ("external id", found.external_id), ("?", not found.sure))


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows in columns, the first one their heads."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


@click.command(epilog="\b\nExample:\n  vaultaws mfa status")
@json_option
def status(*, as_json: bool) -> None:
    """Show each session that is kept: profile, account, whose, its end, and where it is kept."""
    from vaultaws.mfa.status import known_sessions

    own = adapters()
    now, known = own.clock.now(), known_sessions(own.read(), own.cache(), own.environ)
    if as_json:
        document = [_status_document(each, now) for each in known]
        output.as_json({"version": 1, "sessions": document})
    elif known:
        output.result(table([_STATUS_HEAD, *(_status_row(each, now) for each in known)]))
    else:
        output.say("no session is kept: vaultaws mfa login")


_STATUS_HEAD = ("PROFILE", "ACCOUNT", "WHO", "ENDS", "KEPT IN")


def _status_row(known: Known, now: datetime) -> tuple[str, ...]:
    left = (known.ends_at - now).total_seconds()
    when = f"in {durations.words(left)}" if left > 0 else "ended"
    return known.profile, known.account or "—", known.who or "—", when, known.where.value


def _status_document(known: Known, now: datetime) -> dict[str, Any]:
    return {
        "profile": known.profile,
        "account": known.account or None,
        "who": known.who or None,
        "role_arn": known.role_arn or None,
        "ends_at": iso(known.ends_at),
        "good": known.ends_at > now,
        "kept_in": known.where.value,
    }
