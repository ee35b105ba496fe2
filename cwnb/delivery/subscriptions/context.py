"""The second argument of a Lambda handler, which is called here without a Lambda function."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import uuid4

from cwnb.events import DEFAULT_ACCOUNT, DEFAULT_REGION

# The longest that a function may run. Source: the developer guide's page on quotas of Lambda.
_TIMEOUT_MS = 900_000


@dataclass
class LambdaContext:
    """What a handler gets as its context: the members that Lambda documents, for a call by us.

    >>> handler(logs.lambda_event("/shop/app"), cwnb.LambdaContext("alerts"))

    Nothing ends a handler whose time is over; `get_remaining_time_in_millis` only counts down.
    Source: the developer guide's page on the context object of Python handlers.
    """

    function_name: str = "function"
    function_version: str = "$LATEST"
    # A text, as the runtime of Lambda has it.
    memory_limit_in_mb: str = "128"
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    timeout_ms: int = _TIMEOUT_MS
    identity: None = None
    client_context: None = None
    _began: float = field(default_factory=time.monotonic, repr=False)

    @property
    def invoked_function_arn(self) -> str:
        """Give an ARN of the form of Lambda's, in the account that a store's events have."""
        return f"arn:aws:lambda:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """Name the log group that the function would have."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """Name a log stream of the form of Lambda's."""
        day = time.strftime("%Y/%m/%d", time.gmtime())
        return f"{day}/[{self.function_version}]{self.aws_request_id.replace('-', '')}"

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds that are left of `timeout_ms`."""
        passed_ms = (time.monotonic() - self._began) * 1000
        return max(0, round(self.timeout_ms - passed_ms))
