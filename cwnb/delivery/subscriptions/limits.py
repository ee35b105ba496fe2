"""What the service and its targets take at most, as settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most of each thing, by default the service's quotas; bytes are those that are sent.

    Sources: cloudwatch_limits_cwl (subscription filters), PutRecords of Kinesis Data Streams
    (1 MiB a record with its key, 500 records and 5 MiB a call), PutRecordBatch of Firehose
    (1,024,000 bytes a record, 500 records and 4 MiB a call), Lambda's quotas (asynchronous
    invocation, 1 MB).
    """

    per_group: int = 2
    lambda_bytes: int = 1_000_000
    kinesis_record_bytes: int = 1 << 20
    kinesis_records: int = 500
    kinesis_call_bytes: int = 5 << 20
    firehose_record_bytes: int = 1_024_000
    firehose_records: int = 500
    firehose_call_bytes: int = 4 << 20
