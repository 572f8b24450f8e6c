"""Audit devices."""

from __future__ import annotations

from vaultaws.model import AuditDevice
from vaultaws.vault import decode, decode_access
from vaultaws.vault.base import Server


class AuditCalls(Server):
    """`sys/audit`, `sys/audit-hash`. Audit devices are the whole server's: only the root namespace
    has them, so that is where they are asked for, whichever one the person works in."""

    def audit_devices(self) -> list[str]:
        return sorted(self.read_audit_devices())

    def audit_hash(self, device: str, value: str) -> str:
        path = f"sys/audit-hash/{device}"
        answer = self._request("POST", path, {"input": value}, server_wide=True)
        return decode.required_text(decode.payload(answer), "hash")

    def read_audit_devices(self) -> dict[str, AuditDevice]:
        answer = self._request("GET", "sys/audit", server_wide=True)
        return decode_access.audit_devices(decode.payload(answer))

    def enable_audit_device(self, device: AuditDevice) -> None:
        body = {
            "type": device.type,
            "options": dict(device.options),
            "description": device.description,
        }
        self._request("PUT", f"sys/audit/{device.path}", body, server_wide=True)
