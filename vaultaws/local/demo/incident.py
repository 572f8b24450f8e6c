"""The chapter of the incident: a laptop is stolen; what it held is cut off, and work goes on."""

from __future__ import annotations

import json

from vaultaws.aws.proof import TIMES
from vaultaws.leases.words import short_key
from vaultaws.local.demo.aws_side import AwsSide, credentials_of
from vaultaws.local.demo.chapters import STILL_ALIVE, as_ada, log_ada_in, side_of
from vaultaws.local.demo.scene import Scene

CASE = "laptop"
ROLES = ("ec2readonly", "ec2readonly-sts")
KEYRING = {"VAULTAWS_CACHE": ""}
"""Canaries are kept in the machine's keyring, where it has one; the lift takes them out."""


def contain(scene: Scene) -> None:
    scene.chapter(8, "Ada's laptop is stolen: all that it held is cut off, and proved dead")
    held = [json.loads(as_ada(scene, "creds", role, "--format", "json").out) for role in ROLES]
    sides = [side_of(scene, credentials_of(one)) for one in held]
    work = all(_works_soon(scene, side) for side in sides)
    scene.check(f"the thief has {len(held)} credentials of hers, and both work", work)
    told = ("incident", "contain", "--person", "ada", "--name", CASE)
    plan = scene.run(*told, "--dry-run").out
    scene.check("the plan is told; nothing has been done", "Nothing has been done." in plan)
    scene.run(*told, "--yes", extra=KEYRING)
    again = as_ada(scene, "creds", ROLES[0], expect=None)
    scene.check("the login on it gets nothing more from Vault", again.code == 2, seen=again.err)
    for one, side in zip(held, sides, strict=True):
        proof = side.proof_of_death(one["access_key_id"])
        key, times = short_key(one["access_key_id"]), len(proof.refusals)
        words = f"{key} is dead: refused {times} times in a row ({', '.join(proof.codes)})"
        scene.check(words, times >= TIMES)
    _verify(scene)
    _lift(scene)
    scene.facts["incident_rows"] = tuple(
        (short_key(one["access_key_id"]), "ada", role, "stolen, cut off, proved dead")
        for one, role in zip(held, ROLES, strict=True)
    )


def _verify(scene: Scene) -> None:
    """Verify proves by canaries of its own; without a keyring to keep them in it must say so."""
    shown = f"vaultaws incident verify {CASE}"
    command = ("incident", "verify", CASE, "--json")
    ran = scene.run(*command, shown=shown, extra=KEYRING, expect=None)
    told = json.loads(ran.out)
    counts, why = told["counts"], " · ".join(row["why"] for row in told["credentials"])
    if any(canary["trial"] == "missing" for canary in told["canaries"]):
        code_of_unknown = ran.code == STILL_ALIVE and not counts["alive"]
        scene.check("it has no keyring for canaries here, and calls them unknown", code_of_unknown)
        return
    words = f"by its own canaries: {counts['dead']} dead, none alive, none unknown"
    scene.check(words, ran.code == 0 and not counts["alive"] + counts["unknown"], seen=why)


def _lift(scene: Scene) -> None:
    shown = f"vaultaws incident lift {CASE} --yes"
    command = ("incident", "lift", CASE, "--yes", "--json")
    ran = scene.run(*command, shown=shown, extra=KEYRING, expect=None)
    words = "denies of old tokens stay until the last of them has ended"
    scene.check(words, ran.code == STILL_ALIVE, seen=ran.out + ran.err)
    log_ada_in(scene)
    fresh = json.loads(as_ada(scene, "creds", ROLES[1], "--format", "json").out)
    side = side_of(scene, credentials_of(fresh))
    scene.check("Ada works again: a new token is not under the deny", _works_soon(scene, side))


def _works_soon(scene: Scene, side: AwsSide) -> bool:
    return bool(scene.soon(lambda: not side.refusal("ec2", "describe_instances")))
