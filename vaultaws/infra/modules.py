"""The Terraform modules that come with vaultaws."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from vaultaws.infra.export import ENGINE


def engine_files() -> dict[Path, str]:
    """The configuration of `aws-engine`, by path from the directory that it is put into."""
    top = modules_directory()
    found = sorted((top / ENGINE).rglob("*.tf"))
    return {file.relative_to(top): file.read_text(encoding="utf-8") for file in found}


def modules_directory() -> Path:
    """Where the modules are: in the package, or at the top of a checkout."""
    package = Path(str(resources.files("vaultaws")))
    packaged = package / "terraform"
    return packaged if packaged.is_dir() else package.parent / "terraform"
