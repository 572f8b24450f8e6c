"""SQS's queues, as far as a consumer needs them: messages received, and deleted when done with.

Rights: `sqs:ReceiveMessage` and `sqs:DeleteMessage` on the queue; `kms:Decrypt` on its key where it
is encrypted with one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.model import Credentials

BATCH: Final = 10
"""The most that SQS takes and gives at once."""
WAIT_SECONDS: Final = 2
"""From one second on all of SQS's servers are asked, so that nothing means: empty."""
_REGION: Final = re.compile(r"https://(?:sqs\.|[a-z0-9-]+\.)?(?P<region>[a-z]{2}-[a-z-]+-[0-9])\.")


@dataclass(frozen=True)
class Message:
    """A message, and the receipt that deletes it."""

    id: str
    body: str
    receipt: str


class Queue:
    """A queue by its URL."""

    def __init__(self, url: str, *, credentials: Credentials | None = None) -> None:
        self.url = url
        found = _REGION.match(url)
        region = found["region"] if found else None
        self._client: Any = client("sqs", credentials=credentials, region=region)

    def receive(self) -> tuple[Message, ...]:
        """Return some messages, hidden from others for a while; none when it is empty.

        Raises AwsError.
        """
        with translated("receive from the queue"):
            answer = self._client.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=WAIT_SECONDS
            )
        return tuple(
            Message(found["MessageId"], found["Body"], found["ReceiptHandle"])
            for found in answer.get("Messages", ())
        )

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages. One that is not deleted comes again. Raises AwsError."""
        for start in range(0, len(messages), BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.receipt}
                for number, message in enumerate(messages[start : start + BATCH])
            ]
            with translated("delete from the queue"):
                self._client.delete_message_batch(QueueUrl=self.url, Entries=entries)
