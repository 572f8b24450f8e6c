"""Print the local AWS's administrator keys as a credential_process does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

state = json.loads(Path("/state/aws.json").read_text(encoding="utf-8"))
keys = {
    "Version": 1,
    "AccessKeyId": state["access_key_id"],
    "SecretAccessKey": state["secret_access_key"],
}
sys.stdout.write(json.dumps(keys))
