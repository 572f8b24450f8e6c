"""Audit devices."""

from __future__ import annotations

from vaultaws.model import AuditDevice
from vaultaws.vault import decode, decode_access
from vaultaws.vault.base import Server, url_path


class AuditCalls(Server):
    """`sys/audit`, `sys/audit-hash`."""

    def audit_devices(self) -> list[str]:
        return sorted(self.read_audit_devices())

    def audit_hash(self, device: str, value: str) -> str:
        answer = self._client.sys.calculate_hash(url_path(device), value)
        return decode.required_text(decode.payload(answer), "hash")

    def read_audit_devices(self) -> dict[str, AuditDevice]:
        answer = self._client.sys.list_enabled_audit_devices()
        return decode_access.audit_devices(decode.payload(answer))

    def enable_audit_device(self, device: AuditDevice) -> None:
        body = {
            "type": device.type,
            "options": dict(device.options),
            "description": device.description,
        }
        self._request("PUT", f"sys/audit/{device.path}", body)
