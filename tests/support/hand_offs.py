"""The ways in which a program comes to its credentials, each as a command in front of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum

from tests.support.clients import Command
from tests.support.profiles import Profile

VAULTAWS = (sys.executable, "-m", "vaultaws")
EVALUATED = 'eval "$("$0" -m vaultaws creds "$1")" || exit 9; shift; exec "$@"'


class HandOff(StrEnum):
    """How credentials get from us to a program."""

    CREDS = "creds"
    EXEC = "exec"
    SERVE = "serve"
    PROFILE = "profile"


def handed(way: HandOff, role: str, command: Command) -> Command:
    """The command that runs another one with credentials of the role."""
    if way is HandOff.CREDS:
        return ("bash", "-c", EVALUATED, sys.executable, role, *command)
    if way is HandOff.EXEC:
        return (*VAULTAWS, "exec", role, "--", *command)
    if way is HandOff.SERVE:
        return (*VAULTAWS, "exec", role, "--serve", "--", *command)
    return command


def environ_for(way: HandOff, profile: Profile) -> Mapping[str, str]:
    """The environment of such a command: the profile is named only where it is the way."""
    named = {"AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    here = profile.environ
    if way is HandOff.PROFILE:
        return here
    return {name: value for name, value in here.items() if name not in named}
