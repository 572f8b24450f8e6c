"""The mount, its root credentials and its lease bounds."""

from __future__ import annotations

from vaultaws.errors import UsageError
from vaultaws.model import JsonObject, MountInfo, RootConfig, Secret
from vaultaws.vault import decode, encode
from vaultaws.vault.base import Server, url_path


class MountCalls(Server):
    """`sys/mounts`, `config/root`, `config/lease`."""

    def mounts(self) -> dict[str, MountInfo]:
        return decode.mounts(
            decode.mapping(self._client.sys.list_mounted_secrets_engines(), "mounts")
        )

    def enable_aws(self, mount: str) -> None:
        self._client.sys.enable_secrets_engine("aws", path=url_path(mount))

    def tune_mount(self, mount: str, settings: JsonObject) -> None:
        self._request("POST", f"sys/mounts/{mount}/tune", encode.mount_settings(settings))

    def rotate_root(self, mount: str) -> str:
        answer = self._request("POST", f"{mount}/config/rotate-root")
        return decode.required_text(decode.payload(answer), "access_key")

    def read_root(self, mount: str) -> RootConfig | None:
        stored = self._stored_root(mount)
        return None if stored is None else decode.root_config(stored)

    def write_root(self, mount: str, root: RootConfig, secret_access_key: Secret | None) -> None:
        stored = self._stored_root(mount) or {}
        if secret_access_key is None and stored.get("access_key") and not _keeps_key(stored):
            raise UsageError(
                f"{mount}/config/root holds an access key that this write would erase",
                why="this server's engine forgets the stored key when a write does not carry it",
                do="give the key pair again",
            )
        body = encode.root_fields(stored, root, secret_access_key)
        self._request("POST", f"{mount}/config/root", body)

    def _stored_root(self, mount: str) -> JsonObject | None:
        """`config/root` as the server keeps it; None when it was never written."""
        return self._config(f"{mount}/config/root")

    def read_lease_config(self, mount: str) -> tuple[int, int] | None:
        stored = self._config(f"{mount}/config/lease")
        return None if stored is None else decode.lease_config(stored)

    def write_lease_config(self, mount: str, *, lease_seconds: int, max_seconds: int) -> None:
        self._client.secrets.aws.configure_lease(
            lease=f"{lease_seconds}s", lease_max=f"{max_seconds}s", mount_point=url_path(mount)
        )


def _keeps_key(stored: JsonObject) -> bool:
    """Whether the engine that answered with `stored` keeps the key pair when a write leaves it
    out: it does so since Vault 1.19, the first with fields of rotation."""
    return "rotation_period" in stored
