"""Tell what parts the cells of a table: a comma, a tab, a semicolon or a bar."""

from __future__ import annotations

import csv
import re

SAMPLE_BYTES = 1 << 16
_SAMPLE_LINES = 200
# Whoever writes the comma as the sign of decimals parts cells by semicolons.
_RARER = (";", "|")


def delimiter_of(sample: bytes) -> str:
    """Give the delimiter of a CSV file by its first SAMPLE_BYTES; a comma, unless all agree."""
    lines = [line for line in sample.split(b"\n") if line.strip()]
    if len(sample) >= SAMPLE_BYTES:
        lines.pop()  # it may be cut off
    for delimiter in (",", *_RARER):
        if _agree(lines, delimiter):
            return delimiter
    return ","


def is_table(lines: list[bytes], delimiter: str, *, named: bool) -> bool:
    """Tell whether the lines are a header of names and rows of as many cells.

    `named`: the file's name says that it is a table, so that its rows need not show it.
    """
    if delimiter in _RARER:
        # Logs are written with such marks too, so each line must agree, and no name of the header
        # may stand below itself, as a level would.
        return _agree(lines, delimiter) and (named or _is_header(lines, delimiter))
    header = lines[0].rstrip(b"\r").split(delimiter.encode())
    if len(header) < 2:
        return False
    names = [cell.strip().strip(b'"') for cell in header]
    if not _are_names(names):
        return named
    if named:
        return True
    if any(re.fullmatch(rb"[-+\d.:]+", name) for name in names) or len(lines) < 2:
        return False
    rows = _rows(lines[1:], delimiter)
    same = [len(row) == len(header) for row in rows]
    return sum(same) > 0.6 * len(same)


def _are_names(names: list[bytes]) -> bool:
    good = all(re.fullmatch(rb"[\w@#$%&/()\[\]. :\x80-\xff-]{1,80}", name) for name in names)
    return good and len(set(names)) == len(names)


def _agree(lines: list[bytes], delimiter: str) -> bool:
    """Tell whether the header and all rows of the sample have the same number of cells."""
    rows = _rows(lines, delimiter)
    return len(rows) > 1 and len(rows[0]) > 1 and len({len(row) for row in rows}) == 1


def _is_header(lines: list[bytes], delimiter: str) -> bool:
    header, *rows = _rows(lines, delimiter)
    names = [cell.strip().encode() for cell in header]
    if len(rows) < 2 or not _are_names(names):
        return False
    if any(re.fullmatch(rb"[-+\d.:]+", name) for name in names):
        return False
    columns = zip(*rows, strict=True)
    return not any(name in column for name, column in zip(header, columns, strict=True))


def _rows(lines: list[bytes], delimiter: str) -> list[list[str]]:
    """Give the cells of the first lines; none where they are not written as CSV is."""
    texts = (line.decode("utf-8", "replace") for line in lines[:_SAMPLE_LINES])
    try:
        rows = list(csv.reader(texts, delimiter=delimiter))
    except csv.Error:
        return []
    # The last row may go on in lines that are not looked at.
    return rows[:-1] if len(lines) > _SAMPLE_LINES else rows
