"""What can be set on a running local AWS: one flat, checked value.

`up`'s flags, the control path and in-process tests all speak these names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from vaultaws.local.aws.faults import FaultKind

MAX_DELAY_SECONDS: Final = 86_400.0
MAX_NAMES: Final = 100
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class SettingsError(ValueError):
    """One or more settings are wrong. `faults` has a plain sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class LocalAwsSettings:
    """Delays and intervals in seconds; jitters, rates and shares from 0 to 1."""

    iam_delay: float = 0.0
    iam_jitter: float = 0.0
    iam_flap: bool = False
    trail_delay: float = 0.0
    trail_jitter: float = 0.0
    trail_interval: float = 300.0
    trail_duplicates: float = 0.0
    data_events: bool = False
    fault_rate: float = 0.0
    fault_services: tuple[str, ...] = ()
    fault_operations: tuple[str, ...] = ()
    fault_kinds: tuple[FaultKind, ...] = tuple(FaultKind)

    def changed(self, changes: Mapping[str, Any]) -> LocalAwsSettings:
        """These settings with `changes`; SettingsError naming every fault, and nothing changed."""
        faults: list[str] = []
        checked: dict[str, Any] = {}
        for name, value in changes.items():
            check = _CHECKS.get(name)
            if check is None:
                known = ", ".join(_CHECKS)
                faults.append(f"there is no setting {str(name)[:64]!r}; there are: {known}")
                continue
            try:
                checked[name] = check(value)
            except ValueError as fault:
                faults.append(f"{name} {fault}")
        if faults:
            raise SettingsError(faults)
        return replace(self, **checked)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # NaN lies in no range
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(value)

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _names(value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list | tuple) and len(value) <= MAX_NAMES
    if not is_list or not all(isinstance(n, str) and _NAME.fullmatch(n) for n in value):
        raise ValueError(f"must be a list of at most {MAX_NAMES} names of letters, digits and -")
    return tuple(value)


def _kinds(value: Any) -> tuple[FaultKind, ...]:
    known = [kind.value for kind in FaultKind]
    if not isinstance(value, list | tuple) or not value or not all(v in known for v in value):
        raise ValueError(f"must be a list of some of: {', '.join(known)}")
    return tuple(FaultKind(each) for each in dict.fromkeys(value))


_share = _number(0, 1)
_delay = _number(0, MAX_DELAY_SECONDS)
_CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "iam_delay": _delay,
    "iam_jitter": _share,
    "iam_flap": _flag,
    "trail_delay": _delay,
    "trail_jitter": _share,
    "trail_interval": _number(1, MAX_DELAY_SECONDS),
    "trail_duplicates": _share,
    "data_events": _flag,
    "fault_rate": _share,
    "fault_services": _names,
    "fault_operations": _names,
    "fault_kinds": _kinds,
}
