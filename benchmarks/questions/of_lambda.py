"""Questions about the lines of a Lambda function."""

from __future__ import annotations

from benchmarks.broad.question import Question
from benchmarks.data.log_set import DAY_MS, START_MS

_HOUR = (START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + DAY_MS // 24)
REQUEST = "5135c733-b5f1-41f5-749e-0a4971ceff32"

QUESTIONS = (
    Question(
        "newest 25 reports",
        "filter @type = 'REPORT' | fields @timestamp, @requestId, @duration | sort @timestamp desc | limit 25",
        "SELECT time, requestId, duration FROM logs WHERE type = 'REPORT' ORDER BY time DESC LIMIT 25",
        'logs.filter(c.type == "REPORT").select("time", "requestId", "duration").top_k(25, by="time").sort("time", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "count by type",
        "stats count(*) as n by @type as type",
        "SELECT type, count(*) AS n FROM logs GROUP BY type",
        'logs.group_by("type").agg(n=pl.len())',
    ),
    Question(
        "durations by 5 minutes",
        "filter @type = 'REPORT' | stats avg(@duration) as mean, max(@duration) as worst, min(@duration) as best by bin(5m) as t",
        "SELECT time_bucket(INTERVAL 5 minutes, time) AS t, avg(duration) AS mean, max(duration) AS worst, min(duration) AS best FROM logs WHERE type = 'REPORT' GROUP BY t",
        'logs.filter(c.type == "REPORT").group_by(t=c.time.dt.truncate("5m")).agg(mean=c.duration.mean(), worst=c.duration.max(), best=c.duration.min())',
        "SELECT toStartOfInterval(time, INTERVAL 5 minute) AS t, avg(duration) AS mean, max(duration) AS worst, min(duration) AS best FROM logs WHERE type = 'REPORT' GROUP BY t",
    ),
    Question(
        "percentiles of durations",
        "stats pct(@duration, 50) as p50, pct(@duration, 95) as p95, pct(@duration, 99.9) as p999, count(@duration) as n",
        "SELECT quantile_disc(duration, 0.5) AS p50, quantile_disc(duration, 0.95) AS p95, quantile_disc(duration, 0.999) AS p999, count(duration) AS n FROM logs",
        "logs.select(p50=c.duration.quantile(0.5), p95=c.duration.quantile(0.95), p999=c.duration.quantile(0.999), n=c.duration.count())",
        "SELECT quantileExact(0.5)(duration) AS p50, quantileExact(0.95)(duration) AS p95, quantileExact(0.999)(duration) AS p999, count(duration) AS n FROM logs",
        own_rank=(0, 1, 2),
    ),
    Question(
        "memory that is not used",
        "filter @type = 'REPORT' | stats max(@memorySize / 1000 / 1000) as provisioned, max(@maxMemoryUsed / 1000 / 1000) as used, avg(@memorySize - @maxMemoryUsed) as spare by @memorySize as size",
        "SELECT memorySize AS size, max(memorySize / 1000 / 1000) AS provisioned, max(maxMemoryUsed / 1000 / 1000) AS used, avg(memorySize - maxMemoryUsed) AS spare FROM logs WHERE type = 'REPORT' GROUP BY size",
        'logs.filter(c.type == "REPORT").group_by(size="memorySize").agg(provisioned=(c.memorySize / 1000 / 1000).max(), used=(c.maxMemoryUsed / 1000 / 1000).max(), spare=(c.memorySize - c.maxMemoryUsed).mean())',
    ),
    Question(
        "cold starts",
        "filter @type = 'REPORT' | stats count(@initDuration) as cold, count(*) as n, avg(@initDuration) as init by bin(1h) as t",
        "SELECT time_bucket(INTERVAL 1 hour, time) AS t, count(initDuration) AS cold, count(*) AS n, avg(initDuration) AS init FROM logs WHERE type = 'REPORT' GROUP BY t",
        'logs.filter(c.type == "REPORT").group_by(t=c.time.dt.truncate("1h")).agg(cold=c.initDuration.count(), n=pl.len(), init=c.initDuration.mean())',
        "SELECT toStartOfHour(time) AS t, count(initDuration) AS cold, count(*) AS n, avg(initDuration) AS init FROM logs WHERE type = 'REPORT' GROUP BY t",
    ),
    Question(
        "lines of each request",
        "filter ispresent(@requestId) | stats count(*) as n, max(@duration) as took by @requestId as request | stats count(*) as requests, max(n) as most, avg(took) as mean",
        "SELECT count(*) AS requests, max(n) AS most, avg(took) AS mean FROM (SELECT count(*) AS n, max(duration) AS took FROM logs WHERE requestId IS NOT NULL GROUP BY requestId)",
        'logs.filter(c.requestId.is_not_null()).group_by("requestId").agg(n=pl.len(), took=c.duration.max()).select(requests=pl.len(), most=c.n.max(), mean=c.took.mean())',
    ),
    Question(
        "distinct requests by stream",
        "stats count_distinct(@requestId) as requests by @logStream as environment | sort requests desc | limit 20",
        "SELECT log_stream AS environment, count(DISTINCT requestId) AS requests FROM logs GROUP BY environment ORDER BY requests DESC LIMIT 20",
        'logs.group_by(environment="log_stream").agg(requests=c.requestId.drop_nulls().n_unique()).sort("requests", descending=True).head(20)',
        ordered=True,
        compared=(1,),
    ),
    Question(
        "one request",
        f"filter @requestId = '{REQUEST}' | fields @timestamp, @message | sort @timestamp asc",
        f"SELECT time, line FROM logs WHERE requestId = '{REQUEST}' ORDER BY time",
        f'logs.filter(c.requestId == "{REQUEST}").select("time", "line").sort("time")',
        edited=f"filter @requestId = '{REQUEST}' | fields @timestamp, @message | sort @timestamp desc",
    ),
    Question(
        "needle in messages",
        f"filter @message like '{REQUEST[4:30]}' | stats count(*) as n",
        f"SELECT count(*) AS n FROM logs WHERE contains(line, '{REQUEST[4:30]}') HAVING count(*) > 0",
        f'logs.filter(c.line.str.contains("{REQUEST[4:30]}", literal=True)).select(n=pl.len()).filter(c.n > 0)',
        f"SELECT count(*) AS n FROM logs WHERE line LIKE '%{REQUEST[4:30]}%' HAVING count(*) > 0",
    ),
    Question(
        "time-outs and errors",
        "filter @message like /Task timed out|ERROR/ | stats count(*) as n by bin(30m) as t",
        "SELECT time_bucket(INTERVAL 30 minutes, time) AS t, count(*) AS n FROM logs WHERE line LIKE '%Task timed out%' OR line LIKE '%ERROR%' GROUP BY t",
        'logs.filter(c.line.str.contains_any(["Task timed out", "ERROR"])).group_by(t=c.time.dt.truncate("30m")).agg(n=pl.len())',
        "SELECT toStartOfInterval(time, INTERVAL 30 minute) AS t, count(*) AS n FROM logs WHERE line LIKE '%Task timed out%' OR line LIKE '%ERROR%' GROUP BY t",
    ),
    Question(
        "faults by class",
        r"parse @message /^\[ERROR\] (?<fault>\w+): / | filter ispresent(fault) | stats count(*) as n by fault",
        r"SELECT fault, count(*) AS n FROM (SELECT regexp_extract(line, '^\[ERROR\] (\w+): ', 1) AS fault FROM logs WHERE starts_with(line, '[ERROR]')) WHERE fault != '' GROUP BY fault",
        r'logs.select(fault=c.line.str.extract(r"^\[ERROR\] (\w+): ")).drop_nulls().group_by("fault").agg(n=pl.len())',
        r"SELECT extract(assumeNotNull(line), '^\\[ERROR\\] (\\w+): ') AS fault, count(*) AS n FROM logs WHERE startsWith(line, '[ERROR]') GROUP BY fault",
    ),
    Question(
        "steps, glob",
        "parse @message '*\tINFO\t* order=* sku=* in * ms' as head, step, order, item, took | filter ispresent(took) | stats count(*) as n, avg(took) as mean by step",
        "SELECT step, count(*) AS n, avg(took::DOUBLE) AS mean FROM (SELECT unnest(regexp_extract(line, '^(?:.*?)\tINFO\t(.*?) order=(.*?) sku=(.*?) in (.*?) ms', ['step', 'number', 'item', 'took'])) FROM logs) WHERE took != '' GROUP BY step",
        r'logs.select(m=c.line.str.extract_groups("^(?:.*?)\tINFO\t(?<step>.*?) order=(?<number>.*?) sku=(?<item>.*?) in (?<took>.*?) ms")).unnest("m").filter(c.took.is_not_null()).group_by("step").agg(n=pl.len(), mean=c.took.cast(pl.Float64).mean())',
        "SELECT g[1] AS step, count(*) AS n, avg(toFloat64(g[4])) AS mean FROM (SELECT extractGroups(assumeNotNull(line), '^(?:.*?)\tINFO\t(.*?) order=(.*?) sku=(.*?) in (.*?) ms') AS g FROM logs) WHERE notEmpty(g) GROUP BY step",
    ),
    Question(
        "skus out of text, of many",
        r"parse @message /sku=(?<item>S\d+) / | filter ispresent(item) | stats count(*) as n by item | sort n desc, item asc | limit 20",
        r"SELECT item, count(*) AS n FROM (SELECT regexp_extract(line, 'sku=(S\d+) ', 1) AS item FROM logs) WHERE item != '' GROUP BY item ORDER BY n DESC LIMIT 20",
        r'logs.select(item=c.line.str.extract(r"sku=(S\d+) ")).drop_nulls().group_by("item").agg(n=pl.len()).sort("n", descending=True).head(20)',
        r"SELECT extract(assumeNotNull(line), 'sku=(S\\d+) ') AS item, count(*) AS n FROM logs GROUP BY item HAVING item != '' ORDER BY n DESC LIMIT 20",
        ordered=True,
        compared=(1,),
    ),
    Question(
        "amounts by event and currency",
        "filter ispresent(amount) | stats sum(amount) as total, count(*) as n, max(amount) as most by event, currency",
        "SELECT event, currency, sum(amount) AS total, count(*) AS n, max(amount) AS most FROM logs WHERE amount IS NOT NULL GROUP BY event, currency",
        'logs.filter(c.amount.is_not_null()).group_by("event", "currency").agg(total=c.amount.sum(), n=pl.len(), most=c.amount.max())',
    ),
    Question(
        "billed by price",
        "filter ispresent(@billedDuration) | fields @billedDuration / 1000 * (@memorySize / 1024000000) * 0.0000166667 as cost | stats sum(cost) as total, ceil(max(cost) * 1000000) as worst by bin(1h) as t",
        "SELECT time_bucket(INTERVAL 1 hour, time) AS t, sum(billedDuration / 1000 * (memorySize / 1024000000) * 0.0000166667::DOUBLE) AS total, ceil(max(billedDuration / 1000 * (memorySize / 1024000000) * 0.0000166667::DOUBLE) * 1000000) AS worst FROM logs WHERE billedDuration IS NOT NULL GROUP BY t",
        'logs.filter(c.billedDuration.is_not_null()).with_columns(cost=c.billedDuration / 1000 * (c.memorySize / 1024000000) * 0.0000166667).group_by(t=c.time.dt.truncate("1h")).agg(total=c.cost.sum(), worst=(c.cost.max() * 1000000).ceil())',
        "SELECT toStartOfHour(time) AS t, sum(cost) AS total, ceil(max(cost) * 1000000) AS worst FROM (SELECT time, billedDuration / 1000 * (memorySize / 1024000000) * 0.0000166667 AS cost FROM logs WHERE billedDuration IS NOT NULL) GROUP BY t",
    ),
    Question(
        "one stream",
        "filter @logStream like 'a7' | stats count(*) as n, count(@duration) as requests by @type as type",
        "SELECT type, count(*) AS n, count(duration) AS requests FROM logs WHERE contains(log_stream, 'a7') GROUP BY type",
        'logs.filter(c.log_stream.str.contains("a7", literal=True)).group_by("type").agg(n=pl.len(), requests=c.duration.count())',
        "SELECT type, count(*) AS n, count(duration) AS requests FROM logs WHERE log_stream LIKE '%a7%' GROUP BY type",
    ),
    Question(
        "slowest requests with messages",
        "filter @type = 'REPORT' | fields @duration, @timestamp, @message | sort @duration desc | limit 20",
        "SELECT duration, time, line FROM logs WHERE type = 'REPORT' ORDER BY duration DESC LIMIT 20",
        'logs.filter(c.type == "REPORT").select("duration", "time", "line").top_k(20, by="duration").sort("duration", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "one hour of memory",
        "filter @maxMemoryUsed > 300000000 | stats count(*) as n, max(@maxMemoryUsed) as most by bin(1m) as t",
        f"SELECT time_bucket(INTERVAL 1 minute, time) AS t, count(*) AS n, max(maxMemoryUsed) AS most FROM logs WHERE maxMemoryUsed > 300000000 AND time >= make_timestamp_ms({_HOUR[0]}) AND time < make_timestamp_ms({_HOUR[1]}) GROUP BY t",
        f'logs.filter(c.time.dt.epoch("ms").is_between({_HOUR[0]}, {_HOUR[1]}, closed="left"), c.maxMemoryUsed > 300000000).group_by(t=c.time.dt.truncate("1m")).agg(n=pl.len(), most=c.maxMemoryUsed.max())',
        f"SELECT toStartOfMinute(time) AS t, count(*) AS n, max(maxMemoryUsed) AS most FROM logs WHERE maxMemoryUsed > 300000000 AND time >= fromUnixTimestamp64Milli({_HOUR[0]}) AND time < fromUnixTimestamp64Milli({_HOUR[1]}) GROUP BY t",
        window=_HOUR,
    ),
)
