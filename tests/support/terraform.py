"""Terraform and its Vault provider for the tests, each built once from its pinned Go module.

Terraform is the one on PATH where there is one. The provider stands in a mirror on disk, as
`terraform init` wants it, so that no registry is asked.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

from vaultaws.local.build import MACHINES, Recipe, built
from vaultaws.local.directories import Directories
from vaultaws.local.progress import Progress, silent

SOURCES = Path(__file__).parents[1] / "clients" / "terraform"
PROVIDER = Recipe(
    name="terraform-provider-vault",
    title="the Terraform Vault provider",
    source=SOURCES / "provider",
    binary="bin/terraform-provider-vault",
    check_arguments=(),
    check_says="This binary is a plugin",
    sources=("go.mod", "go.sum"),
    package="github.com/hashicorp/terraform-provider-vault",
)
PROVIDER_VERSION = "3.3.1"
PROVIDER_MODULE = "v1.9.1-0.20220225202911-91f40a2aed19"
PROGRAM = Recipe(
    name="terraform",
    title="Terraform",
    source=SOURCES / "program",
    binary="bin/terraform",
    check_arguments=("version",),
    check_says="Terraform v",
    sources=("go.mod", "go.sum"),
    package="github.com/hashicorp/terraform",
)


def provider_binary(progress: Progress = silent) -> Path:
    """The provider, built once and kept in the cache."""
    return built(PROVIDER, Directories.of(os.environ).cache, progress)


def terraform_program(progress: Progress = silent, path: str | None = None) -> Path:
    """Terraform on `path` (PATH where it is None), else the one built from its module."""
    found = shutil.which("terraform", path=path)
    return Path(found) if found else built(PROGRAM, Directories.of(os.environ).cache, progress)


def mirror(directory: Path, provider: Path) -> Path:
    """A file of Terraform's settings that names a mirror with the provider, below `directory`."""
    machine = MACHINES.get(platform.machine().lower(), platform.machine().lower())
    place = directory / "registry.terraform.io" / "hashicorp" / "vault" / PROVIDER_VERSION
    place = place / f"{platform.system().lower()}_{machine}"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"terraform-provider-vault_v{PROVIDER_VERSION}").symlink_to(provider)
    settings = directory / "terraformrc"
    settings.write_text(
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        f"  filesystem_mirror {{ path = {json.dumps(str(directory))} }}\n"
        "}\n",
        "utf-8",
    )
    return settings


def terraform_environ(environ: Mapping[str, str], program: Path, settings: Path) -> dict[str, str]:
    """`environ` with Terraform on PATH and the mirror as its only place of providers."""
    path = os.pathsep.join((str(program.parent), environ.get("PATH", os.defpath)))
    return {**environ, "PATH": path, "TF_CLI_CONFIG_FILE": str(settings)}


def show(what: str, seconds: float) -> None:
    """A line now and then for whoever waits for a build."""
    if int(seconds) % 15 == 2:
        print(f"{what}: {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    terraform_program(show)
    provider_binary(show)
