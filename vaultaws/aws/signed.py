"""A signed question that somebody else sends: proof of who one is, without the key.

Vault's AWS auth method takes a request to STS, GetCallerIdentity, and sends it on: what AWS
answers says who signed it (Vault API, AWS auth method, login of type iam). AWS takes a signature
for 15 minutes (IAM user guide, "Signature Version 4").
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Final

from vaultaws.aws.errors import AwsSetupError, translated
from vaultaws.aws.sessions import client
from vaultaws.errors import UsageError
from vaultaws.model import Secret

SERVER_ID: Final = "X-Vault-AWS-IAM-Server-ID"
_GLOBAL_REGION: Final = "us-east-1"
_GLOBAL: Final = "https://sts.amazonaws.com"
"""Where the server sends it unless its own settings say otherwise, whatever our region is."""
_OF_GLOBAL_REGION: Final = "https://sts.us-east-1.amazonaws.com"
_REGION: Final = re.compile(r"[a-z0-9-]*")
_BODY: Final = "Action=GetCallerIdentity&Version=2011-06-15"


def caller_proof(region: str = "", server_id: str = "") -> dict[str, Secret]:
    """What the auth method's login takes, as it names and encodes it. Good for 15 minutes.

    The credentials and the endpoint are those of AWS's own settings. `region` empty is the
    global endpoint. Raises AwsSetupError where there are no credentials.
    """
    import botocore.session
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    if server_id and not (server_id.isascii() and server_id.isprintable()):
        raise UsageError(
            "the header's value cannot be sent",
            why="it has characters that no header takes",
            do="give it as the server's iam_server_id_header_value has it",
        )
    if not _REGION.fullmatch(region):
        raise UsageError(
            f"{region!r} is no region",
            why="its name has small letters, digits and - only",
            do="write it like eu-west-2",
        )
    signing = region or _GLOBAL_REGION
    endpoint = client("sts", region=signing).meta.endpoint_url
    if not region and endpoint == _OF_GLOBAL_REGION:
        endpoint = _GLOBAL
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    if server_id:
        headers[SERVER_ID] = server_id
    url = f"{endpoint.rstrip('/')}/"
    request = AWSRequest("POST", url, headers=headers, data=_BODY)
    with translated("sign the login"):
        found = botocore.session.get_session().get_credentials()
        frozen = found.get_frozen_credentials() if found is not None else None
        if frozen is None or not frozen.access_key or not frozen.secret_key:
            raise AwsSetupError(
                "there are no AWS credentials to log in with",
                why="the environment, ~/.aws and the machine's role give none",
                do="aws configure, or AWS_PROFILE=NAME",
            )
        SigV4Auth(frozen, "sts", signing).add_auth(request)
    return {
        "iam_http_request_method": Secret("POST"),
        "iam_request_url": _encoded(url),
        "iam_request_body": _encoded(_BODY),
        "iam_request_headers": _encoded(json.dumps(dict(request.headers.items()))),
    }


def _encoded(text: str) -> Secret:
    return Secret(b64encode(text.encode()).decode())
