"""What two recordings differ in, for readers."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def show_differences(old: Path, new: Path, limit: int) -> int:
    """Print what differs, the first `limit` answers in full; 1 if anything does."""
    before, after = _read(old), _read(new)
    changed = [name for name in before if name in after and before[name] != after[name]]
    parts = {name: list(_parts(before[name], after[name])) for name in changed}
    gone = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    for name in changed[:limit]:
        print(f"\n{name}\n  {before[name]['query']}")
        for part, one, other in parts[name]:
            print(f"  {part}")
            print(f"    - {one}\n    + {other}")
    if len(changed) > limit:
        print(f"\n… and {len(changed) - limit} more; --limit shows them")
    counts = Counter(part for found in parts.values() for part, _, _ in found)
    print()
    for part, count in counts.most_common():
        print(f"{count:6} {part}")
    for word, names in (("only in the first", gone), ("only in the second", added)):
        for name in names[:limit]:
            print(f"{word}: {name}")
    print(f"answers={len(before)} changed={len(changed)} gone={len(gone)} added={len(added)}")
    return int(bool(changed or gone or added))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    read = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return {f"{answer['name']} (on a {answer['on']})": answer for answer in read}


def _parts(one: Any, other: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Name the parts that differ, as far in as both have them."""
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict) and name != "types":
        for key in dict.fromkeys([*one, *other]):
            yield from _parts(one.get(key), other.get(key), f"{name}.{key}".lstrip("."))
    elif name in {"pandas", "error"} and isinstance(one, list) and isinstance(other, list):
        lines = [
            (a, b) for a, b in zip(_long(one, other), _long(other, one), strict=True) if a != b
        ]
        yield name, *(f"\n{'':6}".join(side) for side in zip(*lines, strict=True))
    else:
        yield name, json.dumps(one, ensure_ascii=False), json.dumps(other, ensure_ascii=False)


def _long(lines: list[str], others: list[str]) -> list[str]:
    return lines + [""] * (len(others) - len(lines))
