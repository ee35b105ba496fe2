"""What one query reads: every part of it sees the same moment, and what is not there is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import cwnb
from cwnb.errors import InvalidParameter, ResourceNotFound, SnapshotExpired
from cwnb.events import ALL_TIME, GroupSelector
from cwnb.insights import frame_columns, frames
from cwnb.query_sources import StoreSources
from cwnb.results import running
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cwnb.events import Source

NOW_MS = 1_795_593_600_000


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Any]:
    with cwnb.open(tmp_path / "store", encryption="none", clock=Clock(NOW_MS)) as held:
        held.put("/a/one", "s", [("-1h", "first")])
        held.put("/a/two", "s", [("-1h", "second")])
        held.put("/b", "s", [("-1h", "third")])
        yield held


def messages(source: Source) -> list[str]:
    tasks = source.scan(["@message"], ALL_TIME, []).tasks
    return [m for task in tasks for m in task.open().columns(["@message"])["@message"].to_pylist()]


def named(name: str) -> GroupSelector:
    return GroupSelector((name,))


def test_all_selectors_of_a_query_see_one_moment(logs: Any) -> None:
    a, both = GroupSelector(prefixes=("/a/",)), [named("/b"), named("/a/one")]
    sources = StoreSources(logs.store, ["/b"], [a, *both])
    assert messages(sources.open()) == ["third"]
    for group in ("/a/one", "/b", "/a/three"):
        logs.put(group, "s", [("-1m", "later")])
    logs.flush()
    assert messages(sources.open([a])) == ["first", "second"]
    assert sorted(messages(sources.open(both))) == ["first", "third"]
    assert messages(sources.open()) == ["third"]
    assert sorted(messages(sources.again().open([a]))) == [*("first", "later", "later", "second")]


def test_what_a_query_cannot_open_is_named(logs: Any) -> None:
    sources = StoreSources(logs.store, ["/b"], [GroupSelector(prefixes=("/a/",))])
    with pytest.raises(InvalidParameter, match=r"does not name the log groups.*'/a/one'"):
        sources.open([named("/a/one")])
    with pytest.raises(ResourceNotFound, match="no lookup table 'hosts'"):
        sources.table("hosts")
    with pytest.raises(ResourceNotFound, match=r"is named '/bb'; did you mean '/b'\?"):
        StoreSources(logs.store, ["/bb"]).open()
    with pytest.raises(ResourceNotFound, match=r"no log group matches '/c\*'"):
        StoreSources(logs.store, ["/b"], [GroupSelector(prefixes=("/c",))]).open()

    frame = pd.DataFrame({"a": [1]})
    alone = frames.FrameSources(frames.FrameSource(frame_columns.columns_of_frame(frame)))
    assert alone.again().open() is alone.open()
    with pytest.raises(ResourceNotFound, match=r"a frame has no log groups.*groups={'/a': frame}"):
        alone.open([named("/a")])
    with pytest.raises(ResourceNotFound, match="no lookup table 'hosts'"):
        alone.table("hosts")


def test_a_query_whose_files_have_gone_starts_on_a_new_snapshot(
    logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    whole = running.run

    def gone_twice(pipeline: Any, context: Any, *more: Any) -> Any:
        seen.append(context)
        if len(seen) <= 2:
            logs.put("/b", "s", [("-1m", f"put {len(seen)}")])
            raise SnapshotExpired("gone")
        return whole(pipeline, context, *more)

    monkeypatch.setattr(running, "run", gone_twice)
    found = logs.query("fields @message | sort @timestamp", "/b").df["@message"].tolist()
    assert found == ["third", "put 1", "put 2"]
    assert len({context.now_ms for context in seen}) == 1
    assert len({id(context.sources) for context in seen}) == 3

    monkeypatch.setattr(running, "TRIES", 2)
    seen.clear()
    with pytest.raises(SnapshotExpired, match="gone"):
        logs.query("fields @message", "/b")


PLACES = [
    ("SOURCE '/a/one' | SOURCE '/a/tow' | limit 1", "'/a/tow'"),
    ("fields @message | filter @message in (SOURCE '/bb' | fields @message)", "'/bb'"),
    ("fields @message\n| lookup host @message OUTPUT name", "host"),
    ("join left=a right=b where a.x = b.x (SOURCE '/bb')", "'/bb'"),
]


@pytest.mark.parametrize(("text", "named"), PLACES)
def test_an_error_shows_where_the_query_names_what_is_missing(
    logs: Any, text: str, named: str
) -> None:
    groups = None if text.startswith("SOURCE") else ["/b"]
    with pytest.raises(ResourceNotFound) as raised:
        logs.query(text, groups)
    assert text[raised.value.start : raised.value.end] == named
    line = text[: raised.value.start].count("\n") + 1
    assert f"(line {line}, column " in str(raised.value)


def test_a_group_that_the_caller_names_has_no_place_in_the_query(logs: Any) -> None:
    with pytest.raises(ResourceNotFound) as raised:
        logs.query("fields '/bb' as x", ["/bb"])
    assert raised.value.start is None
