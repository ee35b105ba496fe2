"""The questions about commands that take several inputs, lists, or all rows in an order."""

from __future__ import annotations

from benchmarks.ours import ORDERS
from benchmarks.question import Question

_GOLD = "SOURCE '/bench/users' | filter tier = 'gold' | fields id"

OF_COMMANDS = (
    Question(
        "join with 50,000 keys",
        "join left=a right=u where a.user.id = u.id (SOURCE '/bench/users') "
        "| stats count(*) as n, avg(a.latencyMs) as mean by u.country as country",
        {
            "duckdb": "SELECT country, count(*) AS n, avg(latencyMs) AS mean FROM app "
            'JOIN users ON app."user.id" = users.id GROUP BY country'
        },
        ("country", "n", "mean"),
    ),
    Question(
        "in (subquery)",
        f"filter user.id in ({_GOLD}) | stats count(*) as n, avg(latencyMs) as mean by service",
        {
            "duckdb": "SELECT service, count(*) AS n, avg(latencyMs) AS mean FROM app "
            "WHERE \"user.id\" IN (SELECT id FROM users WHERE tier = 'gold') GROUP BY service"
        },
        ("service", "n", "mean"),
    ),
    Question(
        "unnest a list of maps",
        "fields jsonParse(@message) as event | unnest event.items into item "
        "| stats sum(item.qty) as total by item.sku as sku",
        {
            "duckdb": "SELECT item.sku AS sku, sum(item.qty)::BIGINT AS total "
            'FROM (SELECT unnest(from_json(line, \'{"items": [{"sku": "VARCHAR", '
            '"qty": "BIGINT"}]}\').items) AS item FROM orders) GROUP BY sku'
        },
        ("sku", "total"),
        group=ORDERS,
    ),
    Question(
        "parse csv",
        "parse record csv as number, state, total, region "
        "| stats count(*) as n, sum(total) as sum by state, region",
        {
            "duckdb": "SELECT split_part(record, ',', 2) AS state, split_part(record, ',', 4) "
            "AS region, count(*) AS n, sum(split_part(record, ',', 3)::BIGINT)::BIGINT AS sum "
            "FROM orders GROUP BY state, region"
        },
        ("state", "region", "n", "sum"),
        group=ORDERS,
    ),
    Question(
        "parse logfmt",
        "parse pairs logfmt as p | stats count(*) as n, sum(p.total) as sum by p.state as state",
        {
            "duckdb": r"SELECT state, count(*) AS n, sum(total::BIGINT)::BIGINT AS sum FROM ("
            r"SELECT regexp_extract(pairs, '(?:^|\s)state=(\S*)', 1) AS state, "
            r"regexp_extract(pairs, '(?:^|\s)total=(\S*)', 1) AS total FROM orders) GROUP BY state"
        },
        ("state", "n", "sum"),
        group=ORDERS,
        rival=False,
    ),
    Question(
        "parse xml",
        "parse document xml '/order/state' as state | stats count(*) as n by state",
        {
            "duckdb": "SELECT regexp_extract(document, '<state>(.*?)</state>', 1) AS state, "
            "count(*) AS n FROM orders GROUP BY state"
        },
        ("state", "n"),
        group=ORDERS,
        rival=False,
    ),
    Question(
        "latest event of each user",
        "fields user.id, service, latencyMs | sort @timestamp desc | dedup user.id | limit 100000",
        {
            "duckdb": 'SELECT "user.id", arg_max(service, time) AS service, '
            'arg_max(latencyMs, time) AS latencyMs FROM app GROUP BY "user.id" '
            "ORDER BY max(time) DESC LIMIT 100000"
        },
        ("user.id", "service", "latencyMs"),
        ordered=True,
    ),
    Question(
        "values",
        "stats values(route) as routes by service",
        {"duckdb": "SELECT service, list(DISTINCT route) AS routes FROM app GROUP BY service"},
        ("service", "routes"),
        lists=("routes",),
    ),
    Question(
        "topk",
        "stats topk(10, route) as routes",
        {
            "duckdb": "SELECT list(route) AS routes FROM (SELECT route FROM app GROUP BY route "
            "ORDER BY count(*) DESC LIMIT 10)"
        },
        ("routes",),
        lists=("routes",),
    ),
    Question(
        "sessions of each user",
        "sessionize user.id maxspan 5m as session | stats count(*) as clicks by session "
        "| stats count(*) as sessions, max(clicks) as most",
        {
            "duckdb": "SELECT count(*) AS sessions, max(clicks) AS most FROM (SELECT count(*) AS "
            'clicks FROM (SELECT "user.id" AS id, sum(begins) OVER (PARTITION BY "user.id" '
            'ORDER BY time) AS number FROM (SELECT "user.id", time, CASE WHEN time - lag(time) '
            'OVER (PARTITION BY "user.id" ORDER BY time) <= INTERVAL 5 minutes THEN 0 ELSE 1 END '
            "AS begins FROM app)) GROUP BY id, number)"
        },
        ("sessions", "most"),
    ),
    Question(
        "stats of 0.9M groups",
        "filter latencyMs > 7.3 | stats count(*) as n, max(latencyMs) as worst by requestId "
        "| stats count(*) as requests, max(n) as most, avg(worst) as mean",
        {
            "duckdb": "SELECT count(*) AS requests, max(n) AS most, avg(worst) AS mean FROM ("
            "SELECT count(*) AS n, max(latencyMs) AS worst FROM app WHERE latencyMs > 7.3 "
            "GROUP BY requestId)"
        },
        ("requests", "most", "mean"),
    ),
    # In these texts all runs of digits are equally long, so that natural order, by which cwnb
    # sorts, is the order of their characters.
    Question(
        "sort by text",
        "fields user.id, service | sort user.id asc, @timestamp asc | limit 100000",
        {"duckdb": 'SELECT "user.id", service FROM app ORDER BY "user.id", time LIMIT 100000'},
        ("user.id", "service"),
        ordered=True,
    ),
    Question(
        "sum in the order of texts",
        "sort user.id asc, @timestamp asc | accum latencyMs as sum "
        "| stats max(sum) as total, count(*) as n",
        {
            "duckdb": "SELECT max(sum) AS total, count(*) AS n FROM ("
            'SELECT sum(latencyMs) OVER (ORDER BY "user.id", time) AS sum FROM app)'
        },
        ("total", "n"),
    ),
    Question(
        "value before each row",
        "sort @timestamp asc | autoregress latencyMs | stats avg(latencyMs_p1) as mean, "
        "count(*) as n",
        {
            "duckdb": "SELECT avg(before) AS mean, count(*) AS n FROM ("
            "SELECT lag(latencyMs) OVER (ORDER BY time) AS before FROM app)"
        },
        ("mean", "n"),
    ),
)
