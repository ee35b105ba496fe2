"""A server that stands in for AWS: Lambda by running handlers, all else by moto, with faults.

moto is no witness for everything: its Lambda answers 202 for what never ran, its Kinesis never
throttles and never fails in part. So this runs handlers itself, checks the limits of Lambda and
Firehose, and answers what it was told to answer before it asks moto.
"""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Callable

LAMBDA_BYTES = 1_000_000 + 64  # of base64 text, and of the JSON around it
FIREHOSE_BYTES = 1_024_000


@dataclass
class Fault:
    """An answer in place of the service's: a status with an error code, or what happens instead.

    `kind`: "answer", "reset" (the connection is closed), "hang" (for `seconds`), or "partial" (of a
    call with several records those at `rows` fail with the code).
    """

    status: int = 400
    code: str = ""
    kind: str = "answer"
    seconds: float = 0.0
    rows: tuple[int, ...] = ()


@dataclass
class AwsStandIn:
    """What the server was told, and what it was asked."""

    functions: dict[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    calls: list[str] = field(default_factory=list)
    url: str = ""
    moto_url: str = ""

    def __enter__(self) -> Self:
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.moto_url = f"http://{host}:{port}"
        stand_in = self

        class Handler(_Handler):
            told = stand_in

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._moto.stop()


class _Handler(http.server.BaseHTTPRequestHandler):
    told: AwsStandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "")
        is_invoke = "/invocations" in self.path
        self.told.calls.append("Invoke" if is_invoke else target.rpartition(".")[2] or self.path)
        fault = self.told.faults.popleft() if self.told.faults else None
        if fault is not None and fault.kind == "reset":
            self.close_connection = True
            self.connection.close()
            return
        if fault is not None and fault.kind == "hang":
            time.sleep(fault.seconds)
        elif fault is not None and fault.kind == "answer":
            self._answer(fault.status, {"__type": fault.code, "message": f"told: {fault.code}"})
            return
        if is_invoke:
            self._invoke(body)
        elif fault is not None and fault.kind == "partial":
            self._partly(body, fault)
        else:
            self._pass_on(body)

    def _partly(self, body: bytes, fault: Fault) -> None:
        """Let moto take the records that do not fail."""
        asked = json.loads(body)
        records = asked["Records"]
        asked["Records"] = [r for i, r in enumerate(records) if i not in fault.rows]
        status, answer, _ = self._ask_moto(json.dumps(asked).encode())
        taken = json.loads(answer)
        where = "Records" if "Records" in taken else "RequestResponses"
        rest = iter(taken[where])
        failed = {"ErrorCode": fault.code, "ErrorMessage": f"told: {fault.code}"}
        taken[where] = [failed if i in fault.rows else next(rest) for i in range(len(records))]
        self._answer(status, taken)

    def _invoke(self, body: bytes) -> None:
        name = unquote(self.path.split("/")[3]).split(":")
        found = self.told.functions.get(name[6] if len(name) > 6 else name[0])
        if found is None:
            self._answer(404, {"Type": "User", "message": "Function not found"}, "ResourceNotFound")
            return
        if self.headers.get("X-Amz-Invocation-Type") == "DryRun":
            self._answer(204, None)
            return
        if len(body) > LAMBDA_BYTES:
            self._answer(413, {"message": "too large"}, "RequestTooLarge")
            return
        found(json.loads(body), None)
        self._answer(202, None)

    def _pass_on(self, body: bytes) -> None:
        if self.headers.get("X-Amz-Target", "").startswith("Firehose_20150804.PutRecord"):
            asked = json.loads(body)
            for record in asked.get("Records", [asked.get("Record", {})]):
                if len(base64.b64decode(record.get("Data", ""))) > FIREHOSE_BYTES:
                    self._answer(400, {"__type": "InvalidArgumentException", "message": "too big"})
                    return
        status, answer, headers = self._ask_moto(body)
        self.send_response(status)
        for key in ("Content-Type", "x-amzn-RequestId"):
            if key in headers:
                self.send_header(key, headers[key])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _ask_moto(self, body: bytes) -> tuple[int, bytes, Any]:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_CONNECTION}
        request = urllib.request.Request(
            self.told.moto_url + self.path, body, headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                return found.status, found.read(), found.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def _answer(self, status: int, content: Any, error: str = "") -> None:
        data = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_OF_CONNECTION = {"host", "content-length", "connection", "accept-encoding"}
