"""What a plan was made from, as one number: the file's values and what the server had. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any

from vaultaws.config.schema import Config
from vaultaws.plan.changes import Observed

# not declared state: where the file lies, how it is written, where trails are read
_UNSAID = frozenset({"file", "text", "policy_files", "trail"})
# counts change by the minute and decide nothing
_UNWEIGHED = frozenset({"lease_counts", "unseen"})


def fingerprint(config: Config, observed: Observed, *, prune: bool) -> str:
    """SHA-256, in hexadecimal, of canonical JSON. Equal exactly when the plan would be."""
    declared = {
        field.name: getattr(config, field.name)
        for field in fields(config)
        if field.name not in _UNSAID
    }
    seen = {
        field.name: getattr(observed, field.name)
        for field in fields(observed)
        if field.name not in _UNWEIGHED
    }
    text = json.dumps(
        {"declared": declared, "observed": seen, "prune": prune},
        default=_plain,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A value that JSON does not know; ours hold no secrets, and a Secret is refused."""
    if is_dataclass(value) and not isinstance(value, type):
        return vars(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, PurePath):
        return str(value)
    msg = f"a {type(value).__name__} has no place in a fingerprint"
    raise TypeError(msg)
