"""Write a query as Python source with pandas, which gives the same answer without cwnb."""

from __future__ import annotations

from cwnb.insights.to_pandas.source import Exported, to_pandas
from cwnb.insights.to_pandas.writing import CannotSay

__all__ = ["CannotSay", "Exported", "to_pandas"]
