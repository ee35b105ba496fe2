"""Sample queries: each parses and runs, and those that fit the fields stand first."""

from __future__ import annotations

import pytest

from cwnb.notebook.samples import fitting_first, samples
from cwnb.store.discovery import LOG_TYPES

# The samples about events of each log type.
OF_LOG_TYPES = {
    "lambda": "Lambda",
    "vpc-flow": "VPC flow logs",
    "route53": "Route 53",
    "syslog": "Syslog",
    "cloudtrail": "CloudTrail",
    "json": "JSON logs of applications",
    "text": "Any log",
}


@pytest.mark.parametrize("sample", samples(), ids=lambda s: f"{s.log_type}: {s.name}")
def test_a_sample_runs(logs, sample):
    logs.query(sample.text, "/shop/app")
    assert "|" not in sample.name
    assert len(sample.text) <= 10_000


def test_each_log_type_has_samples():
    assert OF_LOG_TYPES.keys() == set(LOG_TYPES)
    assert set(OF_LOG_TYPES.values()) <= {sample.log_type for sample in samples()}


def test_samples_have_names_of_their_own():
    names = [sample.name for sample in samples()]
    assert len(names) == len(set(names)) >= 40


def test_samples_about_the_fields_stand_first():
    order = fitting_first(["level", "ms"])
    assert [(sample.name, fits) for sample, fits in order[:4]] == [
        ("Events by level", True),
        ("Levels over time", True),
        ("Newest errors", True),
        ("Newest events", True),
    ]
    fits = [fit for _, fit in order]
    assert fits == sorted(fits, reverse=True)
    lambda_first, _ = fitting_first(
        ["@type", "@requestId", "@duration", "@memorySize", "@maxMemoryUsed", "@initDuration"]
    )[0]
    assert lambda_first.log_type == "Lambda"
    assert {sample.name for sample, fits in fitting_first([]) if fits} == {
        sample.name for sample in samples() if not sample.reads()
    }
