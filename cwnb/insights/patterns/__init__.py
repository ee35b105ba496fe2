"""Patterns: the templates that lines of text were written by, and how many lines each has.

`reduce` writes numbers and ids equal in all lines, fast; `mask` puts marks for times, addresses and
numbers on the distinct ones; `words` cuts those into words; `drain` groups them; `mining` does all.
"""

from __future__ import annotations

from cwnb.insights.patterns.mining import Templates, mine

__all__ = ["Templates", "mine"]
