"""Where a subscription sends to, and how it says that it failed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cwnb.delivery.subscriptions import aws, payloads
from cwnb.delivery.subscriptions.context import LambdaContext
from cwnb.delivery.subscriptions.faults import sentence
from cwnb.delivery.subscriptions.target import OneByOne, Refused, Sent, Target, TooLarge
from cwnb.errors import InvalidParameter
from cwnb.events import TIMESTAMP
from cwnb.nearest import suggestion
from cwnb.store import event_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.delivery.subscriptions.limits import Limits
    from cwnb.delivery.subscriptions.payloads import Payload
    from cwnb.store import Store

CALLABLE, FUNCTION, HANDLER, GROUP = "callable", "function", "handler", "group"


@dataclass(frozen=True)
class CallableTarget(OneByOne):
    """A Python function that is called with the decoded message, a dict."""

    function: Callable[[dict[str, Any]], object]

    def send_one(self, payload: Payload) -> Sent:
        """Call the function."""
        self.function(payload.message())
        return Sent()


@dataclass(frozen=True)
class HandlerTarget(OneByOne):
    """A handler of a Lambda function: it is called with the exact event, and a context of ours."""

    function: Callable[[dict[str, Any], Any], object]
    limits: Limits

    def send_one(self, payload: Payload) -> Sent:
        """Call the handler as Lambda would; raises TooLarge."""
        event = payloads.lambda_event(payload.message())
        size = len(event["awslogs"]["data"])
        if size > self.limits.lambda_bytes:
            raise TooLarge
        name = getattr(self.function, "__name__", "function")
        self.function(event, LambdaContext(name))
        return Sent(size)


@dataclass(frozen=True)
class GroupTarget(OneByOne):
    """Another log group of the store, which gets the events in streams of the same names."""

    store: Store
    group: str

    def send_one(self, payload: Payload) -> Sent:
        """Put the events; raises Refused where the group is gone."""
        if not self.store.has_group(self.group):
            raise Refused(f"log group {self.group!r} does not exist")
        times = payload.events[TIMESTAMP].cast("int64").to_pylist()
        batch = event_batch(times, payload.raw_messages(), payload.stream)
        result = self.store.put(self.group, batch)
        return Sent(refused=tuple(row for row, _ in result.refused))


@dataclass(frozen=True)
class LambdaHandler:
    """Names a Lambda handler as a target: `LambdaHandler(handler)` or `LambdaHandler("app:main")`.

    A handler is called with `{"awslogs": {"data": …}}` and a `LambdaContext`.
    """

    handler: Callable[[dict[str, Any], Any], object] | str


@dataclass(frozen=True)
class LogGroup:
    """Names another log group of the same store as a target."""

    name: str


def described(
    target: Any, role_arn: str | None = None, distribution: str | None = None
) -> tuple[dict[str, Any], Callable[..., object] | None]:
    """Give what the catalog keeps of a target, and the function that it cannot keep, or None.

    Raises InvalidParameter for what is no target.
    """
    if role_arn is not None and not (isinstance(target, str) and target.startswith("arn:")):
        raise InvalidParameter("role_arn is for a target that is an ARN of Kinesis or Firehose")
    if not (isinstance(target, str) and target.startswith("arn:")):
        aws.check_distribution(distribution, is_kinesis=False)
    if isinstance(target, LambdaHandler):
        if isinstance(target.handler, str):
            _named_function(target.handler)
            return {"kind": HANDLER, "name": target.handler}, None
        if callable(target.handler):
            return {"kind": HANDLER, "name": ""}, target.handler
    if isinstance(target, LogGroup) and isinstance(target.name, str):
        return {"kind": GROUP, "name": target.name}, None
    if isinstance(target, str):
        if target.startswith("arn:"):
            return aws.described(target, role_arn, distribution), None
        _named_function(target)
        return {"kind": FUNCTION, "name": target}, None
    if callable(target):
        return {"kind": CALLABLE, "name": ""}, target
    raise InvalidParameter(
        "a target is a function, the text 'module:function', an ARN, cwnb.LambdaHandler(…) or "
        f"cwnb.LogGroup('/other'), not {target!r:.80}"
    )


def make_target(
    store: Store,
    target: dict[str, Any],
    attached: Callable[..., object] | None,
    limits: Limits,
) -> Target | None:
    """Make a target of what the catalog keeps; None for a function that nobody has attached."""
    kind, name = target["kind"], target["name"]
    if kind in aws.KINDS:
        return aws.make(target, limits)
    if kind == GROUP:
        return GroupTarget(store, name)
    function = _named_function(name) if name else attached
    if function is None:
        return None
    return HandlerTarget(function, limits) if kind == HANDLER else CallableTarget(function)


def shown(target: dict[str, Any]) -> str:
    """Give a target as a listing shows it."""
    kind, name = target["kind"], target["name"]
    if kind == GROUP:
        return f"log group {name}"
    said = name or target.get("called") or "a function"
    return f"Lambda handler {said}" if kind == HANDLER else said


def _named_function(name: str) -> Callable[..., object]:
    """Import `module:function`; raises InvalidParameter."""
    module_name, colon, function_name = name.partition(":")
    if not colon or not module_name or not function_name:
        raise InvalidParameter(
            f"the target {name!r:.200} is not 'module:function'; another log group is "
            "cwnb.LogGroup('/other'), and --log-group on the command line"
        )
    try:
        found: Any = importlib.import_module(module_name)
    except BaseException as error:  # a module does what it likes when it is imported
        if isinstance(error, KeyboardInterrupt):
            raise
        said = str(error) if isinstance(error, ImportError) else sentence(error)
        raise InvalidParameter(f"the target {name!r} cannot be imported: {said}") from None
    for part in function_name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            near = suggestion(part, [n for n in dir(found) if not n.startswith("_")])
            raise InvalidParameter(f"the target {name!r}: there is no {part!r}{near}") from None
    if not callable(found):
        raise InvalidParameter(f"the target {name!r} is not a function")
    function: Callable[..., object] = found
    return function
