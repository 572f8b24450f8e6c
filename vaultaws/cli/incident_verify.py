"""`vaultaws incident verify`: is all of a case dead? Proof, not belief."""

from __future__ import annotations

from datetime import timedelta

import click

from vaultaws.cli import output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import ServerFlags, Span, json_option, server_options
from vaultaws.errors import FindingsError


@click.command("verify", epilog="\b\nExample:\n  vaultaws incident verify 2026-11-21-ben --wait")
@click.argument("name", default="")
@click.option("--wait", is_flag=True, help="Wait until CloudTrail is whole before it is searched.")
@click.option(
    "--lag", type=Span(), default="15m", show_default=True, help="How late CloudTrail may be."
)
@click.option(
    "--patience",
    type=Span(),
    default="1m",
    show_default=True,
    help="How long a canary is tried before it counts as alive.",
)
@click.option("--region", "regions", multiple=True, help="Search CloudTrail there too; repeatable.")
@audit_log_option
@json_option
@server_options
def verify(
    *,
    name: str,
    wait: bool,
    lag: int,
    patience: int,
    regions: tuple[str, ...],
    audit_log: str | None,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Prove every credential of an incident dead, or say why not and until when it lives.

    A canary of each kind is tried until AWS has refused it several times in a row, denies are
    read back, IAM is swept, CloudTrail is searched for uses after the cut, and Vault is asked
    whether leases are gone and issuance is still denied. Changes nothing in Vault or AWS; what
    does not hold any more is written down, for contain --resume. Without NAME, the only incident
    that is open. Exit 3 while anything lives, is open or is not known.
    """
    from vaultaws.cli import incident_doors
    from vaultaws.incident import verified
    from vaultaws.incident.model import StepState
    from vaultaws.incident.verify import MARK, How, evidence_of, reopened
    from vaultaws.incident.verify import verify as verify_case

    cases = incident_doors.open_cases()
    name = incident_doors.pick(cases, name)
    vault = incident_doors.server_of(cases.read(name), server)
    with cases.gone_on(name) as (case, writer), output.Progress("looking") as progress:
        how = How(float(patience), timedelta(seconds=lag), wait, progress.update)
        doors = incident_doors.doors_of(case, vault, audit_log, regions)
        found = verify_case(case, doors, how)
        for step, why in reopened(case, found):
            writer.note(step, StepState.FAILED, why=why)
        writer.mark(MARK, evidence=evidence_of(found))
    if as_json:
        output.as_json(verified.as_json(case, found))
    else:
        output.result(verified.render(case, found))
    return 0 if found.passed else FindingsError.exit_code
