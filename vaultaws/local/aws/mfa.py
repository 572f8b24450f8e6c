"""Virtual MFA devices: time-based codes (RFC 6238), each good for one use.

A code counts by the local AWS's time or by the machine's: an authenticator keeps the latter, a
test that moves the clock the former.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

import pyotp

from vaultaws.local.aws.hooks import ApiError, Clock

STEP_SECONDS: Final = 30
_NEAR: Final = 1  # steps a device may be off when it signs in
_ENABLE: Final = 4  # when it is enabled
_RESYNC: Final = 240  # when it is resynchronised: two hours
_REMEMBERED: Final = 64  # used steps kept per device, far more than are ever near


class Codes:
    """Checks codes and remembers which were used. Callers hold `moto_door.LOCK`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[str, OrderedDict[int, None]] = {}
        self._drift: dict[str, int] = {}

    def verify(self, serial: str, seed: str, code: str) -> bool:
        """True once for a code of the present, give or take a step."""
        drift = self._drift.get(serial, 0)
        return any(
            _matches(seed, step, code) and self._use(serial, step)
            for now in self._steps()
            for step in _around(now + drift, _NEAR)
        )

    def enable(self, serial: str, seed: str, first: str, second: str) -> bool:
        """Two codes in a row start a device; how far its clock is off is remembered."""
        return self._pair(serial, seed, first, second, _ENABLE)

    def resync(self, serial: str, seed: str, first: str, second: str) -> bool:
        """Two codes in a row from a device that has drifted far."""
        return self._pair(serial, seed, first, second, _RESYNC)

    def forget(self, serial: str) -> None:
        self._used.pop(serial, None)
        self._drift.pop(serial, None)

    def _pair(self, serial: str, seed: str, first: str, second: str, reach: int) -> bool:
        for now in self._steps():
            for step in _around(now, reach):
                if _matches(seed, step, first) and _matches(seed, step + 1, second):
                    self._use(serial, step)
                    self._use(serial, step + 1)
                    off = step + 1 - now
                    self._drift[serial] = 0 if abs(off) <= _NEAR else off
                    return True
        return False

    def _steps(self) -> list[int]:
        """The present, by both clocks."""
        moments = (self._clock.now(), self._clock.wall())
        return list(dict.fromkeys(int(m.timestamp()) // STEP_SECONDS for m in moments))

    def _use(self, serial: str, step: int) -> bool:
        used = self._used.setdefault(serial, OrderedDict())
        if step in used:
            return False
        used[step] = None
        if len(used) > _REMEMBERED:
            used.popitem(last=False)
        return True


def _around(step: int, reach: int) -> Iterable[int]:
    """The step itself first, then its neighbours, nearest first."""
    yield step
    for distance in range(1, reach + 1):
        yield step - distance
        yield step + distance


def _matches(seed: str, step: int, code: str) -> bool:
    return step >= 0 and pyotp.utils.strings_equal(pyotp.HOTP(seed).at(step), code)


def check_session_code(codes: Codes, backend: Any, user: Any, serial: str, code: str) -> None:
    """Raise AccessDenied unless `code` is a fresh one of a device of `user`.

    Source: the STS API's own messages, as aws-mfa's and assume's users see them.
    """
    if not (serial and code):
        raise _failed(", must provide both MFA serial number and one time pass code.")
    device = backend.virtual_mfa_devices.get(serial)
    if user is None or device is None or serial not in user.mfa_devices:
        raise _failed(
            ", unable to validate MFA code.  Please verify your MFA serial number is valid and "
            "associated with this user."
        )
    if not codes.verify(serial, device.base32_string_seed, code):
        raise _failed(" with invalid MFA one time pass code. ")


def _failed(how: str) -> ApiError:
    return ApiError("AccessDenied", f"MultiFactorAuthentication failed{how}", 403)
