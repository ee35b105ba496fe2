"""Questions about telemetry: mostly missing fields, a field of mixed types, lists, many ids."""

from __future__ import annotations

from benchmarks.broad.question import Question
from benchmarks.data.log_set import DAY_MS, START_MS

_HOUR = (START_MS + DAY_MS // 3, START_MS + DAY_MS // 3 + DAY_MS // 24)
# Which words `value` has beside numbers makes no difference: they are left out.
_NUMBER = "TRY_CAST(value AS DOUBLE)"
_NUMBER_CH = "toFloat64OrNull(value)"

QUESTIONS = (
    Question(
        "newest 25 alarms",
        "filter kind = 'alarm' | fields @timestamp, device, note | sort @timestamp desc | limit 25",
        "SELECT time, device, note FROM logs WHERE kind = 'alarm' ORDER BY time DESC LIMIT 25",
        'logs.filter(c.kind == "alarm").select("time", "device", "note").top_k(25, by="time").sort("time", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "count by kind",
        "stats count(*) as n by kind",
        "SELECT kind, count(*) AS n FROM logs GROUP BY kind",
        'logs.group_by("kind").agg(n=pl.len())',
    ),
    Question(
        "four mostly missing numbers",
        "stats avg(electric.watts) as power, max(rms) as shake, min(percent) as charge, avg(radio.rssi) as signal by site",
        "SELECT site, avg(watts) AS power, max(rms) AS shake, min(percent) AS charge, avg(rssi) AS signal FROM logs GROUP BY site",
        'logs.group_by("site").agg(power=c.watts.mean(), shake=c.rms.max(), charge=c.percent.min(), signal=c.rssi.mean())',
    ),
    Question(
        "busiest of 40,000 devices",
        "filter ispresent(device) | stats count(*) as n, max(@timestamp) as last by device | sort n desc, device asc | limit 20",
        "SELECT device, count(*) AS n, max(time) AS last FROM logs WHERE device IS NOT NULL GROUP BY device ORDER BY n DESC, device LIMIT 20",
        'logs.filter(c.device.is_not_null()).group_by("device").agg(n=pl.len(), last=c.time.max()).sort("n", "device", descending=[True, False]).head(20)',
        ordered=True,
    ),
    Question(
        "devices by site and hour",
        "stats count_distinct(device) as devices by site, bin(1h) as t",
        "SELECT site, time_bucket(INTERVAL 1 hour, time) AS t, count(DISTINCT device) AS devices FROM logs GROUP BY ALL",
        'logs.group_by("site", c.time.dt.truncate("1h").alias("t")).agg(devices=c.device.drop_nulls().n_unique())',
        "SELECT site, toStartOfHour(time) AS t, count(DISTINCT device) AS devices FROM logs GROUP BY site, t",
    ),
    Question(
        "distinct devices",
        "stats count_distinct(device) as n",
        "SELECT count(DISTINCT device) AS n FROM logs",
        "logs.select(n=c.device.drop_nulls().n_unique())",
    ),
    Question(
        "average of the mixed field",
        "stats avg(value) as mean, count(value) as n by kind",
        f"SELECT kind, avg({_NUMBER}) AS mean, count(value) AS n FROM logs GROUP BY kind",
        'logs.group_by("kind").agg(mean=c.value.cast(pl.Float64, strict=False).mean(), n=c.value.count())',
        f"SELECT kind, avg({_NUMBER_CH}) AS mean, count(value) AS n FROM logs GROUP BY kind",
    ),
    Question(
        "words in the mixed field",
        "filter ispresent(value) and not isNumeric(value) | stats count(*) as n by value, kind",
        f"SELECT value, kind, count(*) AS n FROM logs WHERE value IS NOT NULL AND {_NUMBER} IS NULL GROUP BY value, kind",
        'logs.filter(c.value.is_not_null(), c.value.cast(pl.Float64, strict=False).is_null()).group_by("value", "kind").agg(n=pl.len())',
        f"SELECT value, kind, count(*) AS n FROM logs WHERE value IS NOT NULL AND {_NUMBER_CH} IS NULL GROUP BY value, kind",
    ),
    Question(
        "filter of the mixed field",
        "filter isNumeric(value) and value > 25.5 | stats count(*) as n, max(temperature) as hot by kind",
        f"SELECT kind, count(*) AS n, max(temperature) AS hot FROM logs WHERE {_NUMBER} > 25.5 GROUP BY kind",
        'logs.filter(c.value.cast(pl.Float64, strict=False) > 25.5).group_by("kind").agg(n=pl.len(), hot=c.temperature.max())',
        f"SELECT kind, count(*) AS n, max(temperature) AS hot FROM logs WHERE {_NUMBER_CH} > 25.5 GROUP BY kind",
    ),
    Question(
        "a word of the mixed field",
        "filter value = 'OVERRANGE' | stats count(*) as n by site",
        "SELECT site, count(*) AS n FROM logs WHERE value = 'OVERRANGE' GROUP BY site",
        'logs.filter(c.value == "OVERRANGE").group_by("site").agg(n=pl.len())',
    ),
    Question(
        "first of a list",
        "filter ispresent(samples.0) | stats avg(samples.0) as first, max(samples.1) as second, count(samples.5) as long by axis",
        "SELECT axis, avg(samples[1]) AS first, max(samples[2]) AS second, count(samples[6]) AS long FROM logs WHERE samples[1] IS NOT NULL GROUP BY axis",
        'logs.filter(c.samples.list.len() > 0).group_by("axis").agg(first=c.samples.list.get(0).mean(), second=c.samples.list.get(1, null_on_oob=True).max(), long=c.samples.list.get(5, null_on_oob=True).count())',
        "SELECT axis, avg(samples[1]) AS first, max(samples[2]) AS second, countIf(length(samples) > 5) AS long FROM logs WHERE length(samples) > 0 GROUP BY axis",
    ),
    Question(
        "events by their first tag",
        "stats count(*) as n by tags.0 as tag",
        "SELECT tags[1] AS tag, count(*) AS n FROM logs GROUP BY tag",
        "logs.group_by(tag=c.tags.list.get(0, null_on_oob=True)).agg(n=pl.len())",
        "SELECT if(length(tags) > 0, tags[1], NULL) AS tag, count(*) AS n FROM logs GROUP BY tag",
    ),
    Question(
        "each tag, unnested",
        "filter kind = 'climate' | fields jsonParse(@message) as event | unnest event.tags into tag | filter ispresent(tag) | stats count(*) as n by tag",
        "SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM logs WHERE kind = 'climate') GROUP BY tag",
        'logs.filter(c.kind == "climate").select(tag="tags").explode("tag").drop_nulls().group_by("tag").agg(n=pl.len())',
        "SELECT tag, count(*) AS n FROM (SELECT arrayJoin(tags) AS tag FROM logs WHERE kind = 'climate') GROUP BY tag",
    ),
    Question(
        "non-ASCII text",
        "filter note like 'Fühler' or note like '온도' or site like /Zürich|東京/ | stats count(*) as n by site",
        "SELECT site, count(*) AS n FROM logs WHERE note LIKE '%Fühler%' OR note LIKE '%온도%' OR site LIKE '%Zürich%' OR site LIKE '%東京%' GROUP BY site",
        'logs.filter(c.note.str.contains_any(["Fühler", "온도"]) | c.site.str.contains_any(["Zürich", "東京"])).group_by("site").agg(n=pl.len())',
    ),
    Question(
        "non-ASCII, any case, in the message",
        "filter @message like /(?i)überlast|FÜHLER|GŁÓWNY/ | stats count(*) as n by kind",
        "SELECT kind, count(*) AS n FROM logs WHERE regexp_matches(line, '(?i)überlast|FÜHLER|GŁÓWNY') GROUP BY kind",
        'logs.filter(c.line.str.contains("(?i)überlast|FÜHLER|GŁÓWNY")).group_by("kind").agg(n=pl.len())',
        "SELECT kind, count(*) AS n FROM logs WHERE match(line, '(?i)überlast|FÜHLER|GŁÓWNY') GROUP BY kind",
    ),
    Question(
        "length and upper case of sites",
        "filter ispresent(site) | stats count(*) as n, max(strlen(site)) as letters by toupper(site) as place",
        "SELECT upper(site) AS place, count(*) AS n, max(length(site)) AS letters FROM logs WHERE site IS NOT NULL GROUP BY place",
        "logs.filter(c.site.is_not_null()).group_by(place=c.site.str.to_uppercase()).agg(n=pl.len(), letters=c.site.str.len_chars().max())",
        "SELECT upperUTF8(site) AS place, count(*) AS n, max(lengthUTF8(site)) AS letters FROM logs WHERE site IS NOT NULL GROUP BY place",
    ),
    Question(
        "lines that are no JSON",
        "filter not ispresent(device) | stats count(*) as n by substr(@message, 0, 5) as start",
        "SELECT substr(line, 1, 5) AS start, count(*) AS n FROM logs WHERE device IS NULL GROUP BY start",
        "logs.filter(c.device.is_null()).group_by(start=c.line.str.slice(0, 5)).agg(n=pl.len())",
        "SELECT substring(line, 1, 5) AS start, count(*) AS n FROM logs WHERE device IS NULL GROUP BY start",
    ),
    Question(
        "power of a phase",
        "filter electric.phase = 'L2' and electric.volts > 232 | stats avg(electric.watts) as mean, pct(electric.amps, 95) as p95 by fw",
        "SELECT fw, avg(watts) AS mean, quantile_disc(amps, 0.95) AS p95 FROM logs WHERE phase = 'L2' AND volts > 232 GROUP BY fw",
        'logs.filter(c.phase == "L2", c.volts > 232).group_by("fw").agg(mean=c.watts.mean(), p95=c.amps.quantile(0.95))',
        "SELECT fw, avg(watts) AS mean, quantileExact(0.95)(amps) AS p95 FROM logs WHERE phase = 'L2' AND volts > 232 GROUP BY fw",
        own_rank=(2,),
    ),
    Question(
        "volts times amps",
        "filter ispresent(electric.volts) | fields electric.volts * electric.amps - electric.watts as off | stats max(abs(off)) as most, count(*) as n by bin(30m) as t",
        "SELECT time_bucket(INTERVAL 30 minutes, time) AS t, max(abs(volts * amps - watts)) AS most, count(*) AS n FROM logs WHERE volts IS NOT NULL GROUP BY t",
        'logs.filter(c.volts.is_not_null()).group_by(t=c.time.dt.truncate("30m")).agg(most=(c.volts * c.amps - c.watts).abs().max(), n=pl.len())',
        "SELECT toStartOfInterval(time, INTERVAL 30 minute) AS t, max(abs(volts * amps - watts)) AS most, count(*) AS n FROM logs WHERE volts IS NOT NULL GROUP BY t",
    ),
    Question(
        "one device",
        "filter device = 'dev-007919' | stats count(*) as n, max(@timestamp) as last by kind",
        "SELECT kind, count(*) AS n, max(time) AS last FROM logs WHERE device = 'dev-007919' GROUP BY kind",
        'logs.filter(c.device == "dev-007919").group_by("kind").agg(n=pl.len(), last=c.time.max())',
    ),
    Question(
        "last kind of each device",
        "filter ispresent(device) | stats latest(kind) as last, max(@timestamp) as t by device | stats count(*) as devices by last",
        "SELECT last, count(*) AS devices FROM (SELECT arg_max(kind, time) AS last FROM logs WHERE device IS NOT NULL GROUP BY device) GROUP BY last",
        'logs.filter(c.device.is_not_null()).group_by("device").agg(last=c.kind.sort_by("time").last()).group_by("last").agg(devices=pl.len())',
        "SELECT last, count(*) AS devices FROM (SELECT argMax(kind, time) AS last FROM logs WHERE device IS NOT NULL GROUP BY device) GROUP BY last",
    ),
    Question(
        "doors that were forced, one hour",
        "filter door in ['forced', 'open'] and held_s > 300 | stats count(*) as n by badge",
        f"SELECT badge, count(*) AS n FROM logs WHERE door IN ('forced', 'open') AND held_s > 300 AND time >= make_timestamp_ms({_HOUR[0]}) AND time < make_timestamp_ms({_HOUR[1]}) GROUP BY badge",
        f'logs.filter(c.time.dt.epoch("ms").is_between({_HOUR[0]}, {_HOUR[1]}, closed="left"), c.door.is_in(["forced", "open"]), c.held_s > 300).group_by("badge").agg(n=pl.len())',
        f"SELECT badge, count(*) AS n FROM logs WHERE door IN ('forced', 'open') AND held_s > 300 AND time >= fromUnixTimestamp64Milli({_HOUR[0]}) AND time < fromUnixTimestamp64Milli({_HOUR[1]}) GROUP BY badge",
        window=_HOUR,
    ),
)
