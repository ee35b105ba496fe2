"""Questions about VPC flow lines, whose fields cwnb and the peers both have as columns."""

from __future__ import annotations

from benchmarks.broad.question import Question
from benchmarks.data.log_set import DAY_MS, START_MS

_HOUR = (START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + DAY_MS // 24)
_DB_NET = "10.5.0.0/17"

QUESTIONS = (
    Question(
        "newest 25 rejected",
        "filter action = 'REJECT' | fields @timestamp, srcAddr, dstPort | sort @timestamp desc | limit 25",
        "SELECT time, srcAddr, dstPort FROM logs WHERE action = 'REJECT' ORDER BY time DESC LIMIT 25",
        'logs.filter(c.action == "REJECT").select("time", "srcAddr", "dstPort").top_k(25, by="time").sort("time", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "count by action",
        "stats count(*) as n by action",
        "SELECT action, count(*) AS n FROM logs GROUP BY action",
        'logs.group_by("action").agg(n=pl.len())',
    ),
    Question(
        "extremes of all",
        "stats min(bytes) as least, max(bytes) as most, max(packets) as packets, count(*) as n",
        "SELECT min(bytes) AS least, max(bytes) AS most, max(packets) AS packets, count(*) AS n FROM logs",
        "logs.select(least=c.bytes.min(), most=c.bytes.max(), packets=c.packets.max(), n=pl.len())",
    ),
    Question(
        "top talkers",
        "stats sum(bytes) as total by srcAddr, dstAddr | sort total desc | limit 20",
        "SELECT srcAddr, dstAddr, sum(bytes)::BIGINT AS total FROM logs GROUP BY srcAddr, dstAddr ORDER BY total DESC LIMIT 20",
        'logs.group_by("srcAddr", "dstAddr").agg(total=c.bytes.sum()).sort("total", descending=True).head(20)',
        "SELECT srcAddr, dstAddr, sum(bytes) AS total FROM logs GROUP BY srcAddr, dstAddr ORDER BY total DESC LIMIT 20",
        ordered=True,
    ),
    Question(
        "bytes by sender, of many",
        "filter ispresent(srcAddr) | stats sum(bytes) as total, count(*) as n by srcAddr | sort total desc | limit 50",
        "SELECT srcAddr, sum(bytes)::BIGINT AS total, count(*) AS n FROM logs WHERE srcAddr IS NOT NULL GROUP BY srcAddr ORDER BY total DESC LIMIT 50",
        'logs.filter(c.srcAddr.is_not_null()).group_by("srcAddr").agg(total=c.bytes.sum(), n=pl.len()).sort("total", descending=True).head(50)',
        "SELECT srcAddr, sum(bytes) AS total, count(*) AS n FROM logs WHERE srcAddr IS NOT NULL GROUP BY srcAddr ORDER BY total DESC LIMIT 50",
        ordered=True,
    ),
    Question(
        "traffic over time",
        "filter logStatus = 'OK' | stats sum(bytes) as bytes_sent, sum(packets) as packets_sent by bin(5m) as t, action",
        "SELECT time_bucket(INTERVAL 5 minutes, time) AS t, action, sum(bytes)::BIGINT AS b, sum(packets)::BIGINT AS p FROM logs WHERE logStatus = 'OK' GROUP BY ALL",
        'logs.filter(c.logStatus == "OK").group_by(c.time.dt.truncate("5m").alias("t"), "action").agg(b=c.bytes.sum(), p=c.packets.sum())',
        "SELECT toStartOfInterval(time, INTERVAL 5 minute) AS t, action, sum(bytes) AS b, sum(packets) AS p FROM logs WHERE logStatus = 'OK' GROUP BY t, action",
    ),
    Question(
        "three keys",
        "stats count(*) as n, avg(bytes) as mean by accountId, protocol, action",
        "SELECT accountId, protocol, action, count(*) AS n, avg(bytes) AS mean FROM logs GROUP BY ALL",
        'logs.group_by("accountId", "protocol", "action").agg(n=pl.len(), mean=c.bytes.mean())',
        "SELECT accountId, protocol, action, count(*) AS n, avg(bytes) AS mean FROM logs GROUP BY accountId, protocol, action",
    ),
    Question(
        "a subnet of many",
        f"filter isIpv4InSubnet(srcAddr, '{_DB_NET}') | stats count(*) as n, sum(bytes) as total by dstPort | sort n desc, dstPort asc | limit 20",
        "SELECT dstPort, count(*) AS n, sum(bytes)::BIGINT AS total FROM logs WHERE srcAddr LIKE '10.5.%' AND split_part(srcAddr, '.', 3)::INT < 128 GROUP BY dstPort ORDER BY n DESC, dstPort LIMIT 20",
        None,
        f"SELECT dstPort, count(*) AS n, sum(bytes) AS total FROM logs WHERE isIPAddressInRange(ifNull(srcAddr, '0.0.0.0'), '{_DB_NET}') GROUP BY dstPort ORDER BY n DESC, dstPort LIMIT 20",
        ordered=True,
    ),
    Question(
        "inside out",
        "filter isIpInSubnet(srcAddr, '10.0.0.0/8') and not isIpInSubnet(dstAddr, '10.0.0.0/8') | stats sum(bytes) as total by interfaceId | sort total desc | limit 10",
        "SELECT interfaceId, sum(bytes)::BIGINT AS total FROM logs WHERE starts_with(srcAddr, '10.') AND NOT starts_with(dstAddr, '10.') GROUP BY interfaceId ORDER BY total DESC LIMIT 10",
        'logs.filter(c.srcAddr.str.starts_with("10."), ~c.dstAddr.str.starts_with("10.")).group_by("interfaceId").agg(total=c.bytes.sum()).sort("total", descending=True).head(10)',
        "SELECT interfaceId, sum(bytes) AS total FROM logs WHERE startsWith(srcAddr, '10.') AND NOT startsWith(dstAddr, '10.') GROUP BY interfaceId ORDER BY total DESC LIMIT 10",
        ordered=True,
    ),
    Question(
        "private addresses",
        "filter ispresent(dstAddr) | stats count(*) as n by isPrivateIP(dstAddr) as inside",
        r"SELECT (starts_with(dstAddr, '10.') OR starts_with(dstAddr, '192.168.') OR regexp_matches(dstAddr, '^172\.(1[6-9]|2[0-9]|3[01])\.'))::INT AS inside, count(*) AS n FROM logs WHERE dstAddr IS NOT NULL GROUP BY inside",
        r'logs.filter(c.dstAddr.is_not_null()).group_by(inside=(c.dstAddr.str.starts_with("10.") | c.dstAddr.str.starts_with("192.168.") | c.dstAddr.str.contains(r"^172\.(1[6-9]|2[0-9]|3[01])\.")).cast(pl.Int64)).agg(n=pl.len())',
        r"SELECT toInt64(startsWith(dstAddr, '10.') OR startsWith(dstAddr, '192.168.') OR match(dstAddr, '^172\\.(1[6-9]|2[0-9]|3[01])\\.')) AS inside, count(*) AS n FROM logs WHERE dstAddr IS NOT NULL GROUP BY inside",
    ),
    Question(
        "ports that were scanned",
        "filter action = 'REJECT' and protocol = 6 | stats count_distinct(dstPort) as ports, count(*) as n by srcAddr | sort ports desc, n desc, srcAddr asc | limit 10",
        "SELECT srcAddr, count(DISTINCT dstPort) AS ports, count(*) AS n FROM logs WHERE action = 'REJECT' AND protocol = 6 GROUP BY srcAddr ORDER BY ports DESC, n DESC LIMIT 10",
        'logs.filter(c.action == "REJECT", c.protocol == 6).group_by("srcAddr").agg(ports=c.dstPort.n_unique(), n=pl.len()).sort("ports", "n", descending=[True, True]).head(10)',
        ordered=True,
        compared=(1, 2),
    ),
    Question(
        "distinct pairs by interface",
        "stats count_distinct(concat(srcAddr, '>', dstAddr)) as pairs by accountId",
        "SELECT accountId, count(DISTINCT concat(srcAddr, '>', dstAddr)) AS pairs FROM logs GROUP BY accountId",
        'logs.group_by("accountId").agg(pairs=pl.concat_str(c.srcAddr.fill_null(""), pl.lit(">"), c.dstAddr.fill_null("")).n_unique())',
        "SELECT accountId, count(DISTINCT concat(ifNull(srcAddr, ''), '>', ifNull(dstAddr, ''))) AS pairs FROM logs GROUP BY accountId",
    ),
    Question(
        "percentiles by port",
        "filter dstPort in [22, 25, 53, 80, 443, 3306, 5432] | stats pct(bytes, 50) as p50, pct(bytes, 99) as p99 by dstPort",
        "SELECT dstPort, quantile_disc(bytes, 0.5) AS p50, quantile_disc(bytes, 0.99) AS p99 FROM logs WHERE dstPort IN (22, 25, 53, 80, 443, 3306, 5432) GROUP BY dstPort",
        'logs.filter(c.dstPort.is_in([22, 25, 53, 80, 443, 3306, 5432])).group_by("dstPort").agg(p50=c.bytes.quantile(0.5), p99=c.bytes.quantile(0.99))',
        "SELECT dstPort, quantileExact(0.5)(bytes) AS p50, quantileExact(0.99)(bytes) AS p99 FROM logs WHERE dstPort IN (22, 25, 53, 80, 443, 3306, 5432) GROUP BY dstPort",
        own_rank=(1, 2),
    ),
    Question(
        "bytes per packet",
        "filter packets > 0 | fields bytes / packets as size, endTime - startTime as took | stats avg(size) as mean, max(size) as most, avg(took) as seconds by protocol",
        "SELECT protocol, avg(bytes / packets) AS mean, max(bytes / packets) AS most, avg(endTime - startTime) AS seconds FROM logs WHERE packets > 0 GROUP BY protocol",
        'logs.filter(c.packets > 0).group_by("protocol").agg(mean=(c.bytes / c.packets).mean(), most=(c.bytes / c.packets).max(), seconds=(c.endTime - c.startTime).mean())',
    ),
    Question(
        "large flows to a few ports",
        "filter bytes > 100000 and (dstPort = 443 or srcPort = 443) | stats count(*) as n, sum(bytes) as total by accountId",
        "SELECT accountId, count(*) AS n, sum(bytes)::BIGINT AS total FROM logs WHERE bytes > 100000 AND (dstPort = 443 OR srcPort = 443) GROUP BY accountId",
        'logs.filter(c.bytes > 100000, (c.dstPort == 443) | (c.srcPort == 443)).group_by("accountId").agg(n=pl.len(), total=c.bytes.sum())',
        "SELECT accountId, count(*) AS n, sum(bytes) AS total FROM logs WHERE bytes > 100000 AND (dstPort = 443 OR srcPort = 443) GROUP BY accountId",
    ),
    Question(
        "numeric filter alone",
        "filter packets >= 1000 | stats count(*) as n",
        "SELECT count(*) AS n FROM logs WHERE packets >= 1000",
        "logs.filter(c.packets >= 1000).select(n=pl.len())",
    ),
    Question(
        "services by case",
        "stats count(*) as n, sum(bytes) as total by case(dstPort = 443, 'https', dstPort = 53, 'dns', dstPort < 1024, 'low', 'high') as service",
        "SELECT CASE WHEN dstPort = 443 THEN 'https' WHEN dstPort = 53 THEN 'dns' WHEN dstPort < 1024 THEN 'low' ELSE 'high' END AS service, count(*) AS n, sum(bytes)::BIGINT AS total FROM logs GROUP BY service",
        'logs.group_by(service=pl.when(c.dstPort == 443).then(pl.lit("https")).when(c.dstPort == 53).then(pl.lit("dns")).when(c.dstPort < 1024).then(pl.lit("low")).otherwise(pl.lit("high"))).agg(n=pl.len(), total=c.bytes.sum())',
        "SELECT CASE WHEN dstPort = 443 THEN 'https' WHEN dstPort = 53 THEN 'dns' WHEN dstPort < 1024 THEN 'low' ELSE 'high' END AS service, count(*) AS n, sum(bytes) AS total FROM logs GROUP BY service",
    ),
    Question(
        "one address",
        "filter srcAddr = '10.2.0.15' or dstAddr = '10.2.0.15' | stats count(*) as n, sum(bytes) as total by action",
        "SELECT action, count(*) AS n, sum(bytes)::BIGINT AS total FROM logs WHERE srcAddr = '10.2.0.15' OR dstAddr = '10.2.0.15' GROUP BY action",
        'logs.filter((c.srcAddr == "10.2.0.15") | (c.dstAddr == "10.2.0.15")).group_by("action").agg(n=pl.len(), total=c.bytes.sum())',
        "SELECT action, count(*) AS n, sum(bytes) AS total FROM logs WHERE srcAddr = '10.2.0.15' OR dstAddr = '10.2.0.15' GROUP BY action",
    ),
    Question(
        "one hour by interface",
        "stats count(*) as n, sum(bytes) as total by interfaceId | sort n desc, interfaceId asc | limit 10",
        f"SELECT interfaceId, count(*) AS n, sum(bytes)::BIGINT AS total FROM logs WHERE time >= make_timestamp_ms({_HOUR[0]}) AND time < make_timestamp_ms({_HOUR[1]}) GROUP BY interfaceId ORDER BY n DESC LIMIT 10",
        f'logs.filter(c.time.dt.epoch("ms").is_between({_HOUR[0]}, {_HOUR[1]}, closed="left")).group_by("interfaceId").agg(n=pl.len(), total=c.bytes.sum()).sort("n", descending=True).head(10)',
        f"SELECT interfaceId, count(*) AS n, sum(bytes) AS total FROM logs WHERE time >= fromUnixTimestamp64Milli({_HOUR[0]}) AND time < fromUnixTimestamp64Milli({_HOUR[1]}) GROUP BY interfaceId ORDER BY n DESC LIMIT 10",
        ordered=True,
        compared=(1,),
        window=_HOUR,
    ),
    Question(
        "minutes of each interface",
        "stats count(*) as n by interfaceId, bin(1m) as t | stats max(n) as most, avg(n) as mean, count(*) as minutes by interfaceId",
        "SELECT interfaceId, max(n) AS most, avg(n) AS mean, count(*) AS minutes FROM (SELECT interfaceId, time_bucket(INTERVAL 1 minute, time) AS t, count(*) AS n FROM logs GROUP BY interfaceId, t) GROUP BY interfaceId",
        'logs.group_by("interfaceId", c.time.dt.truncate("1m").alias("t")).agg(n=pl.len()).group_by("interfaceId").agg(most=c.n.max(), mean=c.n.mean(), minutes=pl.len())',
        "SELECT interfaceId, max(n) AS most, avg(n) AS mean, count(*) AS minutes FROM (SELECT interfaceId, toStartOfMinute(time) AS t, count(*) AS n FROM logs GROUP BY interfaceId, t) GROUP BY interfaceId",
    ),
)
