"""vaultaws.toml → Config. Every fault of all files is found before any is reported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vaultaws.config import files, syntax
from vaultaws.config.build import Builder
from vaultaws.config.faults import DeclaredFileError, Fault
from vaultaws.config.files import Unreadable
from vaultaws.config.places import KeyPath
from vaultaws.config.policies import PolicyFiles
from vaultaws.config.reading import Reading
from vaultaws.config.schema import Config
from vaultaws.errors import ConfigError

MAX_BYTES = 16 * 1024 * 1024  # ten thousand roles with every key are a third of it


def load(file: Path) -> Config:
    """Read one declared file with the policy files that it names.

    Raises as `load_all`.
    """
    return load_all((file,))[0]


def load_all(named: Sequence[Path]) -> list[Config]:
    """Read declared files, each a mount of its own.

    Raises DeclaredFileError with every fault of all files; ConfigError when only one file is
    named and is not there.
    """
    if len(named) == 1 and not named[0].exists():
        raise ConfigError(
            f"no file {named[0]}", why="the declared state is read from it", do="vaultaws init"
        )
    policies = PolicyFiles()
    faults: list[Fault] = []
    configs: list[Config] = []
    said: dict[KeyPath, Path] = {}
    for file in named:
        reading = Reading(file)
        config = _read(reading, policies)
        if config is not None:
            _said_in_one_file(reading, config, said)
            configs.append(config)
        faults.extend(reading.faults())
    if faults:
        raise DeclaredFileError.of(tuple(dict.fromkeys(faults)))
    return configs


def _said_in_one_file(reading: Reading, config: Config, said: dict[KeyPath, Path]) -> None:
    """A mount and an audit device belong to one file; `said` has those of the files before."""
    path = config.mount.path
    if (first := said.setdefault(("mount", path), config.file)) is not config.file:
        what = f"the mount {path}/ is declared in {first} as well"
        reading.fault(("mount", "path"), what, "one file, one mount: put both in one file")
    for device in config.audit:
        key = ("audit", device.path)
        if (first := said.setdefault(key, config.file)) is not config.file:
            what = f"this device is declared in {first} as well"
            reading.fault(key, what, "declare it in one file")


def _read(reading: Reading, policies: PolicyFiles) -> Config | None:
    """Read a file into `reading`; None when there is nothing to build from."""
    raw = files.read(reading.file, MAX_BYTES)
    text = files.text(raw) if isinstance(raw, bytes) else raw
    if isinstance(text, Unreadable):
        reading.fault_at((text.line, text.column), "", text.what, text.do)
        return None
    if text.startswith("\ufeff"):
        reading.fault((), "it begins with a byte order mark", "save it as UTF-8 without BOM")
        text = text[1:]
    reading.text = text
    try:
        data = syntax.parse(text)
    except syntax.NotTomlError as error:
        for found in error.found:
            reading.fault_at(*found)
        return None
    if not data:
        reading.fault((), "it declares nothing", "vaultaws init writes a first file")
    reading.hide_secrets(data)
    return Builder(reading, policies).config(data)
