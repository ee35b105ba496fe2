"""Run a query: tasks on parts of the events, a partial answer of each, one merge.

The steps work on Arrow arrays and numpy, and an Outcome holds Arrow columns.
"""

from cwnb.insights.engine.outcome import Outcome, Places, Step
from cwnb.insights.engine.run import prepare, run_query

__all__ = ["Outcome", "Places", "Step", "prepare", "run_query"]
