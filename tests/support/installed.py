"""The `vaultaws` command as an installer leaves it: a script with the interpreter in its head."""

from __future__ import annotations

import sys
from pathlib import Path


def install(directory: Path) -> Path:
    """Put the command into a directory, which is made; return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    command = directory / "vaultaws"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nfrom vaultaws.__main__ import main\nsys.exit(main())\n"
    )
    command.chmod(0o755)
    return command
