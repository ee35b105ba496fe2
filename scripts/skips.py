"""Fail for a test that was skipped without a reason that the project allows.

Usage: skips.py ALLOWED JUNIT...
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def allowed_reasons(text: str) -> list[str]:
    """Read the reasons, one a line; `#` begins a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def skipped(junit: str) -> list[tuple[str, str]]:
    """Give name and reason of each test that was skipped; an expected failure is none."""
    return [
        (f"{case.get('classname')}::{case.get('name')}", skip.get("message") or "")
        for case in ET.fromstring(junit).iter("testcase")
        for skip in case.iter("skipped")
        if skip.get("type") != "pytest.xfail"
    ]


def main(allowed: str, *junits: str) -> int:
    """Print what was skipped, and give 1 if something of it was not allowed."""
    reasons = allowed_reasons(Path(allowed).read_text())
    wrong = 0
    for junit in junits:
        for name, reason in skipped(Path(junit).read_text()):
            fine = any(reason.startswith(known) for known in reasons)
            wrong += not fine
            print(f"{'skipped' if fine else 'NOT ALLOWED TO SKIP'}: {name}: {reason}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
