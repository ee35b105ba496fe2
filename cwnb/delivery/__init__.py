"""Ways out of a store: subscriptions and export tasks. Knows no queries."""

from __future__ import annotations

from cwnb.delivery.subscriptions.deliveries import Deliveries
from cwnb.delivery.subscriptions.explaining import DeliveryExplanation, explain
from cwnb.delivery.subscriptions.limits import Limits
from cwnb.delivery.subscriptions.payloads import decode_subscription, lambda_event
from cwnb.delivery.subscriptions.record import Subscription
from cwnb.delivery.subscriptions.replaying import replay, stored_payloads
from cwnb.delivery.subscriptions.targets import LambdaHandler, LogGroup, make_target, shown
from cwnb.delivery.subscriptions.worker import Worker
from cwnb.delivery.tailing import Tail, TailedEvent, checked_streams

__all__ = [
    "Deliveries",
    "DeliveryExplanation",
    "LambdaHandler",
    "Limits",
    "LogGroup",
    "Subscription",
    "Tail",
    "TailedEvent",
    "Worker",
    "checked_streams",
    "decode_subscription",
    "explain",
    "lambda_event",
    "make_target",
    "replay",
    "shown",
    "stored_payloads",
]
