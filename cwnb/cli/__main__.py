"""`python -m cwnb.cli` is the command line too."""

from __future__ import annotations

from cwnb.cli import main

main()
