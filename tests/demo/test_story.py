from __future__ import annotations

import re
from contextlib import closing

import pytest

from cwnb.demo import incident, shop
from cwnb.demo.story import STEPS
from cwnb.results.rendering import rendered


@pytest.fixture
def logs(demo_path):
    import cwnb

    with closing(cwnb.open(demo_path)) as opened:
        yield opened


def answer(logs, title):
    step = next(step for step in STEPS if step.title == title)
    result = logs.query(step.query, list(step.groups), start=step.start)
    assert result.warnings == []
    return result.df


def test_the_store_has_every_event_and_its_own_now(logs):
    from cwnb.demo.generator import batches

    groups = {group.name: group for group in logs.store.groups()}
    assert {name: g.events for name, g in groups.items()} == {n: len(b) for n, b in batches()}
    assert {n: g.retention_days for n, g in groups.items()} == shop.RETENTION_DAYS
    assert logs.clock.now_ms() == shop.NOW_MS


def test_one_query_reads_all_groups(logs):
    df = answer(logs, "What is there?")
    assert sorted(df["@log"]) == sorted(f"000000000000:{group}" for group in shop.GROUPS)
    assert df["events"].min() > 500


def test_the_symptom_shows_as_a_rise_and_a_fall(logs):
    errors = answer(logs, "Is it true?")["errors"].tolist()
    assert len(errors) == 12
    assert max(errors[:6]) <= 3
    assert max(errors[7:10]) > 30
    assert errors[-1] <= 3


def test_it_is_the_checkout(logs):
    df = answer(logs, "What do they ask for?")
    assert df["path"].tolist()[:2] == ["/api/checkout"] * 2
    assert set(df["status"].tolist()[:2]) == {"503", "504"}
    assert df["errors"].tolist()[1] > 10 * df["errors"].tolist()[2]


def test_the_checkout_waits_for_payments(logs):
    df = answer(logs, "What does the checkout say?")
    assert set(df["error.type"]) == {"UpstreamTimeout", "CircuitOpen"}
    assert set(df["upstream.name"]) == {"payments"}


def test_the_deployment_is_innocent(logs):
    df = answer(logs, "Was it the new version?")
    assert set(df["version"]) == {incident.OLD_VERSION, incident.NEW_VERSION}
    clean = df[(df["version"] == incident.NEW_VERSION) & (df["failed"] == 0)]
    assert len(clean) == 1


def test_payments_cannot_connect(logs):
    df = answer(logs, "Why does payments not answer?")
    worst = df.iloc[0]
    assert worst["cause"] == "java.net.SocketTimeoutException"
    assert worst["reason"] == "Connect timed out"
    assert worst["errors"] > 50


def test_the_pool_drains_step_by_step(logs):
    opened = answer(logs, "How did its connections go?")["open"].tolist()
    assert opened[0] == 10
    assert min(opened) == 0
    assert any(0 < n < 10 for n in opened)
    assert opened[-1] == 10


def test_only_payments_is_refused(logs):
    df = answer(logs, "Who is refused?")
    refused = df[df["rejected"] > 0]
    assert set(refused["srcAddr"]) == {address for _, address, _ in shop.PAYMENTS_HOSTS}
    assert set(refused["dstAddr"]) == {shop.PAYMENTS_DATABASE[1]}
    assert len(df) > len(refused)


def test_the_cause_is_a_rule_that_was_taken_away(logs):
    df = answer(logs, "Who changed the rule?")
    texts = {name: rendered(df[name]) for name in df}
    first, last = ({name: column[at] for name, column in texts.items()} for at in (0, -1))
    assert len(df) == 2
    assert first["time"] == "11:02:37"
    assert first["change"] == "Revoke"
    assert first["who"] == incident.CULPRIT
    assert first["description"] == incident.STALE_DESCRIPTION
    assert last["change"] == "Authorize"
    assert last["who"] == incident.RESCUER


def test_the_cost(logs):
    df = answer(logs, "What did it cost?")
    assert len(df) == 1
    assert df["customers"].iloc[0] > 30
    assert df["euros"].iloc[0] > 1000


def test_fields_of_every_kind_of_line_are_discovered(logs):
    wanted = {
        shop.APP: {"http.status", "order.items.0.sku", "user.id"},
        shop.THUMBNAIL: {"@type", "@duration", "@requestId", "@initDuration"},
        shop.VPC: {"srcAddr", "dstPort", "action"},
        shop.CLOUDTRAIL: {"eventName", "userIdentity.userName"},
    }
    for group, names in wanted.items():
        assert names <= set(logs.fields(group)["name"]), group


RISE_AND_FALL = """
  2026-11-20 10:00   0
  2026-11-20 10:10   0
  2026-11-20 10:20   0
  2026-11-20 10:30   2 █▉
  2026-11-20 10:40   0
  2026-11-20 10:50   1 ▉
  2026-11-20 11:00   8 ███████▌
  2026-11-20 11:10  55 ███████████████████████████████████████████████████▎
  2026-11-20 11:20  59 ███████████████████████████████████████████████████████
  2026-11-20 11:30  37 ██████████████████████████████████▌
  2026-11-20 11:40  27 █████████████████████████▏
  2026-11-20 11:50   0
"""


def test_the_walk_in_a_terminal(demo_path, logs, capsys, monkeypatch):
    from cwnb.demo.walk import walk

    monkeypatch.setenv("COLUMNS", "100")
    walk(logs, str(demo_path))
    told = capsys.readouterr().out
    lines = told.replace(str(demo_path), ".cwnb-demo").splitlines()
    # The program is called by its full path here, which stands for `cwnb`.
    assert max(len(line) for line in lines if "--store" not in line) <= 100
    assert "\x1b" not in told
    for number, step in enumerate(STEPS, start=1):
        assert f"{number}  {step.title}\n" in told
    assert RISE_AND_FALL in told
    # A column that is to be drawn is drawn under its table, the longest bar up to the border.
    for section, step in zip(re.split(r"^\d+  ", told, flags=re.MULTILINE)[1:], STEPS, strict=True):
        assert section.startswith(step.title)
        widths = [len(line) for line in section.splitlines() if "█" in line]
        assert max(widths, default=0) == (78 if step.bars else 0), step.title
    assert len(re.findall(r"matched · .*scanned", told)) == len(STEPS)
    assert "marta.lindqvist" in told
    assert "cwnb lab" in told[told.index("What to type next") :]


def test_the_answer_to_the_story_is_whole_in_80_columns(demo_path, logs, capsys):
    from cwnb.demo.walk import show_step

    number, step = next((n, s) for n, s in enumerate(STEPS, start=1) if "changed" in s.title)
    show_step(logs, step, number, 80)
    told = capsys.readouterr().out
    assert "…" not in told
    for text in ("11:02:37  Revoke", "marta.lindqvist", "old payments subnet, remove me"):
        assert text in told
