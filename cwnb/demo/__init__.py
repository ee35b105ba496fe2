"""The demo: a web shop that is made up, its logs of three days, and one incident to find.

>>> from cwnb import demo
>>> logs = demo.ensure()          # makes ./.cwnb-demo, or opens the one that is there
"""

from __future__ import annotations

from cwnb.demo.making import DEFAULT_PATH, ensure

EVENTS = 199_000  # about; for a bar that shows how far the making is

__all__ = ["DEFAULT_PATH", "EVENTS", "ensure"]
