"""Where Vault's audit log is, and what the AWS side knows of Vault's own user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.incident.usage import Lookup
    from vaultaws.leases.journal import Journal
    from vaultaws.model import RootConfig
    from vaultaws.trail.audit import AuditLog

DEFAULT_FILE = Path("vaultaws.toml")

audit_log_option = click.option(
    "--audit-log",
    envvar="VAULTAWS_AUDIT_LOG",
    type=click.Path(),
    help="Vault's audit log file (VAULTAWS_AUDIT_LOG; else [trail] of ./vaultaws.toml).",
)


def audit_log_path(said: str | None) -> Path | None:
    """The audit log that was named, by option, variable or the file here; None without one."""
    if said:
        return Path(_is_file(said))
    if not DEFAULT_FILE.is_file():
        return None
    from vaultaws.config.load import load

    named = load(DEFAULT_FILE).trail.audit_log
    return DEFAULT_FILE.parent / _is_file(named) if named else None


def _is_file(named: str) -> str:
    """The name, where it is that of a file. Raises UsageError for an address."""
    if not named.startswith(("tcp:", "unix:")):
        return named
    from vaultaws.errors import UsageError

    raise UsageError(
        "an audit log is a file",
        why=f"{named} is an address, where lines come and are gone",
        do="vaultaws trail watch --listen HOST:PORT --audit-log FILE keeps what comes in a file",
    )


def read_audit_log(path: Path | None, *mounts: str) -> AuditLog | None:
    """Read the log with its rotated parts; None when none was named."""
    from vaultaws.trail import audit

    return None if path is None else audit.read(audit.rotated(path), mounts)


def put_right(vault: Vault, journal: Journal, audit_log: str | None, *mounts: str) -> None:
    """Revoke what runs that broke off left behind on this server, and say so."""
    from vaultaws.clock import SystemClock
    from vaultaws.leases.recover import Evidence, recover

    if not journal.pending():
        return
    log = read_audit_log(audit_log_path(audit_log), *mounts)
    device = only_device(vault)
    evidence = Evidence(device, tuple(log.issuances)) if log is not None and device else None
    found = recover(vault, journal, SystemClock(), evidence)
    for lease in found.revoked:
        output.say(f"· an earlier run that broke off left a lease behind; revoked {lease}")
    for sentence in found.unsure:
        output.say(f"· an earlier run that broke off may have left something behind: {sentence}")


def settled_log(
    vault: Vault, journal: Journal, audit_log: str | None, *mounts: str
) -> AuditLog | None:
    """Put right what earlier runs left behind, then read the log, which tells that too."""
    put_right(vault, journal, audit_log, *mounts)
    return read_audit_log(audit_log_path(audit_log), *mounts)


def only_device(vault: Vault) -> str | None:
    """The server's audit device when it has one and this token may see it."""
    from vaultaws.errors import VaultDeniedError

    try:
        devices = vault.audit_devices()
    except VaultDeniedError:
        return None
    return devices[0] if len(devices) == 1 else None


def digest_with(vault: Vault, device: str | None) -> Callable[[str], str] | None:
    """How a value stands in the audit log: through `device`, or the server's only one."""
    named = device or only_device(vault)
    return (lambda value: vault.audit_hash(named, value)) if named is not None else None


def digest_or_none(vault: Vault) -> Callable[[str], str] | None:
    """`digest_with`, where a server that does not answer tells none either."""
    from vaultaws.errors import VaultError

    try:
        return digest_with(vault, None)
    except VaultError:
        return None


def paced_lookup() -> Lookup:
    """CloudTrail's event history, no faster than AWS takes it: it counts by account and region."""
    from vaultaws.aws.cloudtrail import Pacer, lookup_records
    from vaultaws.clock import SystemClock

    clock = SystemClock()
    pacers = defaultdict[str, Pacer](lambda: Pacer(clock))

    def lookup(
        attribute: str | None, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        return lookup_records(
            attribute, value, start=start, end=end, region=region, clock=clock, pacer=pacers[region]
        )

    return lookup


def root_config(vault: Vault, mount: str) -> RootConfig | None:
    """How the mount works in AWS; None where this token may not read it, or there is nothing."""
    from vaultaws.errors import VaultDeniedError

    try:
        return vault.read_root(mount)
    except VaultDeniedError:
        return None


def root_user(vault: Vault, mount: str) -> tuple[str, str]:
    """Vault's own key id and IAM user, each empty when it cannot be known."""
    return user_of(root_config(vault, mount))


def user_of(root: RootConfig | None) -> tuple[str, str]:
    """The same, of a configuration that is known."""
    from vaultaws.aws.identity import Directory
    from vaultaws.errors import AwsError

    if root is None or not root.access_key_id:
        return "", ""
    try:
        return root.access_key_id, Directory().key_owner(root.access_key_id)
    except AwsError:
        return root.access_key_id, ""
