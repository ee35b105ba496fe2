r"""Questions about the text of a Java service, of which the peers have only time and line too.

In patterns `(?s:.)` would cross lines: `.` does not, in any of the four.
"""

from __future__ import annotations

from benchmarks.broad.question import Question
from benchmarks.data.log_set import DAY_MS, START_MS

_HOUR = (START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + DAY_MS // 24)

QUESTIONS = (
    Question(
        "newest 25 traces",
        "filter @message like 'Caused by' | fields @timestamp, @message | sort @timestamp desc | limit 25",
        "SELECT time, line FROM logs WHERE contains(line, 'Caused by') ORDER BY time DESC LIMIT 25",
        'logs.filter(c.line.str.contains("Caused by", literal=True)).select("time", "line").top_k(25, by="time").sort("time", descending=True)',
        "SELECT time, line FROM logs WHERE line LIKE '%Caused by%' ORDER BY time DESC LIMIT 25",
        ordered=True,
        compared=(0,),
    ),
    Question(
        "errors by 5 minutes",
        "filter @message like ' ERROR ' | stats count(*) as n by bin(5m) as t",
        "SELECT time_bucket(INTERVAL 5 minutes, time) AS t, count(*) AS n FROM logs WHERE contains(line, ' ERROR ') GROUP BY t",
        'logs.filter(c.line.str.contains(" ERROR ", literal=True)).group_by(t=c.time.dt.truncate("5m")).agg(n=pl.len())',
        "SELECT toStartOfInterval(time, INTERVAL 5 minute) AS t, count(*) AS n FROM logs WHERE line LIKE '% ERROR %' GROUP BY t",
    ),
    Question(
        "count by level, parsed",
        r"parse @message /^\S+ \S+ (?<level>[A-Z]+) / | stats count(*) as n by level",
        r"SELECT nullif(regexp_extract(line, '^\S+ \S+ ([A-Z]+) ', 1), '') AS level, count(*) AS n FROM logs GROUP BY level",
        r'logs.group_by(level=c.line.str.extract(r"^\S+ \S+ ([A-Z]+) ")).agg(n=pl.len())',
        r"SELECT extract(line, '^\\S+ \\S+ ([A-Z]+) ') AS level, count(*) AS n FROM logs GROUP BY level",
    ),
    Question(
        "count by logger, glob",
        "parse @message '* * * [*] * - *' as day, clock, level, thread, logger, text | stats count(*) as n by trim(logger) as name",
        r"SELECT nullif(trim(regexp_extract(line, '^.*? .*? .*? \[.*?\] (.*?) - ', 1)), '') AS name, count(*) AS n FROM logs GROUP BY name",
        r'logs.group_by(name=c.line.str.extract(r"^.*? .*? .*? \[.*?\] (.*?) - ").str.strip_chars()).agg(n=pl.len())',
        r"SELECT trim(extract(line, '^.*? .*? .*? \\[.*?\\] (.*?) - ')) AS name, count(*) AS n FROM logs GROUP BY name",
    ),
    Question(
        "time taken by result",
        "parse @message 'Completed * for order * in * ms' as result, order, took | filter ispresent(took) | stats count(*) as n, avg(took) as mean, max(order) as last by result",
        "SELECT result, count(*) AS n, avg(took::DOUBLE) AS mean, max(number::BIGINT) AS last FROM (SELECT unnest(regexp_extract(line, 'Completed (.*?) for order (.*?) in (.*?) ms', ['result', 'number', 'took'])) FROM logs) WHERE took != '' GROUP BY result",
        r'logs.select(m=c.line.str.extract_groups("Completed (?<result>.*?) for order (?<number>.*?) in (?<took>.*?) ms")).unnest("m").filter(c.took.is_not_null()).group_by("result").agg(n=pl.len(), mean=c.took.cast(pl.Float64).mean(), last=c.number.cast(pl.Int64).max())',
        "SELECT g[1] AS result, count(*) AS n, avg(toFloat64(g[3])) AS mean, max(toInt64(g[2])) AS last FROM (SELECT extractGroups(line, 'Completed (.*?) for order (.*?) in (.*?) ms') AS g FROM (SELECT assumeNotNull(line) AS line FROM logs)) WHERE notEmpty(g) GROUP BY result",
    ),
    Question(
        "exceptions by class",
        r"parse @message /\n(?<fault>[\w.]+(Exception|Error)): / | filter ispresent(fault) | stats count(*) as n by fault",
        r"SELECT fault, count(*) AS n FROM (SELECT regexp_extract(line, '\n([\w.]+(?:Exception|Error)): ', 1) AS fault FROM logs) WHERE fault != '' GROUP BY fault",
        r'logs.select(fault=c.line.str.extract(r"\n([\w.]+(?:Exception|Error)): ")).drop_nulls().group_by("fault").agg(n=pl.len())',
        r"SELECT fault, count(*) AS n FROM (SELECT extract(assumeNotNull(line), '\n([\\w.]+(?:Exception|Error)): ') AS fault FROM logs) WHERE fault != '' GROUP BY fault",
    ),
    Question(
        "causes by exception",
        r"parse @message /Caused by: (?<cause>[\w.]+)/ | filter ispresent(cause) | stats count(*) as n by cause, bin(1h) as t",
        r"SELECT cause, time_bucket(INTERVAL 1 hour, time) AS t, count(*) AS n FROM (SELECT time, regexp_extract(line, 'Caused by: ([\w.]+)', 1) AS cause FROM logs WHERE contains(line, 'Caused by: ')) GROUP BY ALL",
        r'logs.select("time", cause=c.line.str.extract(r"Caused by: ([\w.]+)")).drop_nulls().group_by("cause", c.time.dt.truncate("1h").alias("t")).agg(n=pl.len())',
        r"SELECT extract(assumeNotNull(line), 'Caused by: ([\\w.]+)') AS cause, toStartOfHour(time) AS t, count(*) AS n FROM logs WHERE line LIKE '%Caused by: %' GROUP BY cause, t",
    ),
    Question(
        "unlucky literals in long text",
        "filter @message like /Repository.getConnection|waiting=7|CglibAopProxy.lookup/ | stats count(*) as n",
        "SELECT count(*) AS n FROM logs WHERE line LIKE '%Repository.getConnection%' OR line LIKE '%waiting=7%' OR line LIKE '%CglibAopProxy.lookup%'",
        'logs.filter(c.line.str.contains_any(["Repository.getConnection", "waiting=7", "CglibAopProxy.lookup"])).select(n=pl.len())',
    ),
    Question(
        "case-insensitive in long text",
        "filter @message like /(?i)deadlockloser|sockettimeout/ | stats count(*) as n by bin(1h) as t",
        "SELECT time_bucket(INTERVAL 1 hour, time) AS t, count(*) AS n FROM logs WHERE regexp_matches(line, '(?i)deadlockloser|sockettimeout') GROUP BY t",
        'logs.filter(c.line.str.contains("(?i)deadlockloser|sockettimeout")).group_by(t=c.time.dt.truncate("1h")).agg(n=pl.len())',
        "SELECT toStartOfHour(time) AS t, count(*) AS n FROM logs WHERE match(line, '(?i)deadlockloser|sockettimeout') GROUP BY t",
    ),
    Question(
        "unlucky regex over lines",
        r"filter @message like /[A-Z]\w+\.java:[0-9]{3}\)\n\tat org/ | stats count(*) as n",
        r"SELECT count(*) AS n FROM logs WHERE regexp_matches(line, '[A-Z]\w+\.java:[0-9]{3}\)\n\tat org')",
        r'logs.filter(c.line.str.contains(r"[A-Z]\w+\.java:[0-9]{3}\)\n\tat org")).select(n=pl.len())',
        r"SELECT count(*) AS n FROM logs WHERE match(line, '[A-Z]\\w+\\.java:[0-9]{3}\\)\n\tat org')",
    ),
    Question(
        "pool of connections",
        r"parse @message /total=(?<total>\d+), active=(?<active>\d+), idle=(?<idle>\d+), waiting=(?<waiting>\d+)/ | filter ispresent(total) and waiting > 5 | stats avg(active) as busy, max(total) as most, count(*) as n by bin(10m) as t",
        r"SELECT time_bucket(INTERVAL 10 minutes, time) AS t, avg(active::BIGINT) AS busy, max(total::BIGINT) AS most, count(*) AS n FROM (SELECT time, unnest(regexp_extract(line, 'total=(\d+), active=(\d+), idle=(\d+), waiting=(\d+)', ['total', 'active', 'idle', 'waiting'])) FROM logs WHERE contains(line, 'waiting=')) WHERE waiting::BIGINT > 5 GROUP BY t",
        r'logs.select("time", m=c.line.str.extract_groups(r"total=(?<total>\d+), active=(?<active>\d+), idle=(?<idle>\d+), waiting=(?<waiting>\d+)")).unnest("m").filter(c.waiting.cast(pl.Int64) > 5).group_by(t=c.time.dt.truncate("10m")).agg(busy=c.active.cast(pl.Int64).mean(), most=c.total.cast(pl.Int64).max(), n=pl.len())',
        r"SELECT toStartOfInterval(time, INTERVAL 10 minute) AS t, avg(toInt64(g[2])) AS busy, max(toInt64(g[1])) AS most, count(*) AS n FROM (SELECT time, extractGroups(assumeNotNull(line), 'total=(\\d+), active=(\\d+), idle=(\\d+), waiting=(\\d+)') AS g FROM logs WHERE line LIKE '%waiting=%') WHERE toInt64OrZero(g[4]) > 5 GROUP BY t",
    ),
    Question(
        "users who logged in",
        r"parse @message 'User * logged in from *' as user, address | filter ispresent(user) | stats count_distinct(user) as users, count_distinct(address) as addresses, count(*) as n",
        "SELECT count(DISTINCT who) AS users, count(DISTINCT address) AS addresses, count(*) AS n FROM (SELECT unnest(regexp_extract(line, 'User (.*?) logged in from (.*)', ['who', 'address'])) FROM logs WHERE contains(line, ' logged in from ')) WHERE who != ''",
        r'logs.select(m=c.line.str.extract_groups("User (?<who>.*?) logged in from (?<address>.*)")).unnest("m").drop_nulls().select(users=c.who.n_unique(), addresses=c.address.n_unique(), n=pl.len())',
        "SELECT count(DISTINCT g[1]) AS users, count(DISTINCT g[2]) AS addresses, count(*) AS n FROM (SELECT extractGroups(assumeNotNull(line), 'User (.*?) logged in from (.*)') AS g FROM logs WHERE line LIKE '% logged in from %') WHERE notEmpty(g)",
    ),
    Question(
        "busiest users",
        r"parse @message 'User * logged in' as user | stats count(*) as n by user | filter ispresent(user) | sort n desc, user asc | limit 10",
        "SELECT who, count(*) AS n FROM (SELECT regexp_extract(line, 'User (.*?) logged in', 1) AS who FROM logs) WHERE who != '' GROUP BY who ORDER BY n DESC LIMIT 10",
        r'logs.select(who=c.line.str.extract("User (.*?) logged in")).drop_nulls().group_by("who").agg(n=pl.len()).sort("n", descending=True).head(10)',
        "SELECT extract(assumeNotNull(line), 'User (.*?) logged in') AS who, count(*) AS n FROM logs GROUP BY who HAVING who != '' ORDER BY n DESC LIMIT 10",
        ordered=True,
        compared=(1,),
    ),
    Question(
        "longest messages",
        "fields strlen(@message) as length, @timestamp | sort length desc | limit 20",
        "SELECT length(line) AS length, time FROM logs ORDER BY length DESC LIMIT 20",
        'logs.select("time", length=c.line.str.len_chars()).top_k(20, by="length").sort("length", descending=True).select("length", "time")',
        "SELECT lengthUTF8(line) AS length, time FROM logs ORDER BY length DESC LIMIT 20",
        ordered=True,
        compared=(0,),
    ),
    Question(
        "one hour of warnings",
        "filter @message like ' WARN ' | stats count(*) as n by bin(1m) as t",
        f"SELECT time_bucket(INTERVAL 1 minute, time) AS t, count(*) AS n FROM logs WHERE time >= make_timestamp_ms({_HOUR[0]}) AND time < make_timestamp_ms({_HOUR[1]}) AND contains(line, ' WARN ') GROUP BY t",
        f'logs.filter(c.time.dt.epoch("ms").is_between({_HOUR[0]}, {_HOUR[1]}, closed="left"), c.line.str.contains(" WARN ", literal=True)).group_by(t=c.time.dt.truncate("1m")).agg(n=pl.len())',
        f"SELECT toStartOfMinute(time) AS t, count(*) AS n FROM logs WHERE time >= fromUnixTimestamp64Milli({_HOUR[0]}) AND time < fromUnixTimestamp64Milli({_HOUR[1]}) AND line LIKE '% WARN %' GROUP BY t",
        window=_HOUR,
    ),
    Question(
        "replaced numbers",
        r"filter @message like 'Loaded' | stats count(*) as n by regexReplace(substr(@message, 24), '[0-9]+', '#') as shape | stats count(*) as shapes, max(n) as most",
        "SELECT count(*) AS shapes, max(n) AS most FROM (SELECT regexp_replace(substr(line, 25), '[0-9]+', '#', 'g') AS shape, count(*) AS n FROM logs WHERE contains(line, 'Loaded') GROUP BY shape)",
        r'logs.filter(c.line.str.contains("Loaded", literal=True)).group_by(shape=c.line.str.slice(24).str.replace_all("[0-9]+", "#")).agg(n=pl.len()).select(shapes=pl.len(), most=c.n.max())',
        "SELECT count(*) AS shapes, max(n) AS most FROM (SELECT replaceRegexpAll(substring(assumeNotNull(line), 25), '[0-9]+', '#') AS shape, count(*) AS n FROM logs WHERE line LIKE '%Loaded%' GROUP BY shape)",
    ),
    Question(
        "one sender",
        "filter @logStream = 'sender-2' and @message like 'kafka' | stats count(*) as n, min(@timestamp) as first",
        "SELECT count(*) AS n, min(time) AS first FROM logs WHERE log_stream = 'sender-2' AND contains(line, 'kafka')",
        'logs.filter(c.log_stream == "sender-2", c.line.str.contains("kafka", literal=True)).select(n=pl.len(), first=c.time.min())',
        "SELECT count(*) AS n, min(time) AS first FROM logs WHERE log_stream = 'sender-2' AND line LIKE '%kafka%'",
    ),
)
