"""The questions: each in Insights and as a good user of each peer would write it."""

from __future__ import annotations

from benchmarks.command_queries import OF_COMMANDS
from benchmarks.data.shop import DAY_MS, START_MS
from benchmarks.ours import ACCESS
from benchmarks.question import Question

# A hundredth of the day, in the middle.
_PART = (START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + DAY_MS // 100)


QUESTIONS = (
    Question(
        "last 25 events",
        "fields @timestamp, @message | sort @timestamp desc | limit 25",
        {"duckdb": "SELECT time, line FROM app ORDER BY time DESC LIMIT 25"},
        ("@timestamp", "@message"),
        ordered=True,
        names={"@timestamp": "time", "@message": "line"},
    ),
    Question(
        "ERROR or Exception by 5 minutes",
        "filter @message like /ERROR|Exception/ | stats count(*) as n by bin(5m) as t",
        {
            "duckdb": "SELECT time_bucket(INTERVAL 5 minutes, time) AS t, count(*) AS n FROM app "
            "WHERE line LIKE '%ERROR%' OR line LIKE '%Exception%' GROUP BY t"
        },
        ("t", "n"),
    ),
    Question(
        "raw message, unlucky literals",
        "filter @message like /reset by peer|lookup|acquirer/ | stats count(*) as n",
        {
            "duckdb": "SELECT count(*) AS n FROM app WHERE line LIKE '%reset by peer%' "
            "OR line LIKE '%lookup%' OR line LIKE '%acquirer%'"
        },
        ("n",),
    ),
    Question(
        "count by level",
        "stats count(*) as n by level",
        {"duckdb": "SELECT level, count(*) AS n FROM app GROUP BY level"},
        ("level", "n"),
        lenient=True,
    ),
    Question(
        "percentiles by service",
        "stats pct(latencyMs, 95) as p95, pct(latencyMs, 99) as p99 by service",
        {
            "duckdb": "SELECT service, quantile_disc(latencyMs, 0.95) AS p95, "
            "quantile_disc(latencyMs, 0.99) AS p99 FROM app GROUP BY service"
        },
        ("service", "p95", "p99"),
    ),
    Question(
        "distinct users",
        "stats count_distinct(user.id) as n",
        {"duckdb": 'SELECT count(DISTINCT "user.id") AS n FROM app'},
        ("n",),
        lenient=True,
    ),
    Question(
        "top 20 paths",
        "stats count(*) as n by route | sort n desc, route asc | limit 20",
        {
            "duckdb": "SELECT route, count(*) AS n FROM app GROUP BY route "
            "ORDER BY n DESC, route LIMIT 20"
        },
        ("route", "n"),
        ordered=True,
    ),
    Question(
        "count and average by two keys and hour",
        "stats count(*) as n, avg(latencyMs) as mean by service, level, bin(1h) as t",
        {
            "duckdb": "SELECT service, level, time_bucket(INTERVAL 1 hour, time) AS t, "
            "count(*) AS n, avg(latencyMs) AS mean FROM app GROUP BY ALL"
        },
        ("service", "level", "t", "n", "mean"),
    ),
    Question(
        "parse glob, count by one of three",
        'parse message "order=* user=* step=* took" as order, buyer, step '
        "| stats count(*) as n by step",
        {
            "duckdb": r"SELECT nullif(regexp_extract(message, "
            r"'order=(.*?) user=(.*?) step=(.*?) took', 3), '') AS step, count(*) AS n "
            "FROM app GROUP BY step"
        },
        ("step", "n"),
    ),
    Question(
        "parse regex with groups, average",
        r"parse message /after (?<ms>[0-9.]+) ms: (?<fault>\w+)/ | filter ispresent(fault) "
        "| stats avg(ms) as mean, count(*) as n by fault",
        {
            "duckdb": r"SELECT fault, avg(ms::DOUBLE) AS mean, count(*) AS n FROM (SELECT unnest("
            r"regexp_extract(message, 'after ([0-9.]+) ms: (\w+)', ['ms', 'fault'])) FROM app) "
            "WHERE fault != '' GROUP BY fault"
        },
        ("fault", "mean", "n"),
    ),
    Question(
        "latest event of each host and service",
        "fields @timestamp, @message, host.name, service | sort @timestamp desc "
        "| dedup host.name, service",
        {
            "duckdb": 'SELECT "host.name", service, max(time) AS time, arg_max(line, time) AS line '
            'FROM app GROUP BY "host.name", service'
        },
        ("host.name", "service", "@timestamp", "@message"),
        names={"@timestamp": "time", "@message": "line"},
    ),
    Question(
        "one hundredth of the time",
        "stats count(*) as n, avg(latencyMs) as mean by service",
        {
            "duckdb": "SELECT service, count(*) AS n, avg(latencyMs) AS mean FROM app "
            f"WHERE time >= make_timestamp_ms({_PART[0]}) AND time < make_timestamp_ms({_PART[1]}) "
            "GROUP BY service"
        },
        ("service", "n", "mean"),
        window=_PART,
    ),
    Question(
        "needle in messages",
        "filter @message like 'order=4242' | stats count(*) as n, max(@timestamp) as t",
        {
            "duckdb": "SELECT count(*) AS n, max(time) AS t FROM app "
            "WHERE contains(line, 'order=4242')"
        },
        ("n", "t"),
    ),
    Question(
        "lower, substr, concat, group",
        "stats count(*) as n by concat(tolower(level), '-', substr(host.region, 0, 2)) as k",
        {
            "duckdb": "SELECT concat(lower(level), '-', substr(\"host.region\", 1, 2)) AS k, "
            "count(*) AS n FROM app GROUP BY k"
        },
        ("k", "n"),
    ),
    Question(
        "numeric filter and in-list",
        "filter latencyMs > 100 and service in ['cart', 'payment', 'search'] "
        "| stats count(*) as n, max(latencyMs) as worst",
        {
            "duckdb": "SELECT count(*) AS n, max(latencyMs) AS worst FROM app "
            "WHERE latencyMs > 100 AND service IN ('cart', 'payment', 'search')"
        },
        ("n", "worst"),
    ),
    Question(
        "numeric filter alone",
        "filter status >= 500 | stats count(*) as n",
        {"duckdb": "SELECT count(*) AS n FROM app WHERE status >= 500"},
        ("n",),
        lenient=True,
    ),
    Question(
        "100 slowest with messages",
        "fields @timestamp, latencyMs, @message | sort latencyMs desc | limit 100",
        {"duckdb": "SELECT time, latencyMs, line FROM app ORDER BY latencyMs DESC LIMIT 100"},
        # Which of two equally slow events comes is anybody's choice.
        ("latencyMs",),
        ordered=True,
    ),
    Question(
        "two stats",
        "stats count(*) as n by service, bin(1m) as t | stats max(n) as most, avg(n) as mean "
        "by service",
        {
            "duckdb": "SELECT service, max(n) AS most, avg(n) AS mean FROM (SELECT service, "
            "time_bucket(INTERVAL 1 minute, time) AS t, count(*) AS n FROM app "
            "GROUP BY service, t) GROUP BY service"
        },
        ("service", "most", "mean"),
    ),
    Question(
        "(?i) regex on a short field",
        "filter route like /(?i)ORDER|Invoice/ | stats count(*) as n by service",
        {
            "duckdb": "SELECT service, count(*) AS n FROM app "
            "WHERE regexp_matches(route, '(?i)ORDER|Invoice') GROUP BY service"
        },
        ("service", "n"),
    ),
    Question(
        "access lines split",
        'parse @message \'* - - [*] "* * *" * * "\' as ip, at, verb, path, version, code, size '
        "| stats count(*) as n, sum(size) as total by code",
        {
            "duckdb": "SELECT code, count(*) AS n, sum(size::BIGINT)::BIGINT AS total FROM ("
            "SELECT split_part(line, ' ', 9) AS code, split_part(line, ' ', 10) AS size "
            "FROM access) GROUP BY code"
        },
        ("code", "n", "total"),
        group=ACCESS,
    ),
    *OF_COMMANDS,
)
