"""Terraform as a child: its words, its environment, its live output, its end.

python-terraform 0.10.1 makes the words. It does not run them: its `cmd` holds all output back until
the end, hands down our own environment and no other, leaves Terraform behind when we are stopped,
writes variables into files, and its way of not waiting passes an option that Terraform refuses.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vaultaws.errors import CommandNotFoundError, StackError
from vaultaws.handoff.child import ENDING, KEYS, find_program, run_child
from vaultaws.vault.connection import ConnectionSettings

PROGRAM: Final = "terraform"
DATA: Final = ".terraform"
STDERR: Final = 2
KEPT_BYTES: Final = 65_536
ECHO_SECONDS: Final = 0.1


@dataclass
class Terraform:
    """Terraform in one directory. `environ` is all that it gets; secrets are clear in it."""

    directory: Path
    environ: Mapping[str, str]
    heard: list[int] = field(default_factory=list)
    """Signals that came while it ran."""
    words: str = ""
    """What the last run wrote to its standard error."""

    def live(self, verb: str, *arguments: str, stdout: int | None = None, **options: Any) -> int:
        """Run it to its end and return its exit code; its output goes where ours goes.

        Signals are passed on and Terraform ends by itself, so that it frees its state. Raises
        KeyboardInterrupt or SystemExit afterwards when we were told to end and it did not finish;
        StackError where there is no Terraform.
        """
        command = self._command(verb, arguments, options)
        self.heard.clear()
        with echoed() as echo:
            code = run_child(
                command,
                self.environ,
                stdout=stdout,
                stderr=echo.descriptor,
                hears=self._hear,
            )
        self.words = echo.said
        if code != 0:
            self._stopped(verb)
        return code

    def answer(self, verb: str, *arguments: str, **options: Any) -> tuple[int, bytes]:
        """Run it to its end; return its exit code and what it wrote to its standard output."""
        with tempfile.TemporaryFile() as file:
            code = self.live(verb, *arguments, stdout=file.fileno(), **options)
            file.seek(0)
            return code, file.read()

    @property
    def is_initialised(self) -> bool:
        """True when `terraform init` has been here."""
        return bool(self.environ.get("TF_DATA_DIR")) or (self.directory / DATA).is_dir()

    def _command(
        self, verb: str, arguments: Sequence[str], options: Mapping[str, Any]
    ) -> list[str]:
        """The whole command line; it carries no secret."""
        from python_terraform import Terraform as PythonTerraform

        # It reads the state of its directory, which is none of our business: here is none.
        words = PythonTerraform(working_dir=os.devnull, terraform_bin_path=self._program())
        program, *rest = words.generate_cmd_string(verb, *arguments, **options)
        return [program, f"-chdir={self.directory}", *rest]

    def _program(self) -> str:
        try:
            return find_program(PROGRAM, self.environ)
        except CommandNotFoundError as error:
            raise StackError(
                "there is no terraform on PATH",
                why="vaultaws runs the Terraform that is on this machine and brings none",
                do="install Terraform 1.5 or newer (developer.hashicorp.com/terraform/install)",
            ) from error

    def _hear(self, number: int) -> None:
        if number in (*KEYS, *ENDING):
            self.heard.append(number)

    def _stopped(self, verb: str) -> None:
        if not self.heard:
            return
        number = self.heard[0]
        stop = SystemExit(128 + number) if number in ENDING else KeyboardInterrupt()
        if verb == "apply":
            stop.add_note("Terraform has ended; what it wrote until then is in its state")
        raise stop


@dataclass
class Echo:
    """A file that a child writes to, shown on stderr as it grows and kept to be read.

    A pipe would end the child when we die: Go ends a program that writes into a broken one.
    """

    descriptor: int
    said: str = ""
    _shown: int = 0

    def follow(self, done: threading.Event) -> None:
        while not done.wait(ECHO_SECONDS):
            self.show()

    def show(self) -> None:
        """Show what is new. Words that nobody can take change nothing."""
        while new := os.pread(self.descriptor, KEPT_BYTES, self._shown):
            self._shown += len(new)
            with contextlib.suppress(OSError):
                os.write(STDERR, new)

    def keep(self) -> None:
        """Keep the end of all that was written."""
        size = os.fstat(self.descriptor).st_size
        kept = os.pread(self.descriptor, KEPT_BYTES, max(0, size - KEPT_BYTES))
        self.said = kept.decode("utf-8", errors="replace")


@contextmanager
def echoed() -> Iterator[Echo]:
    """An Echo that is followed while the block runs."""
    done = threading.Event()
    with tempfile.TemporaryFile() as file:
        echo = Echo(file.fileno())
        follower = threading.Thread(target=echo.follow, args=(done,), daemon=True)
        follower.start()
        try:
            yield echo
        finally:
            done.set()
            follower.join()
            echo.show()
            echo.keep()


def child_environ(
    environ: Mapping[str, str], settings: ConnectionSettings | None, workspace: str = ""
) -> dict[str, str]:
    """The environment for Terraform: ours, with the server as the Vault provider reads it.

    The token stands there and nowhere else: not on a command line, not in a file.
    """
    given = {"TF_IN_AUTOMATION": "1", **({"TF_WORKSPACE": workspace} if workspace else {})}
    if settings is None:
        return {**environ, **given}
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("VAULT_", "BAO_")) or name == "VAULT_TOKEN_NAME"
    }
    return {**kept, **given, **_vault(settings)}


def _vault(settings: ConnectionSettings) -> dict[str, str]:
    tls = settings.tls
    said = {
        "VAULT_ADDR": settings.address,
        "VAULT_TOKEN": settings.token.reveal() if settings.token is not None else "",
        "VAULT_NAMESPACE": settings.namespace,
        "VAULT_CACERT": tls.ca_file,
        "VAULT_CAPATH": tls.ca_path,
        "VAULT_CLIENT_CERT": tls.client_cert,
        "VAULT_CLIENT_KEY": tls.client_key,
        "VAULT_TLS_SERVER_NAME": tls.server_name,
        "VAULT_SKIP_VERIFY": "" if tls.verify else "true",
        "VAULT_MAX_RETRIES": str(settings.max_retries),
        "VAULT_PROXY_ADDR": settings.proxy,
        "VAULT_HTTP_PROXY": settings.proxy,
    }
    return {name: value for name, value in said.items() if value}


@contextmanager
def authority(settings: ConnectionSettings) -> Iterator[dict[str, str]]:
    """VAULT_CACERT for a certificate that the environment carries: the provider reads files."""
    if not settings.tls.ca_bytes:
        yield {}
        return
    with tempfile.NamedTemporaryFile("w", prefix="vaultaws-ca-", suffix=".pem") as file:
        file.write(settings.tls.ca_bytes)
        file.flush()
        yield {"VAULT_CACERT": file.name}


@contextmanager
def private_file(name: str) -> Iterator[Path]:
    """A path in a directory of its own that only its owner can enter; both go with the block."""
    with tempfile.TemporaryDirectory(prefix="vaultaws-") as directory:
        yield Path(directory) / name
