"""Who read the keys of static roles, by Vault's audit log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vaultaws.model import plain_namespace
from vaultaws.trail.audit import moment_of
from vaultaws.trail.auditlines import lines_of, namespace_of


def readers(
    paths: Sequence[Path], path: str, since: datetime | None = None, *, namespace: str = ""
) -> dict[str, datetime]:
    """Who read `path` (a static role's credentials) in a namespace, by display name, and when last.

    Raises UsageError for a file that cannot be opened.
    """
    found: dict[str, datetime] = {}
    for file in paths:
        for line in lines_of(file):
            try:
                entry = json.loads(line) if path.encode() in line else {}
                if not _is_read(entry, path, namespace):
                    continue
                moment, name = moment_of(entry["time"]), str(entry["auth"].get("display_name", ""))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
            if since is None or moment >= since:
                found[name] = max(found.get(name, moment), moment)
    return found


def static_names(paths: Sequence[Path], mount: str, *, namespace: str = "") -> set[str]:
    """The static roles of a mount in a namespace whose credentials somebody read.

    Raises UsageError for a file that cannot be opened.
    """
    start, found = f"{mount}/static-creds/", set[str]()
    for file in paths:
        for line in lines_of(file):
            try:
                entry = json.loads(line) if start.encode() in line else {}
                path = str(entry["request"]["path"])
                if path.startswith(start) and _is_read(entry, path, namespace):
                    found.add(path.removeprefix(start))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
    return found


def _is_read(entry: dict[str, Any], path: str, namespace: str) -> bool:
    if entry.get("type") != "response" or entry.get("error"):
        return False
    request = entry["request"]
    is_there = namespace_of(request) == plain_namespace(namespace)
    return bool(is_there and request["path"] == path and request["operation"] == "read")
