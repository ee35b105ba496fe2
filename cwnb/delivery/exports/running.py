"""One run of an export task, on a thread: read a page, pack it, write files, write that down."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.delivery.exports import records
from cwnb.delivery.exports.destinations import open_destination
from cwnb.delivery.exports.formats import FORMATS, same_folder
from cwnb.delivery.exports.parts import PART_BYTES, Parts
from cwnb.delivery.exports.records import RunLost, TaskRecord
from cwnb.errors import CwnbError, StoreError
from cwnb.events import ALL_TIME, SEQUENCE, Window
from cwnb.memo import memo
from cwnb.plurals import counted
from cwnb.store import Extract, Position

if TYPE_CHECKING:
    import pyarrow as pa

    from cwnb.delivery.exports.destinations import Destination
    from cwnb.store import ExtractReader, Store

_PAGE_ROWS = 1 << 18
_PAGE_BYTES = 8 << 20
# Packed events that are held at most, and text that is read at most before all of it is in files:
# what is read again after a process was killed.
_HELD_BYTES = 64 << 20
_UNWRITTEN_BYTES = 1 << 30
_STREAMS_FILE = "_cwnb.json"
_COMMIT = "@commit"
_LOOK_S = 0.5


class _Stopped(Exception):
    """The user cancelled the task, or the process gives it up."""


class ExportRun:
    """Runs a task that has the slot, until it ends; `start` begins a thread."""

    def __init__(self, store: Store, record: TaskRecord, lease_s: float) -> None:
        self.ended = threading.Event()
        self.events = record.events
        self.expected = record.expected
        self.error: BaseException | None = None
        self._store = store
        self._record = record
        self._lease_s = lease_s
        self._format = FORMATS[record.format](record.group)
        self._cancelled = False
        self._given_up = False
        self._lost = False
        self._parts = Parts(self._format)
        self._numbers: dict[str, int] = {}
        self._unwritten_bytes = 0
        self._thread = threading.Thread(target=self._run, name="cwnb-export", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """End as cancelled, as soon as the present page is done."""
        self._cancelled = True

    def give_up(self) -> None:
        """End as interrupted, and wait for it."""
        self._given_up = True
        self._thread.join()

    def _run(self) -> None:
        lease = threading.Thread(target=self._keep_lease, name="cwnb-export-lease", daemon=True)
        lease.start()
        state, message = records.FAILED, records.INTERRUPTED
        try:
            message = self._export()
            state = records.COMPLETED
        except _Stopped:
            if self._cancelled and not self._given_up:
                state, message = records.CANCELLED, records.STOPPED
        except RunLost as error:
            self.error = error
        except CwnbError as error:
            self.error, message = error, str(error)
        except Exception as error:
            # A process that ends takes the threads away under it.
            if sys.is_finalizing() or "interpreter shutdown" in str(error):
                self._given_up = True
            else:
                self.error, message = error, f"{type(error).__name__}: {error}"
        finally:
            self._parts.close()
            try:
                self._write_end(state, message)
            except CwnbError as error:
                self.error = self.error or error
            finally:
                self.ended.set()
                lease.join()

    def _write_end(self, state: str, message: str) -> None:
        def change(record: TaskRecord) -> None:
            record.state, record.message = state, message
            record.completed_ms = self._store.clock.now_ms()

        self._change(change)
        records.free_slot(self._store, self._record.run)

    def _keep_lease(self) -> None:
        """Renew the lease, and look whether somebody has cancelled the task."""
        since = 0.0
        pause = min(_LOOK_S, self._lease_s / 8)
        while not self.ended.wait(pause):
            since += pause
            try:
                if since >= self._lease_s / 4:
                    self._cancelled |= records.renew(self._store, self._record.run, self._lease_s)
                    since = 0.0
                elif records.cancel_is_asked(self._store, self._record.run):
                    self._cancelled = True
            except RunLost:
                self._lost = True
                return
            except StoreError:
                continue  # a full disk, say; the next change of the record says it

    def _change(self, change: Any) -> None:
        self._record = records.change(self._store, self._record.id, self._record.run, change)

    def _check(self) -> None:
        if self._lost:
            raise RunLost("the lease of this export has ended")
        if self._cancelled or self._given_up:
            raise _Stopped

    def _export(self) -> str:
        """Write all files; gives the text of the status."""
        record = self._record
        self._check()
        destination = open_destination(record.destination)
        try:
            destination.check(keep=record.format == "service")
            self._prepare(destination)
            self._write_files(destination)
            return self._finish(destination)
        finally:
            destination.close()

    def _prepare(self, destination: Destination) -> None:
        """Count the events, and remove files that an earlier run has not written down."""
        known = {path for paths in self._paths().values() for path in paths}
        there = destination.listed(self._record.id)
        anew = not known <= there
        destination.remove(sorted(there if anew else there - known))
        expected, missed = self._record.expected, self._record.missed
        if expected is None:
            since, until = Position(*self._record.since), Position(*self._record.until)
            if self._record.follows:
                # Before the count, so that what expires in between is counted by neither.
                missed = self._store.expired_between(self._record.group_id, since, until)
            expected = self._reader.count(since)

        def change(record: TaskRecord) -> None:
            record.state, record.message = records.RUNNING, records.STARTED
            record.expected, record.missed = expected, missed
            if anew:
                record.parts, record.ahead, record.checkpoint = {}, {}, record.since
                record.events = record.text_bytes = record.ambiguous = 0

        self._change(change)
        self.events, self.expected = self._record.events, expected
        for key, numbers in self._record.parts.items():
            place = same_folder(self._format.folder(key))
            self._numbers[place] = max(self._numbers.get(place, 0), *(n + 1 for n in numbers))

    @memo
    def _reader(self) -> ExtractReader:
        record = self._record
        start = ALL_TIME.start_ms if record.start_ms is None else record.start_ms
        end = ALL_TIME.end_ms if record.end_ms is None else record.end_ms
        window = Window(start, end)
        until = Position(*record.until)
        return self._store.extract(Extract(record.group_id, until, window, record.stream_prefix))

    def _write_files(self, destination: Destination) -> None:
        reader = self._reader
        before = Position(*self._record.checkpoint)
        limits = {"limit_rows": _PAGE_ROWS, "limit_bytes": _PAGE_BYTES}
        with ThreadPoolExecutor(1, "cwnb-export-read") as ahead:
            coming = ahead.submit(reader.page, before, **limits)
            while True:
                page = coming.result()
                self._check()
                if not page.complete:
                    coming = ahead.submit(reader.page, page.position, **limits)
                events = self._not_written(page.events)
                self._unwritten_bytes += self._parts.add(self._format.pieces(events), before)
                self.events += len(events)
                if page.complete:
                    self._write(destination, self._parts.all_keys(), page.position)
                    return
                full = (
                    self._parts.held_bytes > _HELD_BYTES or self._unwritten_bytes > _UNWRITTEN_BYTES
                )
                keys = (
                    self._parts.all_keys() if full else self._parts.large(PART_BYTES - _PAGE_BYTES)
                )
                if keys:
                    self._write(destination, keys, page.position)
                before = page.position

    def _not_written(self, events: pa.Table) -> pa.Table:
        """Leave out the events of keys whose files go beyond the checkpoint."""
        ahead = self._record.ahead
        if not ahead or not len(events):
            return events
        keys = self._format.keys(events)
        done = [ahead.get(key, (-1, -1)) for key in keys.dictionary.to_pylist()]
        commit, sequence = (
            np.array(part)[np.asarray(keys.indices)] for part in zip(*done, strict=True)
        )
        commits, sequences = events[_COMMIT].to_numpy(), events[SEQUENCE].to_numpy()
        new = (commits > commit) | ((commits == commit) & (sequences > sequence))
        return events if new.all() else events.filter(new)

    def _write(self, destination: Destination, keys: list[str], position: Position) -> None:
        """Write the files of some keys, and write down that they have all up to a position."""
        staged: list[tuple[str, list[bytes]]] = []
        new: dict[str, list[int]] = {}
        events = text_bytes = ambiguous = 0
        for file in self._parts.take(keys):
            folder = self._format.folder(file.key)
            number = self._numbers.get(same_folder(folder), 0)
            self._numbers[same_folder(folder)] = number + 1
            staged.append((self._path(folder, number), file.content))
            new.setdefault(file.key, []).append(number)
            events += file.events
            text_bytes += file.text_bytes
            ambiguous += file.ambiguous
        destination.stage(staged)
        self._check()
        checkpoint = self._parts.oldest(position)

        def change(record: TaskRecord) -> None:
            for key, numbers in new.items():
                record.parts.setdefault(key, []).extend(numbers)
                record.ahead[key] = list(position)
            record.checkpoint = list(checkpoint)
            record.ahead = {k: at for k, at in record.ahead.items() if tuple(at) > checkpoint}
            record.events += events
            record.text_bytes += text_bytes
            record.ambiguous += ambiguous
            # In the transaction that has looked for the lease, so that no other run writes the same
            # files. If it is rolled back, the run that resumes removes what is not written down.
            destination.publish()

        self._change(change)
        if not self._parts.all_keys():
            self._unwritten_bytes = 0

    def _finish(self, destination: Destination) -> str:
        """Write which folder has which streams, and give the text of the status."""
        record = self._record
        paths = [path for paths in self._paths().values() for path in paths]
        if record.format == "service" and record.parts:
            folders: dict[str, list[dict[str, Any]]] = {}
            for stream, numbers in sorted(record.parts.items()):
                of_stream = {"stream": stream, "parts": numbers}
                folders.setdefault(self._format.folder(stream), []).append(of_stream)
            about = {"group": record.group, "folders": folders}
            text = json.dumps(about, indent=1, ensure_ascii=False).encode()
            path = f"{record.id}/{_STREAMS_FILE}"
            destination.stage([(path, [text])])
            destination.publish()
            paths.append(path)
        destination.sync(paths)
        message = records.DONE
        if (gone := (record.expected or 0) - record.events) > 0:
            message += f"; {counted(gone, 'event')} expired meanwhile and are not in it"
        if record.missed:
            # Which streams the events had that were removed is not known any more.
            streams = " of all log streams" if record.stream_prefix else ""
            message += (
                f"; {counted(record.missed, 'event')}{streams} came after the last export and had"
                " expired before this one"
            )
        if record.ambiguous:
            message += (
                f"; {counted(record.ambiguous, 'line')} inside of messages begin with a time, so"
                " a reader takes each for an event"
            )
        return message

    def _paths(self) -> dict[str, list[str]]:
        """Give the paths of the files that were written down, by key."""
        return {
            key: [self._path(self._format.folder(key), number) for number in numbers]
            for key, numbers in self._record.parts.items()
        }

    def _path(self, folder: str, number: int) -> str:
        return f"{self._record.id}/{folder}/{number:06d}{self._format.suffix}"
