"""Questions about logs of containers: text inside JSON, rare labels, many pods, long lines."""

from __future__ import annotations

from benchmarks.broad.question import Question
from benchmarks.data.log_set import DAY_MS, START_MS

_HOUR = (START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + DAY_MS // 24)

QUESTIONS = (
    Question(
        "newest 25 of an app",
        "filter kubernetes.labels.app = 'payments' and stream = 'stderr' | fields @timestamp, log | sort @timestamp desc | limit 25",
        "SELECT time, log FROM logs WHERE app = 'payments' AND stream = 'stderr' ORDER BY time DESC LIMIT 25",
        'logs.filter(c.app == "payments", c.stream == "stderr").select("time", "log").top_k(25, by="time").sort("time", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "count by namespace and stream",
        "stats count(*) as n by kubernetes.namespace_name as ns, stream",
        "SELECT namespace AS ns, stream, count(*) AS n FROM logs GROUP BY ns, stream",
        'logs.group_by("namespace", "stream").agg(n=pl.len())',
    ),
    Question(
        "busiest pods of 30,000",
        "stats count(*) as n, max(@timestamp) as last by kubernetes.pod_name as pod | sort n desc, pod asc | limit 20",
        "SELECT pod, count(*) AS n, max(time) AS last FROM logs GROUP BY pod ORDER BY n DESC, pod LIMIT 20",
        'logs.group_by("pod").agg(n=pl.len(), last=c.time.max()).sort("n", "pod", descending=[True, False]).head(20)',
        ordered=True,
        compared=(1,),
    ),
    Question(
        "pods of each namespace and hour",
        "stats count_distinct(kubernetes.pod_name) as pods by kubernetes.namespace_name as ns, bin(1h) as t",
        "SELECT namespace AS ns, time_bucket(INTERVAL 1 hour, time) AS t, count(DISTINCT pod) AS pods FROM logs GROUP BY ALL",
        'logs.group_by("namespace", c.time.dt.truncate("1h").alias("t")).agg(pods=c.pod.n_unique())',
        "SELECT namespace AS ns, toStartOfHour(time) AS t, count(DISTINCT pod) AS pods FROM logs GROUP BY ns, t",
    ),
    Question(
        "distinct pods",
        "stats count_distinct(kubernetes.pod_name) as n",
        "SELECT count(DISTINCT pod) AS n FROM logs",
        "logs.select(n=c.pod.n_unique())",
    ),
    Question(
        "deployment out of a pod's name",
        r"parse kubernetes.pod_name /^(?<deployment>.+)-[0-9a-f]{10}-[0-9a-f]{5}$/ | stats count(*) as n, count_distinct(kubernetes.pod_name) as pods by deployment",
        r"SELECT regexp_extract(pod, '^(.+)-[0-9a-f]{10}-[0-9a-f]{5}$', 1) AS deployment, count(*) AS n, count(DISTINCT pod) AS pods FROM logs GROUP BY deployment",
        r'logs.group_by(deployment=c.pod.str.extract("^(.+)-[0-9a-f]{10}-[0-9a-f]{5}$")).agg(n=pl.len(), pods=c.pod.n_unique())',
        r"SELECT extract(pod, '^(.+)-[0-9a-f]{10}-[0-9a-f]{5}$') AS deployment, count(*) AS n, count(DISTINCT pod) AS pods FROM logs GROUP BY deployment",
    ),
    Question(
        "a rare label",
        "filter ispresent(kubernetes.labels.gamma_tier_0) | stats count(*) as n by kubernetes.labels.gamma_tier_0 as tier",
        "SELECT label_gamma_tier_0 AS tier, count(*) AS n FROM logs WHERE label_gamma_tier_0 IS NOT NULL GROUP BY tier",
        'logs.filter(c.label_gamma_tier_0.is_not_null()).group_by(tier="label_gamma_tier_0").agg(n=pl.len())',
    ),
    Question(
        "two rare labels by app",
        "filter kubernetes.labels.atlas_tier_0 = 'v3' or kubernetes.labels.borealis_owner_0 = 'v3' | stats count(*) as n by kubernetes.labels.app as app",
        "SELECT app, count(*) AS n FROM logs WHERE label_atlas_tier_0 = 'v3' OR label_borealis_owner_0 = 'v3' GROUP BY app",
        'logs.filter((c.label_atlas_tier_0 == "v3") | (c.label_borealis_owner_0 == "v3")).group_by("app").agg(n=pl.len())',
    ),
    Question(
        "logfmt by glob",
        "parse log 'level=* caller=* msg=\"*\" duration_ms=* attempt=*' as lvl, caller, text, took, rest | filter ispresent(took) | stats count(*) as n, avg(took) as mean, max(took + 0) as worst by lvl, caller",
        "SELECT lvl, caller, count(*) AS n, avg(took::DOUBLE) AS mean, max(took::DOUBLE) AS worst FROM (SELECT unnest(regexp_extract(log, 'level=(.*?) caller=(.*?) msg=\"(.*?)\" duration_ms=(.*?) attempt=(.*)$', ['lvl', 'caller', 'text', 'took', 'rest'])) FROM logs) WHERE took != '' GROUP BY lvl, caller",
        r"""logs.select(m=c.log.str.extract_groups('level=(?<lvl>.*?) caller=(?<caller>.*?) msg="(?<text>.*?)" duration_ms=(?<took>.*?) attempt=(?<rest>.*)$')).unnest("m").filter(c.took.is_not_null()).with_columns(c.took.cast(pl.Float64)).group_by("lvl", "caller").agg(n=pl.len(), mean=c.took.mean(), worst=c.took.max())""",
        "SELECT g[1] AS lvl, g[2] AS caller, count(*) AS n, avg(toFloat64(g[4])) AS mean, max(toFloat64(g[4])) AS worst FROM (SELECT extractGroups(assumeNotNull(log), 'level=(.*?) caller=(.*?) msg=\"(.*?)\" duration_ms=(.*?) attempt=(.*)$') AS g FROM logs) WHERE notEmpty(g) GROUP BY lvl, caller",
    ),
    Question(
        "logfmt",
        "filter log like /^ts=/ | parse log logfmt as p | stats count(*) as n by p.msg as text",
        "SELECT regexp_extract(log, ' msg=\"(.*?)\"', 1) AS text, count(*) AS n FROM logs WHERE starts_with(log, 'ts=') GROUP BY text",
        r"""logs.filter(c.log.str.starts_with("ts=")).group_by(text=c.log.str.extract(' msg="(.*?)"')).agg(n=pl.len())""",
        "SELECT extract(assumeNotNull(log), ' msg=\"(.*?)\"') AS text, count(*) AS n FROM logs WHERE startsWith(log, 'ts=') GROUP BY text",
    ),
    Question(
        "JSON inside the text",
        "filter log like /^{/ | fields jsonParse(log) as doc | stats count(*) as n, avg(doc.took) as mean, sum(doc.order.items) as items by doc.event as event",
        "SELECT event, count(*) AS n, avg(took) AS mean, sum(items)::BIGINT AS items FROM (SELECT log ->> '$.event' AS event, (log ->> '$.took')::DOUBLE AS took, (log ->> '$.order.items')::BIGINT AS items FROM logs WHERE starts_with(log, '{')) GROUP BY event",
        'logs.filter(c.log.str.starts_with("{")).select(event=c.log.str.json_path_match("$.event"), took=c.log.str.json_path_match("$.took").cast(pl.Float64), items=c.log.str.json_path_match("$.order.items").cast(pl.Int64)).group_by("event").agg(n=pl.len(), mean=c.took.mean(), items=pl.col("items").sum())',
        "SELECT JSONExtractString(assumeNotNull(log), 'event') AS event, count(*) AS n, avg(JSONExtractFloat(assumeNotNull(log), 'took')) AS mean, sum(JSONExtractInt(assumeNotNull(log), 'order', 'items')) AS items FROM logs WHERE startsWith(log, '{') GROUP BY event",
    ),
    Question(
        "customers inside the text, of many",
        "filter log like /^{/ | fields jsonParse(log) as doc | stats sum(doc.order.total) as total, count(*) as n by doc.customer as customer | sort n desc, customer asc | limit 20",
        "SELECT log ->> '$.customer' AS customer, sum((log ->> '$.order.total')::DOUBLE) AS total, count(*) AS n FROM logs WHERE starts_with(log, '{') GROUP BY customer ORDER BY n DESC LIMIT 20",
        'logs.filter(c.log.str.starts_with("{")).group_by(customer=c.log.str.json_path_match("$.customer")).agg(total=c.log.str.json_path_match("$.order.total").cast(pl.Float64).sum(), n=pl.len()).sort("n", descending=True).head(20)',
        "SELECT JSONExtractString(assumeNotNull(log), 'customer') AS customer, sum(JSONExtractFloat(assumeNotNull(log), 'order', 'total')) AS total, count(*) AS n FROM logs WHERE startsWith(log, '{') GROUP BY customer ORDER BY n DESC LIMIT 20",
        ordered=True,
        compared=(2,),
    ),
    Question(
        "status of access lines",
        r"parse log /\" (?<code>\d{3}) (?<size>\d+) (?<took>[\d.]+)$/ | filter ispresent(code) | stats count(*) as n, sum(size) as total, avg(took) as mean by code",
        r"""SELECT code, count(*) AS n, sum(size::BIGINT)::BIGINT AS total, avg(took::DOUBLE) AS mean FROM (SELECT unnest(regexp_extract(log, '" (\d{3}) (\d+) ([\d.]+)$', ['code', 'size', 'took'])) FROM logs) WHERE code != '' GROUP BY code""",
        r"""logs.select(m=c.log.str.extract_groups(r'" (?<code>\d{3}) (?<size>\d+) (?<took>[\d.]+)$')).unnest("m").filter(c.code.is_not_null()).group_by("code").agg(n=pl.len(), total=c.size.cast(pl.Int64).sum(), mean=c.took.cast(pl.Float64).mean())""",
        r"""SELECT g[1] AS code, count(*) AS n, sum(toInt64(g[2])) AS total, avg(toFloat64(g[3])) AS mean FROM (SELECT extractGroups(assumeNotNull(log), '" (\\d{3}) (\\d+) ([\\d.]+)$') AS g FROM logs) WHERE notEmpty(g) GROUP BY code""",
    ),
    Question(
        "needle in the message",
        "filter @message like 'DUMP request id=77' | stats count(*) as n, min(@timestamp) as first",
        "SELECT count(*) AS n, min(time) AS first FROM logs WHERE contains(line, 'DUMP request id=77') HAVING count(*) > 0",
        'logs.filter(c.line.str.contains("DUMP request id=77", literal=True)).select(n=pl.len(), first=c.time.min()).filter(c.n > 0)',
        "SELECT count(*) AS n, min(time) AS first FROM logs WHERE line LIKE '%DUMP request id=77%' HAVING count(*) > 0",
    ),
    Question(
        "two phrases by 15 minutes",
        "filter log like 'upstream timeout' or log like 'deadline exceeded' | stats count(*) as n by kubernetes.namespace_name as ns, bin(15m) as t",
        "SELECT namespace AS ns, time_bucket(INTERVAL 15 minutes, time) AS t, count(*) AS n FROM logs WHERE contains(log, 'upstream timeout') OR contains(log, 'deadline exceeded') GROUP BY ALL",
        'logs.filter(c.log.str.contains_any(["upstream timeout", "deadline exceeded"])).group_by("namespace", c.time.dt.truncate("15m").alias("t")).agg(n=pl.len())',
        "SELECT namespace AS ns, toStartOfInterval(time, INTERVAL 15 minute) AS t, count(*) AS n FROM logs WHERE log LIKE '%upstream timeout%' OR log LIKE '%deadline exceeded%' GROUP BY ns, t",
    ),
    Question(
        "case-insensitive errors",
        'filter log like /(?i)level"?[=:]"?ERROR/ | stats count(*) as n by kubernetes.container_name as container',
        """SELECT container, count(*) AS n FROM logs WHERE regexp_matches(log, '(?i)level"?[=:]"?ERROR') GROUP BY container""",
        """logs.filter(c.log.str.contains('(?i)level"?[=:]"?ERROR')).group_by("container").agg(n=pl.len())""",
        """SELECT container, count(*) AS n FROM logs WHERE match(log, '(?i)level"?[=:]"?ERROR') GROUP BY container""",
    ),
    Question(
        "bytes by app",
        "stats sum(strlen(log)) as letters, max(strlen(log)) as most, count(*) as n by kubernetes.labels.app as app",
        "SELECT app, sum(length(log))::BIGINT AS letters, max(length(log)) AS most, count(*) AS n FROM logs GROUP BY app",
        'logs.group_by("app").agg(letters=c.log.str.len_chars().cast(pl.Int64).sum(), most=c.log.str.len_chars().max(), n=pl.len())',
        "SELECT app, sum(lengthUTF8(log)) AS letters, max(lengthUTF8(log)) AS most, count(*) AS n FROM logs GROUP BY app",
    ),
    Question(
        "long lines of one hour",
        "filter strlen(log) > 4000 | stats count(*) as n by substr(log, 0, 4) as kind",
        f"SELECT substr(log, 1, 4) AS kind, count(*) AS n FROM logs WHERE length(log) > 4000 AND time >= make_timestamp_ms({_HOUR[0]}) AND time < make_timestamp_ms({_HOUR[1]}) GROUP BY kind",
        f'logs.filter(c.time.dt.epoch("ms").is_between({_HOUR[0]}, {_HOUR[1]}, closed="left"), c.log.str.len_chars() > 4000).group_by(kind=c.log.str.slice(0, 4)).agg(n=pl.len())',
        f"SELECT substring(log, 1, 4) AS kind, count(*) AS n FROM logs WHERE lengthUTF8(log) > 4000 AND time >= fromUnixTimestamp64Milli({_HOUR[0]}) AND time < fromUnixTimestamp64Milli({_HOUR[1]}) GROUP BY kind",
        window=_HOUR,
    ),
    Question(
        "latest line of each container",
        "fields @timestamp, kubernetes.container_name as container, log | sort @timestamp desc | dedup container",
        "SELECT max(time) AS t, container, arg_max(log, time) AS log FROM logs GROUP BY container",
        'logs.group_by("container").agg(t=c.time.max(), log=c.log.sort_by("time").last()).select("t", "container", "log")',
        "SELECT max(time) AS t, container, argMax(log, time) AS log FROM logs GROUP BY container",
        compared=(0, 1),
        edited="fields @timestamp, kubernetes.container_name as container, log | sort @timestamp desc | dedup container, stream",
    ),
)
