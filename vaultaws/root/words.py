"""What came of a rotation, and what a killed one left, as people and machines read it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from vaultaws.aws.wait import WaitReport
from vaultaws.leases.words import ago, iso, short_key
from vaultaws.root.facts import RootFacts, rotate_command
from vaultaws.root.journal import Unfinished
from vaultaws.root.ready import to_resume
from vaultaws.root.rotate import Rotation

JSON_VERSION: Final = 1


def text(done: Rotation) -> str:
    """Return what was done, for a person."""
    new, old = short_key(done.new_key), short_key(done.old_key)
    of_user = f" of IAM user {done.user}" if done.user else ""
    verb = "finished: " if done.resumed else ""
    lines = [f"{verb}{done.mount}/ has the new key {new}{of_user}"]
    if done.spare:
        lines.append(f"deleted the second key {short_key(done.spare)}")
    if done.waited is not None:
        lines.append(good(done.waited))
    if done.old_is_gone:
        lines.append(f"the old key {old} is gone")
    lines += [f"left to do: {what}" for what in done.left]
    return "\n".join(lines)


def good(waited: WaitReport) -> str:
    refused = f", after {waited.refusals} refusals" if waited.refusals else ""
    return f"AWS honours it through Vault, proved in {waited.seconds:.1f} s{refused}"


def document(done: Rotation) -> dict[str, Any]:
    """Return what was done, for machines."""
    return {
        "version": JSON_VERSION,
        "mount": done.mount,
        "user": done.user or None,
        "access_key_id": done.new_key,
        "old_access_key_id": done.old_key,
        "old_key_deleted": done.old_is_gone,
        "spare_deleted": done.spare or None,
        "resumed": done.resumed,
        "waited": _waited_json(done.waited),
        "left_to_do": list(done.left),
    }


def _waited_json(waited: WaitReport | None) -> dict[str, Any] | None:
    if waited is None:
        return None
    return {"seconds": round(waited.seconds, 1), "refusals": waited.refusals}


def unfinished_line(found: Unfinished, facts: RootFacts) -> str:
    """Return, in a line, where a rotation of the root stands that has not come to its end; empty
    when nothing is left of it to do."""
    begun = f"a rotation begun {ago(found.operation.started, facts.taken_at)}"
    old_key, go_on = found.operation.detail("old_key"), rotate_command(facts.mount)
    if found.running:
        return f"{begun} is under way on this machine"
    if to_resume(found.operation, facts):
        proved = "its new key is good" if found.operation.detail("proved") else "not proved yet"
        return (
            f"{begun} replaced the key ({proved}) and stopped before all was done; "
            f"{go_on} goes on: it proves the new key and deletes {short_key(old_key)}"
        )
    lost = next((key for key in facts.others if key.created_at >= _second(found)), None)
    if lost is not None and old_key == facts.key_id:
        return (
            f"{begun} stopped before Vault saved the key {short_key(lost.id)} that AWS made: "
            + rotate_command(facts.mount, "--delete-spare", short_key(lost.id))
        )
    return ""


def _second(found: Unfinished) -> datetime:
    """AWS gives times in whole seconds."""
    return found.operation.started.replace(microsecond=0)


def unfinished_document(found: Unfinished | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "started_at": iso(found.operation.started),
        "running": found.running,
        "old_access_key_id": found.operation.detail("old_key") or None,
    }
