"""Ways out of a store: tails, subscriptions, metric filters. Knows no queries."""

from __future__ import annotations

from cwnb.delivery.metrics import embedded
from cwnb.delivery.metrics.counting import catch_up, forget, points
from cwnb.delivery.metrics.metric_filter import FAMILY as METRIC_FILTER_FAMILY
from cwnb.delivery.metrics.metric_filter import (
    MOST_FILTERS,
    MetricFilter,
    checked_dimensions,
    text_of,
)
from cwnb.delivery.subscriptions.account_policies import Document as PolicyDocument
from cwnb.delivery.subscriptions.account_policies import check_type as check_policy_type
from cwnb.delivery.subscriptions.context import LambdaContext
from cwnb.delivery.subscriptions.deliveries import Deliveries
from cwnb.delivery.subscriptions.explaining import DeliveryExplanation, explain
from cwnb.delivery.subscriptions.limits import Limits
from cwnb.delivery.subscriptions.payloads import Sender, decode_subscription, lambda_event
from cwnb.delivery.subscriptions.record import Subscription
from cwnb.delivery.subscriptions.replaying import replay, stored_payloads
from cwnb.delivery.subscriptions.targets import LambdaHandler, LogGroup, make_target, shown
from cwnb.delivery.subscriptions.waiting import Waited
from cwnb.delivery.subscriptions.worker import Worker
from cwnb.delivery.tailing import Tail, TailedEvent, checked_streams
from cwnb.store import Position

__all__ = [
    "METRIC_FILTER_FAMILY",
    "MOST_FILTERS",
    "Deliveries",
    "DeliveryExplanation",
    "LambdaContext",
    "LambdaHandler",
    "Limits",
    "LogGroup",
    "MetricFilter",
    "PolicyDocument",
    "Position",
    "Sender",
    "Subscription",
    "Tail",
    "TailedEvent",
    "Waited",
    "Worker",
    "catch_up",
    "check_policy_type",
    "checked_dimensions",
    "checked_streams",
    "decode_subscription",
    "embedded",
    "explain",
    "forget",
    "lambda_event",
    "make_target",
    "points",
    "replay",
    "shown",
    "stored_payloads",
    "text_of",
]
