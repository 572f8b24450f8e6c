"""Whether what was done still stands: a suspect, or a colleague, may have undone it. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from vaultaws.aws.cutoff import Cut, Holder
from vaultaws.aws.identity import AccessKey
from vaultaws.errors import VaultawsError
from vaultaws.incident import denyblock
from vaultaws.incident.model import Case, Step, StepKind, StepState
from vaultaws.incident.plan import holder_of
from vaultaws.vault.administration import Administration


class Cloud(Protocol):
    """AWS, as far as it is asked whether a step stands. Every method raises AwsError."""

    def find(self, holder: Holder, policy_name: str) -> Cut | None: ...
    def access_keys(self, user: str) -> tuple[AccessKey, ...]: ...


@dataclass(frozen=True)
class Standing:
    """Asks Vault and AWS about the steps of one case that are done."""

    vault: Administration
    cloud: Cloud
    case: Case

    def undone(self) -> tuple[Step, ...]:
        """The steps that do not stand any more. What cannot be asked about is taken to stand:
        whoever cannot be read cannot be cut either."""
        done = (step for step in self.case.steps if self.case.state_of(step) is StepState.DONE)
        return tuple(step for step in done if step.kind in _CHECKS and self._is_undone(step))

    def _is_undone(self, step: Step) -> bool:
        try:
            return not _CHECKS[step.kind](self, step)
        except VaultawsError:
            return False

    def deny_stands(self, step: Step) -> bool:
        holder = holder_of(step)
        return holder is None or self.cloud.find(holder, self.case.policy_name) is not None

    def user_is_stopped(self, step: Step) -> bool:
        """Of users that Vault made, many and soon gone, nothing is asked."""
        if step.settings.get("lease_id"):
            return True
        named = step.settings.get("keys")
        keys = self.cloud.access_keys(step.target)
        return not any(key.active for key in keys if not named or key.id in named)

    def entity_is_disabled(self, step: Step) -> bool:
        found = self.vault.entity(step.target)
        return found is None or found.disabled

    def issuance_is_denied(self, step: Step) -> bool:
        found = self.vault.read_acl_policies([denyblock.POLICY])
        paths = denyblock.paths_of(found.get(denyblock.POLICY, ""), self.case.mark)
        return set(step.settings["paths"]) <= set(paths)


def reopened(case: Case, steps: tuple[Step, ...]) -> Case:
    """The case with these steps to be taken again; what was there before the first time stays."""
    progress = dict(case.progress)
    for step in steps:
        if step.id in progress:
            progress[step.id] = replace(progress[step.id], state=StepState.WAITING)
    return replace(case, progress=progress)


_CHECKS: Final[Mapping[StepKind, Callable[[Standing, Step], bool]]] = {
    StepKind.DENY_TOKENS: Standing.deny_stands,
    StepKind.STOP_USER: Standing.user_is_stopped,
    StepKind.DISABLE_ENTITY: Standing.entity_is_disabled,
    StepKind.DENY_ISSUANCE: Standing.issuance_is_denied,
}
