"""The queue of usage_record, and what asks for its address."""

from pydantic import Field

from shared.config import QueueAddress, SettingsGroup
from shared.domain.usage import UsageReport
from shared.queues.opening import open_queue
from shared.queues.protocol import MessageQueue

type UsageQueue = MessageQueue[UsageReport]


class UsageQueueSettings(SettingsGroup):
    usage_queue_url: QueueAddress | None = Field(
        default=None, description="SQS queue of usage_record; without it usage is counted in the log alone"
    )


def open_usage_queue(settings: UsageQueueSettings) -> UsageQueue | None:
    return None if settings.usage_queue_url is None else open_queue(settings.usage_queue_url)
