"""CloudWatch Logs in a notebook: a log store, Insights queries, `%%insights` cells.

>>> import cwnb
>>> logs = cwnb.open("shop-logs")                          # a folder, made if absent
>>> logs.load("access.log.gz", group="/shop/web")
>>> logs.query("stats count(*) by bin(5m)", groups=["/shop/web"]).df
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cwnb import errors

if TYPE_CHECKING:
    from cwnb.cache import set_cache_budget
    from cwnb.filter_pattern import FilterPattern, explain_pattern, test_metric_filter
    from cwnb.logs import Logs, open
    from cwnb.questions import query, start
    from cwnb.results.result import QueryResult

__version__ = "0.1.0"
_WAYS_OUT = ("LambdaContext", "LambdaHandler", "LogGroup", "decode_subscription")
__all__ = [
    "FilterPattern",
    "Logs",
    "QueryResult",
    "__version__",
    "errors",
    "explain_pattern",
    "load_ipython_extension",
    "open",
    "query",
    "set_cache_budget",
    "start",
    "test_metric_filter",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    # pandas and pyarrow take most of a second to import, so nothing here touches them until asked.
    if name in {"Logs", "open"}:
        from cwnb import logs

        return getattr(logs, name)
    if name in {"query", "start"}:
        from cwnb import questions

        return getattr(questions, name)
    if name == "set_cache_budget":
        from cwnb import cache

        return cache.set_cache_budget
    if name in {"FilterPattern", "explain_pattern", "test_metric_filter"}:
        from cwnb import filter_pattern

        return getattr(filter_pattern, name)
    if name == "QueryResult":
        from cwnb.results.result import QueryResult

        return QueryResult
    if name in _WAYS_OUT:
        from cwnb import delivery

        return getattr(delivery, name)
    if name == "demo":
        return import_module("cwnb.demo")
    message = f"module 'cwnb' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    # What is imported only when it is asked for is part of the package too.
    return sorted({*globals(), *__all__, "demo"})


def load_ipython_extension(shell: Any) -> None:
    """Register `%%insights` and `%insights` with IPython (`%load_ext cwnb`)."""
    from cwnb.notebook import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take `%%insights`, `%insights` and their completion out of IPython (`%unload_ext cwnb`)."""
    from cwnb.notebook import unload_ipython_extension as unload

    unload(shell)
