"""AWS's side: region, endpoint and clock; for operators what Vault's own user may not call."""

from __future__ import annotations

from collections.abc import Iterator

from vaultaws.aws.reach import reach_sts
from vaultaws.clock import Clock
from vaultaws.doctor.finding import Finding, State, bad, of_error, ok, warn
from vaultaws.doctor.server import skew
from vaultaws.errors import AwsError
from vaultaws.leases.words import count, printable, short_key
from vaultaws.root.facts import observe
from vaultaws.root.side import open_side
from vaultaws.vault.administration import Administration

_MOST = 10


def reached(clock: Clock) -> Iterator[Finding]:
    """Region, endpoint and clock."""
    try:
        found = reach_sts()
    except AwsError as error:
        yield of_error("aws", error, State.WARN)
        return
    if found.region:
        yield ok("aws", f"region {printable(found.region)}")
    else:
        yield warn(
            "aws",
            "no region is set",
            "SDKs need one, and a new IAM key is tried in us-east-1 alone",
            "set AWS_REGION, or region in the profile: vaultaws profile write NAME --region REGION",
        )
    yield ok("aws", f"STS answers at {printable(found.endpoint)}")
    if found.time is not None:
        yield skew("aws", "AWS", found.time.timestamp() - clock.now().timestamp())


def root_rights(vault: Administration, mount: str, clock: Clock) -> Iterator[Finding]:
    """Which IAM action Vault's own user lacks for the roles of the mount."""
    facts = observe(vault, mount, open_side(), clock)
    if facts.root is None:
        do = "write [root] and run: vaultaws apply"
        yield bad("root", f"{mount}/ has no root", "config/root was never written", do)
        return
    if facts.orphaned:
        what = f"AWS does not know the engine's key {short_key(facts.key_id)}"
        yield bad("root", what, "it was deleted there", "give the engine a new one: vaultaws apply")
    for right in facts.denied[:_MOST]:
        wanted = right.wanted
        yield bad(
            "root",
            f"Vault's own user may not call {wanted.action}",
            f"{', '.join(name or 'rotate-root' for name in wanted.needed_by[:3])} need it on "
            f"{printable(wanted.resource)}",
            f"allow {wanted.action} to {printable(facts.owner)}: policies/vault-root.json",
        )
    if len(facts.denied) > _MOST:
        more = count(len(facts.denied) - _MOST, "more", "more")
        yield bad("root", f"{more} is missing", "see above", "vaultaws root show")
    for gap in facts.unknown:
        yield warn("root", f"unknown: {gap.what}", gap.why, gap.do)
    if not facts.has_findings and facts.rights is not None:
        rights = count(len(facts.rights), "thing", "things")
        yield ok("root", f"Vault's own user may call all {rights} its roles need")
