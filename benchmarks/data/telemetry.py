"""What devices in buildings send: a dozen kinds of JSON documents, each with fields of its own.

Most columns are missing in most events, `value` is a number, a numeric text or a word, one
line in fifty is no JSON, and places and notes are not written in ASCII alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data.columns import (
    chosen,
    codes_of,
    hexes,
    iso,
    join,
    lists,
    mixed,
    padded,
    pick,
    skewed,
    some,
    text,
)
from benchmarks.data.json_text import objects
from benchmarks.data.log_set import BLOCK, LogSet

if TYPE_CHECKING:
    from benchmarks.data.log_set import Piece

DEVICES = 40_000
DIRTY_SHARE = 0.02
_SITES = [
    "Zürich Altstetten", "Łódź Fabryczna", "São Paulo Sé", "東京 品川", "København Ørestad",
    "Málaga Centro", "Göteborg Hamnen", "Kraków Główny", "서울 강남", "Paris La Défense",
    "Nürnberg Süd", "Αθήνα Κέντρο", "Rotterdam", "Leeds", "Graz", "Porto",
]  # fmt: skip
_FIRMWARE = ["2.3.9", "2.4.0", "2.4.1", "2.5.0-beta", "1.9.7"]
_NOTES = [
    "Fühler ausgefallen, Messwert ungültig",
    "온도 경고: 임계값 초과",
    "temperatura demasiado alta en el armario",
    "przekroczono próg wilgotności",
    "door held open too long",
    "低電圧を検出しました",
    "link flapping on port 3",
    "Überlast am Ausgang 2",
]
_TAGS = [
    "indoor",
    "outdoor",
    "roof",
    "basement",
    "critical",
    "leased",
    "battery",
    "mains",
    "legacy",
]
_WORDS = {"n/a": 0.4, "OVERRANGE": 0.25, "open": 0.2, "sensor error": 0.15}
# The kinds, from frequent to rare.
KINDS = {
    "climate": 0.34, "power": 0.18, "heartbeat": 0.14, "vibration": 0.08, "position": 0.07,
    "meter": 0.06, "door": 0.04, "radio": 0.03, "battery": 0.025, "alarm": 0.015, "update": 0.012,
    "boot": 0.008,
}  # fmt: skip
_DIRT = [
    "-- MARK --",
    "watchdog: reset, cause 4, uptime lost",
    "panic: stack smashing detected at 0x4008f1c2",
    "E (31415) mbedtls: handshake timed out",
]
# Columns and where they stand in a document.
PATHS = {
    "time": "ts", "device": "device", "kind": "kind", "site": "site", "fw": "fw", "seq": "seq",
    "value": "value", "tags": "tags", "temperature": "temperature", "humidity": "humidity",
    "co2": "co2", "volts": "electric.volts", "amps": "electric.amps", "watts": "electric.watts",
    "phase": "electric.phase", "uptime_s": "uptime_s", "load": "load", "free_kb": "free_kb",
    "axis": "axis", "rms": "rms", "samples": "samples", "lat": "gps.lat", "lon": "gps.lon",
    "satellites": "gps.satellites", "reading": "reading", "unit": "unit", "tariff": "tariff",
    "door": "door", "badge": "badge", "held_s": "held_s", "rssi": "radio.rssi", "snr": "radio.snr",
    "channel": "radio.channel", "cell": "radio.cell", "percent": "percent", "cycles": "cycles",
    "severity": "severity", "code": "code", "note": "note", "ack": "ack", "from_fw": "from_fw",
    "to_fw": "to_fw", "progress": "progress", "reason": "reason", "cause": "cause",
    "serial": "serial",
}  # fmt: skip


def make(piece: Piece) -> pa.Table:
    """Give the events of a piece."""
    random, rows, when = piece.random, piece.rows, piece.times()
    dirty = random.random(rows) < DIRTY_SHARE
    dirty[::BLOCK] = False
    # A line that is no JSON has no time of its own: that of the line before it counts.
    clean_places = np.maximum.accumulate(np.where(dirty, 0, np.arange(rows)))
    when = when[clean_places]
    # Half of the events are of all devices alike, the others of the talkative ones.
    device = np.where(
        random.random(rows) < 0.5,
        random.integers(0, DEVICES, rows),
        skewed(random, rows, DEVICES, 0.7) * 7919 % DEVICES,
    )
    kinds = codes_of(random, rows, list(KINDS.values()))
    tables = []
    for number, kind in enumerate(KINDS):
        here = np.flatnonzero((kinds == number) & ~dirty)
        fields = {
            "device": padded("dev-", device[here], 6),
            "kind": pa.array([kind] * len(here), pa.string()),
            "site": pick(_SITES, device[here] % len(_SITES)),
            "fw": pick(_FIRMWARE, codes_of(random, len(here), [20, 30, 40, 2, 8])),
            "seq": pa.array(random.integers(0, 65_536, len(here))),
            **_fields(kind, random, len(here)),
        }
        line = objects({"ts": iso(when[here]), **_nested(fields)})
        fields["value"] = _as_text(fields.get("value"), len(here))
        tables.append(_table(when[here], line, fields))
    kinds[dirty] = len(KINDS)
    tables.append(_table(when[dirty], _dirt(random, int(dirty.sum())), {}))
    return mixed(rows, kinds, tables).select(["time", "line", *list(PATHS)[1:]])


def _table(when: np.ndarray, line: pa.Array, fields: dict[str, pa.Array]) -> pa.Table:
    missing = {
        name: pa.nulls(len(line), SCHEMA[name])
        for name in PATHS
        if name != "time" and fields.get(name) is None
    }
    have = {name: values for name, values in fields.items() if values is not None}
    columns = {"time": pa.array(when, pa.timestamp("ms")), "line": line, **have, **missing}
    return pa.table({name: columns[name] for name in ["time", "line", *list(PATHS)[1:]]})


def _nested(fields: dict[str, pa.Array]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, values in fields.items():
        where, _, leaf = PATHS[name].rpartition(".")
        (document.setdefault(where, {}) if where else document)[leaf] = values
    return document


def _as_text(value: Any, rows: int) -> pa.Array:
    """Give the mixed field as a column of text has it: without the quotes of texts."""
    if value is None:
        return pa.nulls(rows, pa.string())
    return pc.replace_substring(value.cast(pa.string()), '"', "")


def _fields(kind: str, random: np.random.Generator, rows: int) -> dict[str, Any]:
    def number(mean: float, spread: float, digits: int = 2) -> pa.Array:
        return pa.array(np.round(random.normal(mean, spread, rows), digits))

    def whole(least: int, most: int) -> pa.Array:
        return pa.array(random.integers(least, most, rows))

    if kind == "climate":
        temperature = number(21, 4)
        return {
            "value": _mixed_value(random, rows, temperature),
            "temperature": temperature,
            "humidity": some(random, number(45, 12, 1), 0.8),
            "co2": some(random, whole(390, 1900), 0.3),
            "tags": _tags(random, rows),
        }
    if kind == "power":
        volts, amps = random.normal(230, 4, rows), random.exponential(3, rows)
        return {
            "value": _mixed_value(random, rows, pa.array(np.round(volts * amps, 1))),
            "volts": pa.array(np.round(volts, 1)),
            "amps": pa.array(np.round(amps, 3)),
            "watts": pa.array(np.round(volts * amps, 1)),
            "phase": chosen(random, rows, {"L1": 0.5, "L2": 0.3, "L3": 0.2}),
            "tags": _tags(random, rows),
        }
    if kind == "vibration":
        lengths = random.integers(2, 9, rows)
        samples = pa.array(np.round(random.normal(0, 1.5, lengths.sum()), 3))
        return {
            "axis": chosen(random, rows, {"x": 0.4, "y": 0.35, "z": 0.25}),
            "rms": pa.array(np.round(random.exponential(1.2, rows), 4)),
            "samples": lists(lengths, samples),
        }
    return {
        "heartbeat": lambda: {
            "uptime_s": pa.array(random.exponential(400_000, rows).astype(np.int64)),
            "load": pa.array(np.round(random.exponential(0.3, rows), 2)),
            "free_kb": whole(2_000, 64_000),
        },
        "position": lambda: {"lat": number(49, 6, 5), "lon": number(9, 8, 5),
                             "satellites": whole(0, 14)},
        "meter": lambda: {"reading": pa.array(np.round(random.random(rows) * 90_000, 1)),
                          "unit": chosen(random, rows, {"kWh": 0.7, "m³": 0.3}),
                          "tariff": chosen(random, rows, {"day": 0.6, "night": 0.4})},
        "door": lambda: {"door": chosen(random, rows, {"closed": 0.55, "open": 0.43, "forced": 0.02}),
                         "badge": some(random, padded("B", skewed(random, rows, 3_000), 5), 0.7),
                         "held_s": some(random, whole(1, 600), 0.25)},
        "radio": lambda: {"rssi": whole(-120, -50), "snr": number(7, 4, 1), "channel": whole(0, 16),
                          "cell": some(random, hexes(random, rows, 8), 0.6)},
        "battery": lambda: {"percent": whole(1, 101), "cycles": whole(0, 900),
                            "value": _mixed_value(random, rows, number(3.6, 0.2, 3))},
        "alarm": lambda: {"severity": chosen(random, rows, {"minor": 0.6, "major": 0.3, "critical": 0.1}),
                          "code": whole(1, 60), "note": pick(_NOTES, skewed(random, rows, len(_NOTES))),
                          "ack": some(random, whole(0, 2), 0.5)},
        "update": lambda: {"from_fw": pick(_FIRMWARE, random.integers(0, 3, rows)),
                           "to_fw": pick(_FIRMWARE, random.integers(1, 4, rows)),
                           "progress": whole(0, 101)},
        "boot": lambda: {"reason": chosen(random, rows, {"power": 0.5, "watchdog": 0.3, "update": 0.2}),
                         "cause": some(random, whole(0, 9), 0.5), "serial": hexes(random, rows, 12)},
    }[kind]()  # fmt: skip


def _mixed_value(random: np.random.Generator, rows: int, numbers: pa.Array) -> pa.Array:
    """Give numbers, numeric texts and words as they stand in JSON, texts in quotes."""
    kinds = codes_of(random, rows, [0.7, 0.22, 0.08])
    places = [pa.array(np.flatnonzero(kinds == kind)) for kind in range(3)]
    written = numbers.cast(pa.string())
    words = chosen(random, len(places[2]), _WORDS)
    parts = [
        written.take(places[0]),
        join('"', written.take(places[1]), '"'),
        join('"', words, '"'),
    ]
    return mixed(rows, kinds, parts).cast(pa.large_string())  # which is written as it is


def _tags(random: np.random.Generator, rows: int) -> pa.Array:
    lengths = codes_of(random, rows, [3, 5, 3, 1])
    tags = pick(_TAGS, skewed(random, int(lengths.sum()), len(_TAGS), 0.8))
    values = lists(lengths, tags)
    return pc.if_else(pa.array(lengths > 0), values, None)


def _dirt(random: np.random.Generator, rows: int) -> pa.Array:
    texts = pick(_DIRT, random.integers(0, len(_DIRT), rows))
    # A document of which the connection lost the end.
    cut = join('{"device":"', padded("dev-", random.integers(0, DEVICES, rows), 6),
               '","kind":"climate","seq":', text(random.integers(0, 65_536, rows)), ',"temp')  # fmt: skip
    return pc.if_else(pa.array(random.random(rows) < 0.5), cut, texts)


_WHOLE = (
    "seq co2 uptime_s free_kb satellites held_s rssi channel percent cycles code ack progress cause"
).split()
_REAL = ("temperature humidity volts amps watts load rms lat lon reading snr").split()
SCHEMA = {
    name: pa.int64() if name in _WHOLE else pa.float64() if name in _REAL else pa.string()
    for name in PATHS
} | {"tags": pa.list_(pa.string()), "samples": pa.list_(pa.float64())}

TELEMETRY = LogSet("telemetry", "/bench/telemetry", 12, make, paths=PATHS)
