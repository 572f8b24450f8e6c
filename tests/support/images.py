"""Images for tests where no registry can be reached, made of this machine's own programs.

Each stands for the one that docker-compose.yml or the Dockerfile names, with the same paths, users
and commands as far as those files use them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from vaultaws.local.build import Recipe

SECONDS: Final = 300
COMPOSE: Final = Recipe(
    name="compose",
    title="docker compose",
    source=Path(__file__).parents[1] / "clients" / "compose",
    binary="bin/docker-compose",
    check_arguments=("version",),
    check_says="Docker Compose version",
    sources=("go.mod", "go.sum"),
    package="github.com/docker/compose/v2/cmd",
)
"""Docker's own, for machines whose docker has no compose plugin."""
OWNER: Final = (100, 1000)
"""The user of Vault's and of OpenBao's image."""
_SHELL: Final = ("sh", "cat", "chmod", "cp", "find", "id", "mkdir", "mv", "sleep", "test", "touch")
_COMMON: Final = (
    *("dl", "gcc_s", "nss_dns", "nss_files", "pthread", "resolv", "rt", "stdc++", "util"),
)
"""Libraries that packages of compiled code may count on in any image."""
_LIBRARY: Final = re.compile(r"(/\S+) \(0x")
_UNNEEDED: Final = frozenset({"__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo"})
_PASSED_ON: Final = re.compile(
    r"(PIP_(?!FIND_LINKS)|SSL_CERT_|REQUESTS_CA)\w+|\w+_proxy", re.IGNORECASE
)


@dataclass(frozen=True)
class Docker:
    """A docker client: the daemon and settings of `environ`, and the compose that it finds."""

    environ: Mapping[str, str]

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `docker WORDS`."""
        done = subprocess.run(
            ["docker", *words],
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def load(self, tag: str, files: Files, *changes: str) -> None:
        """Make an image of files."""
        said = [word for change in changes for word in ("--change", change)]
        command = ["docker", "import", *said, "-", tag]
        with subprocess.Popen(
            command, env=dict(self.environ), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as importing:
            assert importing.stdin is not None
            files.write(importing.stdin)
            importing.stdin.close()
            assert importing.wait(SECONDS) == 0


@dataclass(frozen=True)
class Files:
    """What an image holds: files by their place, links, and directories with owner and mode."""

    files: Mapping[str, Path]
    links: Mapping[str, str]
    directories: Mapping[str, tuple[tuple[int, int], int]]

    def write(self, stream: IO[bytes]) -> None:
        """Write them as a tar archive. Directories that are not named are root's, to be seen."""
        parents = {str(one) for place in (*self.files, *self.links) for one in Path(place).parents}
        unnamed = dict.fromkeys(parents - {"/"}, ((0, 0), 493))
        with tarfile.open(fileobj=stream, mode="w|") as archive:
            for place, (owner, mode) in sorted({**unnamed, **self.directories}.items()):
                entry = tarfile.TarInfo(place.lstrip("/"))
                entry.type, entry.mode, (entry.uid, entry.gid) = tarfile.DIRTYPE, mode, owner
                archive.addfile(entry)
            for place, source in sorted(self.files.items()):
                entry = tarfile.TarInfo(place.lstrip("/"))
                entry.size = source.stat().st_size
                entry.mode = 0o755 if os.access(source, os.X_OK) else 0o644
                with source.open("rb") as content:
                    archive.addfile(entry, content)
            for place, target in sorted(self.links.items()):
                entry = tarfile.TarInfo(place.lstrip("/"))
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                archive.addfile(entry)


def python_image(docker: Docker, tag: str) -> None:
    """A Python with pip and a shell, as `python:…-slim` has them: this machine's own."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = Path(sys.base_prefix, "bin", version).resolve()
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    spec = find_spec("pip")
    assert spec is not None
    assert spec.origin is not None
    pip = Path(spec.origin).parent
    programs = {f"/bin/{name}": _program(name) for name in _SHELL} | {str(interpreter): interpreter}
    modules = {str(path): path for path in _tree(stdlib)}
    packages = {f"/pip/pip/{path.relative_to(pip)}": path for path in _tree(pip)}
    natives = [path for path in modules.values() if path.suffix == ".so"]
    libraries = {place: Path(place) for place in _libraries([*programs.values(), *natives])}
    authorities = Path("/etc/ssl/certs/ca-certificates.crt")
    settings = Path("/etc/pip.conf")
    own = {str(path): path for path in (authorities, settings) if path.is_file()}
    beside = interpreter.with_name("python")
    passed = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    environ = {**passed, "PATH": f"{interpreter.parent}:/bin", "PYTHONPATH": "/pip"}
    docker.load(
        tag,
        Files(
            {**modules, **packages, **libraries, **own, **programs},
            {} if beside == interpreter else {str(beside): interpreter.name},
            {"/tmp": ((0, 0), 0o1777)},
        ),
        *(f"ENV {name}={value}" for name, value in environ.items()),
    )


def openbao_image(docker: Docker, tag: str, binary: Path) -> None:
    """OpenBao with its user's directories, and nothing else."""
    places = ("/openbao", "/openbao/file", "/openbao/logs")
    directories = dict.fromkeys(places, (OWNER, 493)) | {"/tmp": ((0, 0), 0o1777)}
    files = Files({"/usr/bin/bao": binary}, {}, directories)
    docker.load(tag, files, "ENV PATH=/usr/bin")


def vault_image(docker: Docker, tag: str, base: str, directory: Path) -> None:
    """The image that holds the static Vault, with the directories of Vault's own image."""
    for name in ("file", "logs"):
        (directory / "vault" / name).mkdir(parents=True)
    user, group = OWNER
    (directory / "Dockerfile").write_text(
        f"FROM {base}\nCOPY --chown={user}:{group} vault /vault\n"
    )
    docker.run("build", "--tag", tag, str(directory))


def _program(name: str) -> Path:
    found = shutil.which(name, path="/usr/bin:/bin")
    assert found is not None, f"no {name} on this machine"
    return Path(found).resolve()


def _tree(top: Path) -> Iterator[Path]:
    """The files below a directory that a program may need."""
    for folder, names, files in os.walk(top):
        names[:] = [
            name
            for name in names
            if name not in _UNNEEDED and name not in {"site-packages", "dist-packages"}
        ]
        names[:] = [name for name in names if not name.startswith("config-")]
        yield from (Path(folder, name) for name in files if not name.endswith((".a", ".exe")))


def _libraries(programs: Sequence[Path]) -> set[str]:
    """What the dynamic loader loads for any of the programs, by the names it asks for."""
    said = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, timeout=SECONDS, check=False
    ).stdout
    found = set(_found(said.splitlines()))
    (libc,) = (Path(place) for place in found if Path(place).name == "libc.so.6")
    common = (libc.parent.glob(f"lib{name}.so.[0-9]") for name in _COMMON)
    return found | {str(path) for each in common for path in each}


def _found(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if named := _LIBRARY.search(line):
            yield named[1]
