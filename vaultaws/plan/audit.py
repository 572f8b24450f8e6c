"""Audit devices: declared against observed. Pure.

A device cannot be changed in place; one that differs is refused (`refusals`). Devices that the
file does not name are nobody's business here.
"""

from __future__ import annotations

from typing import Final

from vaultaws.config.schema import Config
from vaultaws.model import AuditDevice
from vaultaws.plan.changes import Action, Change, Field, Kind, Observed
from vaultaws.plan.fields import said

# What Vault assumes of an option that was not said (Vault docs, "Audit devices").
_ASSUMED: Final = {
    "format": "json",
    "hmac_accessor": "true",
    "log_raw": "false",
    "mode": "0600",
    "prefix": "",
}


def audit_changes(config: Config, observed: Observed) -> list[Change]:
    """Enable the declared devices that are not there."""
    there = {device.path for device in observed.audit}
    return [
        Change(Action.ADD, Kind.AUDIT, device.path, _fields(device), device, note=device.type)
        for device in config.audit
        if device.path not in there
    ]


def _fields(device: AuditDevice) -> tuple[Field, ...]:
    described = (("description", device.description),) if device.description else ()
    pairs = (*device.options, *described)
    return tuple(Field(name, said(name, ""), said(name, value)) for name, value in pairs)


def differences(declared: AuditDevice, now: AuditDevice) -> tuple[str, ...]:
    """What of a declared device is not so on the server. An option that is not said stays."""
    options = dict(now.options)
    found = [
        f"{name} is {options.get(name, _ASSUMED.get(name, ''))!r}"
        for name, value in declared.options
        if options.get(name, _ASSUMED.get(name)) != value
    ]
    if declared.type != now.type:
        found.insert(0, f"its type is {now.type}")
    if declared.description and declared.description != now.description:
        found.append(f"its description is {now.description!r}")
    return tuple(found)
