"""Every case table, by the engine on a frame, on a store, and as plain pandas: one answer."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from cases import (
    Case,
    ask_frame,
    cell_of,
    differences,
    export_of,
    read_cases,
    same_cell,
    table_of_text,
    time_ms,
    warning_differences,
)
from memory_states import forget_some, no_memory, said_of
from pipelines import is_unsaid

from cwnb.errors import CwnbError
from cwnb.events import Window
from cwnb.insights.engine import schedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cases import Event

CASES = read_cases()
ANSWERED = [case for case in CASES if case.error is None]
REFUSED = [case for case in CASES if case.error is not None]
# The marks may become fewer, and a new one needs a reason that is worth this number.
MARKS_AT_MOST = 3


def by_title(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case.id for case in cases])


def test_titles_are_unique() -> None:
    ids = [case.id for case in CASES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (200, "200"),
        (200.0, "200.0"),
        ("200", '"200"'),
        (1.00004, "1.0"),
        (1e20, "1e+20"),
        ("1e20", '"1e20"'),
        (True, "true"),
        ("true", '"true"'),
        (None, "-"),
        ("-", '"-"'),
        ("", '""'),
        ("a b", "a b"),
        ("08:00:00", '"08:00:00"'),
        (["a", 1], '["a",1]'),
    ],
)
def test_a_cell_says_its_type(value: object, cell: str) -> None:
    assert cell_of(value) == cell
    others = [200, 200.0, "200", True, "true", None, "-", "", 1]
    different = [other for other in others if (type(other), other) != (type(value), value)]
    assert not any(same_cell(cell, cell_of(other)) for other in different)


def test_marks_are_counted() -> None:
    marked = [case.id for case in CASES if case.cannot_say]
    print(f"{len(CASES)} cases, {len(marked)} that plain pandas cannot say")
    assert len(marked) <= MARKS_AT_MOST


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One store for all tables: a group for each list of events, part segments, part batches.

    Lists of events that name their groups have a store each, for one name may stand in several.
    """
    import cwnb

    logs = cwnb.open(tmp_path_factory.mktemp("cases") / "store", encryption="none")
    held: dict[tuple[Any, ...], tuple[Any, list[str]]] = {}
    others: dict[tuple[Any, ...], Any] = {}

    def groups_of(case: Case) -> tuple[Any, list[str]]:
        # Log groups that queries name stand in a store of their own for each set of them.
        beside = (*case.groups.items(), *case.tables.items())
        if beside and beside not in others:
            others[beside] = cwnb.open(tmp_path_factory.mktemp("beside") / "s", encryption="none")
            for name, events in case.groups.items():
                fill(others[beside], [name], events)
            for name, text in case.tables.items():
                others[beside].put_lookup(name, table_of_text(text))
        key = (beside, case.events)
        if key not in held:
            named = list(dict.fromkeys(event.group for event in case.events))
            if named and all(named):
                of_case = cwnb.open(tmp_path_factory.mktemp("named") / "store", encryption="none")
                held[key] = of_case, named
            else:
                held[key] = others.get(beside, logs), [f"/cases/{len(held)}"]
            fill(*held[key], case.events)
        found, names = held[key]
        found.store.set_now(case.now_ms or time_ms("12:00:00"))
        return found, [] if case.names_groups else names

    yield groups_of
    stores = {id(found): found for found, _ in held.values()}
    stores |= {id(found): found for found in others.values()}
    for store in stores.values():
        store.close()


def fill(logs: Any, names: list[str], events: tuple[Event, ...]) -> None:
    """Put each event into the group that it names, or into the only one."""
    logs.store.set_now(time_ms("12:00:00"))
    for event in {event.group: event for event in events if event.log_type}.values():
        logs.create_group(event.group, log_type=event.log_type)
    for place, event in enumerate(events):
        group = event.group or names[0]
        logs.put(group, event.stream, [(event.time_ms, event.message)])
        if place % 3 == 1:
            logs.flush(group)


def window_of(case: Case) -> dict[str, Any]:
    return {"start": case.window[0], "end": case.window[1]} if case.window else {}


def check(case: Case, result: Any) -> None:
    assert not (found := differences(case, result.df)), found
    assert not (found := warning_differences(case, result.warnings)), found


@by_title(ANSWERED)
def test_engine_on_a_frame(case: Case) -> None:
    check(case, ask_frame(case, now=case.now_ms, **window_of(case)))


@by_title(ANSWERED)
def test_engine_on_a_store(case: Case, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing in memory, and with what cases over the same events have left there."""
    # With several threads it is chance how many events are read before a limit is reached.
    monkeypatch.setattr(schedule, "worker_count", lambda: 1)
    logs, groups = store(case)

    def ask() -> Any:
        return logs.query(case.query, groups, strict=case.strict, **window_of(case))

    with no_memory():
        result = ask()
    check(case, result)
    said = said_of(result)
    assert said_of(ask()) == said
    forget_some(Random(case.id))
    assert said_of(ask()) == said


@by_title([case for case in ANSWERED if not is_unsaid(case)])
def test_result_as_plain_pandas(
    case: Case, store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a result writes of itself, on the events that it exports."""
    logs, groups = store(case)
    result = logs.query(case.query, groups, strict=case.strict, **window_of(case))
    monkeypatch.chdir(tmp_path)
    result.export_events("events.parquet")
    namespace: dict[str, Any] = {}
    exec(compile(result.pandas, "emitted.py", "exec"), namespace)
    assert not (found := differences(case, namespace["result"], pandas=True)), (
        f"{result.pandas}\n{found}"
    )


@by_title(REFUSED)
def test_refused(case: Case) -> None:
    with pytest.raises(CwnbError) as caught:
        ask_frame(case, now=case.now_ms, **window_of(case))
    assert case.error
    assert case.error.lower() in str(caught.value).lower()


@by_title([case for case in ANSWERED if not (case.groups or case.tables)])
def test_plain_pandas(case: Case, tmp_path: Path) -> None:
    from pipelines import check_pipeline, parse_pipeline

    from cwnb.insights.resolve.complete import complete_pipeline
    from cwnb.insights.to_pandas import CannotSay, Exported, to_pandas
    from cwnb.insights.tree import Query

    frame, schema = export_of(case.events)
    path = tmp_path / "events.parquet"
    frame.to_parquet(path)
    pipeline, _ = check_pipeline(
        parse_pipeline(case.query),
        strict=case.strict,
        known=lambda name: name in schema,
        names=lambda: schema,
    )
    query = Query(pipelines=[complete_pipeline(pipeline)])
    namespace: dict[str, Any] = {}
    try:
        window = Window(*case.window) if case.window else None
        source = to_pandas(query, [Exported(str(path), schema, window)], now_ms=case.now_ms)
        exec(compile(source, "emitted.py", "exec"), namespace)
    except (CannotSay, ValueError) as error:
        if is_unsaid(case):
            return
        raise AssertionError(str(error)) from error
    assert "cwnb" not in source
    assert not is_unsaid(case), "plain pandas can say it: take the mark away"
    assert not (found := differences(case, namespace["result"], pandas=True)), f"{source}\n{found}"
