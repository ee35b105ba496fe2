"""Write down what the code answers, so that a change of it can show that no answer changed.

`python -m benchmarks record OUT` writes one JSON line an answer: the frame with its types,
warnings, statistics, the rewritten text, the pandas text, or the error; and of each log group what
the store's listings and the report of a load say. Two recordings of code that answers alike are the
same byte for byte, so `diff` shows what a change of the code changes.
`python -m benchmarks record --diff OLD NEW` says the same for readers. `--code FOLDER` records the
package of another checkout, asked the cases of this one.

Only the public names of cwnb are used, since the rest of it may be named differently elsewhere.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.recorder.asked import REPOSITORY, asks
from benchmarks.recorder.differences import show_differences


def _hold_to_one() -> None:
    """Keep to one processor: with two, chance decides how far a query reads before it stops."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


def main(args: list[str]) -> int:
    """Record, or compare two recordings."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks record",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--code", type=Path, default=REPOSITORY, help="a checkout of cwnb")
    parser.add_argument("--only", default="", help="only what has this in its name")
    parser.add_argument("--diff", nargs=2, type=Path, metavar=("OLD", "NEW"))
    parser.add_argument("--limit", type=int, default=20, help="of answers that --diff shows")
    options = parser.parse_args(args)
    if options.diff:
        return show_differences(*options.diff, options.limit)
    if not options.out:
        parser.error("where to? give OUT, or --diff OLD NEW")
    _hold_to_one()
    code = options.code.resolve()
    sys.path.insert(0, str(code))
    import cwnb
    from benchmarks.recorder.answers import record

    assert Path(cwnb.__file__).is_relative_to(code), cwnb.__file__
    with tempfile.TemporaryDirectory() as keys:
        os.environ["CWNB_CONFIG_DIR"] = keys
        lines = record(ask for ask in asks() if options.only in ask.name)
    options.out.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    print(f"answers={len(lines)} of {code}")
    return 0
