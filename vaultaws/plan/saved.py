"""The file of a reviewed plan: which plan it was, not what is in it.

`plan --out FILE` writes it, `apply --plan FILE` demands it. It holds no secret and no policy: the
declared file is read again, the server observed again, and both must come to the same fingerprint.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from vaultaws.errors import ConfigError

VERSION: Final = 1


@dataclass(frozen=True)
class SavedPlan:
    """One plan of one file, as it was shown."""

    file: str
    address: str
    namespace: str
    mount: str
    fingerprint: str
    prune: bool = False


def encode(plan: SavedPlan) -> str:
    """The file's text."""
    return json.dumps({"version": VERSION, **asdict(plan)}, indent=2, ensure_ascii=False) + "\n"


def load(path: Path) -> SavedPlan:
    """Read a plan file. Raises ConfigError when it is none, or another version's."""
    try:
        body = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise _not_one(path, why or "it is not JSON") from error
    if not isinstance(body, dict) or body.get("version") != VERSION:
        raise _not_one(path, f"it is not of version {VERSION}")
    return _decode(path, body)


def _decode(path: Path, body: dict[str, Any]) -> SavedPlan:
    texts = {field.name: body.get(field.name) for field in fields(SavedPlan)}
    prune = texts.pop("prune") or False
    missing = [name for name, value in texts.items() if not isinstance(value, str)]
    if missing or not isinstance(prune, bool) or not texts["fingerprint"]:
        raise _not_one(path, f"it does not say {missing[0] if missing else 'which plan it is of'}")
    return SavedPlan(**{name: str(value) for name, value in texts.items()}, prune=prune)


def _not_one(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path} is not a plan of vaultaws",
        why=why,
        do="write one with vaultaws plan --out FILE",
    )
