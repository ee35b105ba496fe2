"""From a Pipeline and a Source to an answer: tasks, partial frames, one merge.

Steps inside a task work on Arrow arrays and numpy; what leaves the engine is pandas.
"""

from cwnb.insights.engine.outcome import Outcome, Places, Step
from cwnb.insights.engine.run import prepare, run_query

__all__ = ["Outcome", "Places", "Step", "prepare", "run_query"]
