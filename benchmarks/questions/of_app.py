"""Questions about flat JSON application logs."""

from __future__ import annotations

from benchmarks.broad.question import Question
from benchmarks.data.log_set import DAY_MS, START_MS

_HOUR = (START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + DAY_MS // 24)
_HOUR_SQL = f"time >= make_timestamp_ms({_HOUR[0]}) AND time < make_timestamp_ms({_HOUR[1]})"
# Of the first fifty thousand events.
TRACE = "8df99791690c6d67b1998fd8214f1b57"

QUESTIONS = (
    Question(
        "newest 25",
        "fields @timestamp, @message | sort @timestamp desc | limit 25",
        "SELECT time, line FROM logs ORDER BY time DESC LIMIT 25",
        'logs.select("time", "line").top_k(25, by="time").sort("time", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "newest 25 errors",
        "filter level = 'ERROR' | fields @timestamp, service, msg | sort @timestamp desc | limit 25",
        "SELECT time, service, msg FROM logs WHERE level = 'ERROR' ORDER BY time DESC LIMIT 25",
        'logs.filter(c.level == "ERROR").select("time", "service", "msg").top_k(25, by="time").sort("time", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "count",
        "stats count(*) as n",
        "SELECT count(*) AS n FROM logs",
        "logs.select(n=pl.len())",
    ),
    Question(
        "count by level",
        "stats count(*) as n by level",
        "SELECT level, count(*) AS n FROM logs GROUP BY level",
        'logs.group_by("level").agg(n=pl.len())',
    ),
    Question(
        "top tenants of 20,000",
        "stats count(*) as n by tenant | sort n desc, tenant asc | limit 20",
        "SELECT tenant, count(*) AS n FROM logs GROUP BY tenant ORDER BY n DESC, tenant LIMIT 20",
        'logs.group_by("tenant").agg(n=pl.len()).sort("n", "tenant", descending=[True, False]).head(20)',
        ordered=True,
    ),
    Question(
        "average by two keys",
        "stats count(*) as n, avg(duration_ms) as mean, sum(bytes) as total by service, region",
        "SELECT service, region, count(*) AS n, avg(duration_ms) AS mean, sum(bytes)::BIGINT AS total FROM logs GROUP BY ALL",
        'logs.group_by("service", "region").agg(n=pl.len(), mean=c.duration_ms.mean(), total=c.bytes.sum())',
        "SELECT service, region, count(*) AS n, avg(duration_ms) AS mean, sum(bytes) AS total FROM logs GROUP BY service, region",
    ),
    Question(
        "three keys, one of time",
        "stats count(*) as n, max(duration_ms) as worst by service, level, bin(1h) as t",
        "SELECT service, level, time_bucket(INTERVAL 1 hour, time) AS t, count(*) AS n, max(duration_ms) AS worst FROM logs GROUP BY ALL",
        'logs.group_by("service", "level", c.time.dt.truncate("1h").alias("t")).agg(n=pl.len(), worst=c.duration_ms.max())',
        "SELECT service, level, toStartOfHour(time) AS t, count(*) AS n, max(duration_ms) AS worst FROM logs GROUP BY service, level, t",
    ),
    Question(
        "two stats over tenants and methods",
        "stats count(*) as n, sum(bytes) as total by tenant, method | stats count(*) as groups, max(n) as most, avg(total) as mean by method",
        "SELECT method, count(*) AS groups, max(n) AS most, avg(total) AS mean FROM (SELECT tenant, method, count(*) AS n, sum(bytes) AS total FROM logs GROUP BY tenant, method) GROUP BY method",
        'logs.group_by("tenant", "method").agg(n=pl.len(), total=c.bytes.sum()).group_by("method").agg(groups=pl.len(), most=c.n.max(), mean=c.total.mean())',
    ),
    Question(
        "three keys, one of 20,000 values",
        "stats count(*) as n, avg(duration_ms) as mean by tenant, level, region | stats count(*) as groups, max(n) as most, max(mean) as worst by level",
        "SELECT level, count(*) AS groups, max(n) AS most, max(mean) AS worst FROM (SELECT tenant, level, region, count(*) AS n, avg(duration_ms) AS mean FROM logs GROUP BY tenant, level, region) GROUP BY level",
        'logs.group_by("tenant", "level", "region").agg(n=pl.len(), mean=c.duration_ms.mean()).group_by("level").agg(groups=pl.len(), most=c.n.max(), worst=pl.col("mean").max())',
    ),
    Question(
        "distinct users",
        "stats count_distinct(user_id) as n",
        "SELECT count(DISTINCT user_id) AS n FROM logs",
        "logs.select(n=c.user_id.n_unique())",
    ),
    Question(
        "distinct users by service",
        "stats count_distinct(user_id) as n by service",
        "SELECT service, count(DISTINCT user_id) AS n FROM logs GROUP BY service",
        'logs.group_by("service").agg(n=c.user_id.n_unique())',
    ),
    Question(
        "percentiles by service",
        "stats pct(duration_ms, 50) as p50, pct(duration_ms, 95) as p95, pct(duration_ms, 99) as p99 by service",
        "SELECT service, quantile_disc(duration_ms, 0.5) AS p50, quantile_disc(duration_ms, 0.95) AS p95, quantile_disc(duration_ms, 0.99) AS p99 FROM logs GROUP BY service",
        'logs.group_by("service").agg(p50=c.duration_ms.quantile(0.5), p95=c.duration_ms.quantile(0.95), p99=c.duration_ms.quantile(0.99))',
        "SELECT service, quantileExact(0.5)(duration_ms) AS p50, quantileExact(0.95)(duration_ms) AS p95, quantileExact(0.99)(duration_ms) AS p99 FROM logs GROUP BY service",
        own_rank=(1, 2, 3),
    ),
    Question(
        "sums of if and case",
        "stats sum(if(status >= 500, 1, 0)) as failed, sum(case(status >= 400 and status < 500, 1, 0)) as refused, count(*) as n by service, bin(1h) as t",
        "SELECT service, time_bucket(INTERVAL 1 hour, time) AS t, count(*) FILTER (status >= 500) AS failed, count(*) FILTER (status >= 400 AND status < 500) AS refused, count(*) AS n FROM logs GROUP BY ALL",
        'logs.group_by("service", c.time.dt.truncate("1h").alias("t")).agg(failed=(c.status >= 500).sum(), refused=c.status.is_between(400, 499).sum(), n=pl.len())',
        "SELECT service, toStartOfHour(time) AS t, countIf(status >= 500) AS failed, countIf(status >= 400 AND status < 500) AS refused, count(*) AS n FROM logs GROUP BY service, t",
    ),
    Question(
        "arithmetic",
        "fields bytes / duration_ms as rate | filter rate > 20 | stats avg(rate) as mean, max(rate) as most, count(*) as n by region",
        "SELECT region, avg(rate) AS mean, max(rate) AS most, count(*) AS n FROM (SELECT region, bytes / duration_ms AS rate FROM logs WHERE duration_ms != 0) WHERE rate > 20 GROUP BY region",
        'logs.filter(c.duration_ms != 0).with_columns(rate=c.bytes / c.duration_ms).filter(c.rate > 20).group_by("region").agg(mean=c.rate.mean(), most=c.rate.max(), n=pl.len())',
    ),
    Question(
        "text functions",
        "stats count(*) as n by concat(toupper(substr(service, 0, 3)), '-', region, '/', tolower(method)) as k",
        "SELECT concat(upper(substr(service, 1, 3)), '-', region, '/', lower(method)) AS k, count(*) AS n FROM logs GROUP BY k",
        'logs.group_by(k=pl.concat_str(c.service.str.slice(0, 3).str.to_uppercase(), pl.lit("-"), "region", pl.lit("/"), c.method.str.to_lowercase())).agg(n=pl.len())',
    ),
    Question(
        "a rare field",
        "filter ispresent(retry) | stats count(*) as n, avg(retry) as mean by service",
        "SELECT service, count(*) AS n, avg(retry) AS mean FROM logs WHERE retry IS NOT NULL GROUP BY service",
        'logs.filter(c.retry.is_not_null()).group_by("service").agg(n=pl.len(), mean=c.retry.mean())',
    ),
    Question(
        "several filters and a list",
        "filter status in [500, 502, 503] and duration_ms > 120 and region != 'us-east-1' | stats count(*) as n, max(duration_ms) as worst by service",
        "SELECT service, count(*) AS n, max(duration_ms) AS worst FROM logs WHERE status IN (500, 502, 503) AND duration_ms > 120 AND region != 'us-east-1' GROUP BY service",
        'logs.filter(c.status.is_in([500, 502, 503]), c.duration_ms > 120, c.region != "us-east-1").group_by("service").agg(n=pl.len(), worst=c.duration_ms.max())',
    ),
    Question(
        "clients of a subnet",
        "filter isIpv4InSubnet(client_ip, '100.64.0.0/10') | stats count(*) as n by service",
        "SELECT service, count(*) AS n FROM logs WHERE client_ip LIKE '100.%' AND split_part(client_ip, '.', 2)::INT BETWEEN 64 AND 127 GROUP BY service",
        None,
        "SELECT service, count(*) AS n FROM logs WHERE isIPAddressInRange(assumeNotNull(client_ip), '100.64.0.0/10') GROUP BY service",
    ),
    Question(
        "raw message, two literals",
        "filter @message like /deadlock|declined/ | stats count(*) as n by bin(15m) as t",
        "SELECT time_bucket(INTERVAL 15 minutes, time) AS t, count(*) AS n FROM logs WHERE line LIKE '%deadlock%' OR line LIKE '%declined%' GROUP BY t",
        'logs.filter(c.line.str.contains_any(["deadlock", "declined"])).group_by(t=c.time.dt.truncate("15m")).agg(n=pl.len())',
        "SELECT toStartOfInterval(time, INTERVAL 15 minute) AS t, count(*) AS n FROM logs WHERE line LIKE '%deadlock%' OR line LIKE '%declined%' GROUP BY t",
    ),
    Question(
        "unlucky literals",
        "filter msg like /status 40|attempt 3|from 1/ | stats count(*) as n by service",
        "SELECT service, count(*) AS n FROM logs WHERE msg LIKE '%status 40%' OR msg LIKE '%attempt 3%' OR msg LIKE '%from 1%' GROUP BY service",
        'logs.filter(c.msg.str.contains_any(["status 40", "attempt 3", "from 1"])).group_by("service").agg(n=pl.len())',
    ),
    Question(
        "case-insensitive regex",
        "filter msg like /(?i)TIMED out|nullpointer/ | stats count(*) as n by service",
        "SELECT service, count(*) AS n FROM logs WHERE regexp_matches(msg, '(?i)TIMED out|nullpointer') GROUP BY service",
        'logs.filter(c.msg.str.contains("(?i)TIMED out|nullpointer")).group_by("service").agg(n=pl.len())',
        "SELECT service, count(*) AS n FROM logs WHERE match(msg, '(?i)TIMED out|nullpointer') GROUP BY service",
    ),
    Question(
        "unlucky regex",
        r"filter msg like /[a-z]+ing .*[0-9]{3} ms/ | stats count(*) as n by level",
        r"SELECT level, count(*) AS n FROM logs WHERE regexp_matches(msg, '[a-z]+ing .*[0-9]{3} ms') GROUP BY level",
        r'logs.filter(c.msg.str.contains("[a-z]+ing .*[0-9]{3} ms")).group_by("level").agg(n=pl.len())',
        r"SELECT level, count(*) AS n FROM logs WHERE match(msg, '[a-z]+ing .*[0-9]{3} ms') GROUP BY level",
    ),
    Question(
        "glob with a group-by",
        'parse msg "* /api/v2/*/* completed in * ms with status *" as verb, area, id, took, code | filter ispresent(code) | stats count(*) as n, avg(took) as mean by area, code',
        "SELECT area, code, count(*) AS n, avg(took::DOUBLE) AS mean FROM (SELECT unnest(regexp_extract(msg, '^(.*?) /api/v2/(.*?)/(.*?) completed in (.*?) ms with status (.*)$', ['verb', 'area', 'id', 'took', 'code'])) FROM logs) WHERE code != '' GROUP BY area, code",
        r'logs.select(m=c.msg.str.extract_groups(r"^(?<verb>.*?) /api/v2/(?<area>.*?)/(?<id>.*?) completed in (?<took>.*?) ms with status (?<code>.*)$")).unnest("m").filter(c.code.is_not_null()).group_by("area", "code").agg(n=pl.len(), mean=c.took.cast(pl.Float64).mean())',
        "SELECT g[2] AS area, g[5] AS code, count(*) AS n, avg(toFloat64(g[4])) AS mean FROM (SELECT extractGroups(assumeNotNull(msg), '^(.*?) /api/v2/(.*?)/(.*?) completed in (.*?) ms with status (.*)$') AS g FROM logs) WHERE notEmpty(g) GROUP BY area, code",
    ),
    Question(
        "regex with groups",
        r"parse msg /from (?<area>\w+) where id = .* took (?<ms>[\d.]+) ms/ | filter ispresent(ms) | stats avg(ms) as mean, count(*) as n by area",
        r"SELECT area, avg(ms::DOUBLE) AS mean, count(*) AS n FROM (SELECT unnest(regexp_extract(msg, 'from (\w+) where id = .* took ([\d.]+) ms', ['area', 'ms'])) FROM logs) WHERE ms != '' GROUP BY area",
        r'logs.select(m=c.msg.str.extract_groups(r"from (?<area>\w+) where id = .* took (?<ms>[\d.]+) ms")).unnest("m").filter(c.ms.is_not_null()).group_by("area").agg(mean=c.ms.cast(pl.Float64).mean(), n=pl.len())',
        r"SELECT g[1] AS area, avg(toFloat64(g[2])) AS mean, count(*) AS n FROM (SELECT extractGroups(assumeNotNull(msg), 'from (\\w+) where id = .* took ([\\d.]+) ms') AS g FROM logs) WHERE notEmpty(g) GROUP BY area",
    ),
    Question(
        "one hour",
        "stats count(*) as n, avg(duration_ms) as mean by service",
        f"SELECT service, count(*) AS n, avg(duration_ms) AS mean FROM logs WHERE {_HOUR_SQL} GROUP BY service",
        f'logs.filter(c.time.dt.epoch("ms").is_between({_HOUR[0]}, {_HOUR[1]}, closed="left")).group_by("service").agg(n=pl.len(), mean=c.duration_ms.mean())',
        f"SELECT service, count(*) AS n, avg(duration_ms) AS mean FROM logs WHERE time >= fromUnixTimestamp64Milli({_HOUR[0]}) AND time < fromUnixTimestamp64Milli({_HOUR[1]}) GROUP BY service",
        window=_HOUR,
    ),
    Question(
        "latest of each tenant",
        "fields @timestamp, tenant, status | sort @timestamp desc | dedup tenant | limit 200",
        "SELECT max(time) AS t, tenant, arg_max(status, time) AS status FROM logs GROUP BY tenant ORDER BY t DESC LIMIT 200",
        'logs.group_by("tenant").agg(t=c.time.max(), status=c.status.sort_by("time").last()).select("t", "tenant", "status").sort("t", descending=True).head(200)',
        "SELECT max(time) AS t, tenant, argMax(status, time) AS status FROM logs GROUP BY tenant ORDER BY t DESC LIMIT 200",
        ordered=True,
        compared=(0,),
    ),
    Question(
        "50 slowest with messages",
        "fields duration_ms, @timestamp, @message | sort duration_ms desc | limit 50",
        "SELECT duration_ms, time, line FROM logs ORDER BY duration_ms DESC LIMIT 50",
        'logs.select("duration_ms", "time", "line").top_k(50, by="duration_ms").sort("duration_ms", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "an id of one event",
        f"filter trace_id = '{TRACE}' | stats count(*) as n, max(@timestamp) as t",
        f"SELECT count(*) AS n, max(time) AS t FROM logs WHERE trace_id = '{TRACE}' HAVING count(*) > 0",
        f'logs.filter(c.trace_id == "{TRACE}").select(n=pl.len(), t=c.time.max()).filter(c.n > 0)',
    ),
    Question(
        "needle in messages",
        f"filter @message like '{TRACE[3:21]}' | stats count(*) as n",
        f"SELECT count(*) AS n FROM logs WHERE contains(line, '{TRACE[3:21]}') HAVING count(*) > 0",
        f'logs.filter(c.line.str.contains("{TRACE[3:21]}", literal=True)).select(n=pl.len()).filter(c.n > 0)',
        f"SELECT count(*) AS n FROM logs WHERE line LIKE '%{TRACE[3:21]}%' HAVING count(*) > 0",
    ),
    Question(
        "in (subquery)",
        "filter tenant in (filter error like 'deadlock' | fields tenant) | stats count(*) as n, avg(duration_ms) as mean by level",
        "SELECT level, count(*) AS n, avg(duration_ms) AS mean FROM logs WHERE tenant IN (SELECT tenant FROM logs WHERE error LIKE '%deadlock%') GROUP BY level",
        'logs.join(logs.filter(c.error.str.contains("deadlock", literal=True)).select("tenant").unique(), on="tenant", how="semi").group_by("level").agg(n=pl.len(), mean=c.duration_ms.mean())',
    ),
    Question(
        "join with busy tenants",
        "join left=a right=b where a.tenant = b.tenant (SOURCE '/bench/app' | filter level = 'ERROR' | stats count(*) as errors by tenant) | stats count(*) as n, sum(b.errors) as errors by a.service as service",
        "SELECT service, count(*) AS n, sum(errors)::BIGINT AS errors FROM logs JOIN (SELECT tenant, count(*) AS errors FROM logs WHERE level = 'ERROR' GROUP BY tenant) USING (tenant) GROUP BY service",
        'logs.join(logs.filter(c.level == "ERROR").group_by("tenant").agg(errors=pl.len()), on="tenant").group_by("service").agg(n=pl.len(), errors=c.errors.sum())',
        "SELECT service, count(*) AS n, sum(errors) AS errors FROM logs JOIN (SELECT tenant, count(*) AS errors FROM logs WHERE level = 'ERROR' GROUP BY tenant) AS busy USING (tenant) GROUP BY service",
    ),
)
