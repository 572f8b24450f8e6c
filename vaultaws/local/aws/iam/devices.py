"""Virtual MFA devices (IAM API reference, the MFADevice actions).

A device's QR code is left out of the answer to CreateVirtualMFADevice: its seed says the same.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any, Final

from moto.iam.models import VirtualMfaDevice

from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.hooks import ApiError, Handlers
from vaultaws.local.aws.iam.state import State, exists_already, no_such, over_quota, utc
from vaultaws.local.aws.iam.users import paged
from vaultaws.local.aws.mfa import Codes

MAX_DEVICES: Final = 8
SEED_BYTES: Final = 40


class Devices:
    """MFA devices of one account. Handlers run under `moto_door.LOCK`."""

    def __init__(self, state: State, codes: Codes) -> None:
        self._state = state
        self._codes = codes

    def handlers(self) -> Handlers:
        return {
            ("iam", "CreateVirtualMFADevice"): self.create,
            ("iam", "DeleteVirtualMFADevice"): self.delete,
            ("iam", "EnableMFADevice"): self.enable,
            ("iam", "ResyncMFADevice"): self.resync,
            ("iam", "DeactivateMFADevice"): self.deactivate,
            ("iam", "ListMFADevices"): self.list,
            ("iam", "ListVirtualMFADevices"): self.list_virtual,
        }

    def create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        path = str(call.params.get("Path", "/"))
        name = f"{path}{call.params['VirtualMFADeviceName']}"
        device = VirtualMfaDevice(self._state.account_id, "us-east-1", name)
        if device.serial_number in self._state.backend.virtual_mfa_devices:
            raise exists_already("MFADevice entity at the same path and name already exists.")
        device.base32_string_seed = base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode()
        self._state.backend.virtual_mfa_devices[device.serial_number] = device
        shown = {
            "SerialNumber": device.serial_number,
            "Base32StringSeed": device.base32_string_seed,
        }
        return {"VirtualMFADevice": shown}

    def delete(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        serial = str(call.params["SerialNumber"])
        if self._device(serial).user is not None:
            text = "MFA VirtualDevice in use. Must deactivate first."
            raise ApiError("DeleteConflict", text, 409)
        del self._state.backend.virtual_mfa_devices[serial]
        self._codes.forget(serial)
        return {}

    def _device(self, serial: str) -> Any:
        device = self._state.backend.virtual_mfa_devices.get(serial)
        if device is None:
            raise no_such(f"VirtualMFADevice with serial number {serial} doesn't exist.")
        return device

    def enable(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        device = self._device(str(call.params["SerialNumber"]))
        if device.user is not None:
            raise exists_already("MFA Device is already in use.")
        if len(user.mfa_devices) >= MAX_DEVICES:
            raise over_quota("MFADevicesPerUser", MAX_DEVICES)
        first, second = _codes(call)
        if not self._codes.enable(device.serial_number, device.base32_string_seed, first, second):
            raise _invalid_code()
        user.enable_mfa_device(device.serial_number, first, second)
        now = self._state.naive_now()
        device.user, device.enable_date = user, now
        user.mfa_devices[device.serial_number].enable_date = now
        return {}

    def resync(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        device = self._enabled(user, str(call.params["SerialNumber"]))
        seed = device.base32_string_seed
        if not self._codes.resync(device.serial_number, seed, *_codes(call)):
            raise _invalid_code()
        return {}

    def _enabled(self, user: Any, serial: str) -> Any:
        if serial not in user.mfa_devices:
            text = f"MFA device {serial} is not associated with user {user.name}."
            raise no_such(text)
        return self._device(serial)

    def deactivate(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        device = self._enabled(user, str(call.params["SerialNumber"]))
        user.deactivate_mfa_device(device.serial_number)
        device.user = device.enable_date = None
        self._codes.forget(device.serial_number)
        return {}

    def list(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        page, rest = paged(sorted(user.mfa_devices), call.params)
        devices = [
            {
                "UserName": user.name,
                "SerialNumber": serial,
                "EnableDate": utc(user.mfa_devices[serial].enable_date),
            }
            for serial in page
        ]
        return {"MFADevices": devices, **rest}

    def list_virtual(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        status = call.params.get("AssignmentStatus", "Any")
        devices = self._state.backend.virtual_mfa_devices
        serials = sorted(
            serial
            for serial, device in devices.items()
            if status == "Any" or (device.user is not None) == (status == "Assigned")
        )
        page, rest = paged(serials, call.params)
        return {"VirtualMFADevices": [_shown(devices[serial]) for serial in page], **rest}


def _codes(call: Call) -> tuple[str, str]:
    return str(call.params["AuthenticationCode1"]), str(call.params["AuthenticationCode2"])


def _invalid_code() -> ApiError:
    text = "Authentication code for device is not valid."
    return ApiError("InvalidAuthenticationCode", text, 403)


def _shown(device: Any) -> Mapping[str, Any]:
    """A list never shows seeds."""
    shown: dict[str, Any] = {"SerialNumber": device.serial_number}
    if device.user is not None:
        user = device.user
        shown["EnableDate"] = utc(device.enable_date)
        shown["User"] = {
            "Path": user.path,
            "UserName": user.name,
            "UserId": user.id,
            "Arn": user.arn,
            "CreateDate": utc(user.create_date),
        }
    return shown
