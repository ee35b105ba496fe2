"""Export tasks: the events of a log group as files in a folder or in S3. Knows no queries."""

from __future__ import annotations

from cwnb.delivery.exports.formats import FORMATS
from cwnb.delivery.exports.tasks import ExportInfo, ExportTask, ExportTasks

__all__ = ["FORMATS", "ExportInfo", "ExportTask", "ExportTasks"]
