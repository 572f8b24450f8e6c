"""`vaultaws leases show`: everything known of one credential."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, holdings, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import ServerFlags, json_option, mount_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.leases.inventory import Holding, LastUse
    from vaultaws.leases.showing import InAws
    from vaultaws.model import AuditIssuance
    from vaultaws.trail.audit import AuditLog

LONGEST_LOOK_BACK = timedelta(days=90)
"""What LookupEvents keeps (CloudTrail user guide, "Event history")."""


@click.command("show", epilog="\b\nExample:\n  vaultaws leases show AKIA…RG6")
@click.argument("what", metavar="LEASE|KEY")
@audit_log_option
@mount_option
@json_option
@server_options
def show_lease(
    *, what: str, audit_log: str | None, mount: str, as_json: bool, server: ServerFlags
) -> None:
    """Show all that is known of one credential, by its lease or its key id (AKIA…RG6 will do).

    Vault tells of the lease, its audit log and this machine's journal of who asked, AWS of the IAM
    user and the last use. An IAM user's key that has no lease is shown too.
    """
    from vaultaws.leases import showing

    vault = open_vault(server)
    mount = what.rsplit("/", 3)[0] if what.count("/") > 2 else mount
    with open_journal() as journal:
        log = evidence.settled_log(vault, journal, audit_log, mount)
        found = holdings.take(vault, journal, mount, log)
    found = holdings.without_dead(vault, mount, found)
    held = showing.find(found, what, _hash(vault, what))
    key, notes = _whole_key(what, held)
    if held is None and key:
        held = showing.find(found, key, holdings.hash_of(vault, key))
    aws = _in_aws(key, held, found.taken_at)
    if held is None and aws.key is None and aws.last_use is None:
        raise showing.unknown(what, mount, (*notes, *aws.notes))
    shown = showing.Shown(
        mount=mount,
        at=found.taken_at,
        access_key_id=key,
        held=held,
        asked=_asked(log, held),
        aws=aws,
        notes=(*found.notes, *notes),
        is_root=held is None and bool(key) and evidence.root_user(vault, mount)[0] == key,
    )
    if as_json:
        output.as_json(showing.as_json(shown))
    else:
        output.result(showing.render(shown))


def _hash(vault: Vault, what: str) -> str:
    return "" if "/" in what else holdings.hash_of(vault, what)


def _whole_key(what: str, held: Holding | None) -> tuple[str, tuple[str, ...]]:
    """The key id in clear: as Vault's side knows it, as it was typed, or as IAM has it."""
    from vaultaws.aws.users import Users
    from vaultaws.errors import AwsError
    from vaultaws.leases.showing import is_lease, several
    from vaultaws.leases.words import is_key

    if held is not None and held.access_key_id:
        return held.access_key_id, ()
    if is_lease(what):
        return "", ()
    if "…" not in what:
        return what, ()
    try:
        with output.Progress("looking for the key among IAM users"):
            fits = [key.id for user in Users().seen() for key in user.keys if is_key(key.id, what)]
    except AwsError as error:
        return "", (f"IAM was not asked whose key it is: {error.why}",)
    if len(fits) > 1:
        raise several(what, fits)
    return (fits[0] if fits else ""), ()


def _asked(log: AuditLog | None, held: Holding | None) -> AuditIssuance | None:
    if log is None or held is None:
        return None
    return next((one for one in log.issuances if one.lease_id == held.lease_id), None)


def _in_aws(key: str, held: Holding | None, now: datetime) -> InAws:
    """What AWS says of the key, as far as this identity may see it."""
    from vaultaws.aws.identity import Directory
    from vaultaws.errors import AwsError
    from vaultaws.leases.inventory import LastUse
    from vaultaws.leases.showing import InAws

    if not key:
        return InAws(notes=("AWS was not asked: the key is not known in clear",) if held else ())
    try:
        if key.startswith("ASIA"):
            return InAws(last_use=_seen_in_trail(key, held, now), notes=(_LATE,))
        seen = Directory().key(key)
    except AwsError as error:
        return InAws(notes=(f"AWS's side was not seen: {error.why}",))
    if seen is None:
        return InAws(notes=("IAM has no such key any more",) if held else (), gone=True)
    used = seen.last_used_at
    return InAws(seen, LastUse(seen.last_used_service, used) if used else None)


_LATE = "CloudTrail shows calls up to 15 minutes late, and those of one region"


def _seen_in_trail(key: str, held: Holding | None, now: datetime) -> LastUse | None:
    """The newest call made with the key: one look-up."""
    from vaultaws.aws.cloudtrail import lookup_records
    from vaultaws.clock import SystemClock
    from vaultaws.leases.inventory import LastUse

    issued = held.issued_at if held is not None else None
    start = max(now - LONGEST_LOOK_BACK, issued or now - LONGEST_LOOK_BACK)
    records = lookup_records(
        "AccessKeyId", key, start=min(start, now), end=now, clock=SystemClock()
    )
    record = next(records, None)
    if record is None:
        return None
    service = str(record["eventSource"]).removesuffix(".amazonaws.com")
    return LastUse(service, datetime.fromisoformat(record["eventTime"]))
