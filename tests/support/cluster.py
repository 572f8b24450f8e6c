"""The part of a Kubernetes cluster that a login asks: its TokenReview API, over HTTPS.

As "Kubernetes API reference, TokenReview" documents it: a POST with spec.token is answered with
status.authenticated and, where that is true, status.user.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from tests.support.certificates import Authority
from tests.support.signed_tokens import Signer

NAMESPACE: Final = "builds"
ACCOUNT: Final = "runner"
_PATH: Final = "/apis/authentication.k8s.io/v1/tokenreviews"


@dataclass(frozen=True)
class Cluster:
    """Where it answers, whom it is trusted by, and a pod's token that it knows."""

    address: str
    root: str
    pod_token: str


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that knows one service account's token."""
    authority, token = Authority(folder, "cluster"), _pod_token(Signer())
    with _Reviews(token) as server:
        server.socket = authority.server().wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            address = f"https://127.0.0.1:{server.server_port}"
            yield Cluster(address, authority.root.read_text(), token)
        finally:
            server.shutdown()
            serving.join()


def _pod_token(signer: Signer) -> str:
    account = {"name": ACCOUNT, "uid": f"uid-of-{ACCOUNT}"}
    pod = {"namespace": NAMESPACE, "serviceaccount": account}
    return signer.token(
        {"sub": f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}", "kubernetes.io": pod}
    )


class _Reviews(ThreadingHTTPServer):
    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__(("127.0.0.1", 0), _Review)


class _Review(BaseHTTPRequestHandler):
    server: _Reviews

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status: dict[str, Any] = {"authenticated": False, "error": "the token is not known"}
        if asked["spec"]["token"] == self.server.token:
            name = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
            groups = ["system:serviceaccounts", "system:authenticated"]
            user = {"username": name, "uid": f"uid-of-{ACCOUNT}", "groups": groups}
            status = {"authenticated": True, "user": user}
        body = json.dumps({**asked, "status": status}).encode()
        self.send_response(201 if self.path == _PATH else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
        """Say nothing."""
