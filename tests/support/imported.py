"""Import without a command line: a server's mount brought into a directory."""

from __future__ import annotations

from pathlib import Path

from vaultaws.config.load import load
from vaultaws.config.schema import Config, Mount
from vaultaws.plan.adopt import Adoption, Present, adopt
from vaultaws.plan.adopt_observe import observe_mount
from vaultaws.vault.administration import Administration


def bring(vault: Administration, file: Path, mount: str = "aws") -> Adoption:
    """Import as the verb does, and write what comes of it."""
    present = load(file) if file.exists() else None
    folder = file.parent / "policies"
    there = {f"policies/{path.name}": path.read_text() for path in folder.glob("*")}
    found = observe_mount(vault, present or Config(file, Mount(path=mount)))
    adoption = adopt(
        found.observed, file, present=Present(present) if present else None, there=there
    )
    for path, text in {**adoption.policies, file.name: adoption.toml}.items():
        (file.parent / path).parent.mkdir(exist_ok=True, parents=True)
        (file.parent / path).write_bytes(text.encode())
    return adoption


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a directory."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
