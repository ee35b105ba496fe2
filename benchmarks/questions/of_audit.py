"""Questions about audit records: nested JSON with 300 fields, of which an event has forty."""

from __future__ import annotations

from benchmarks.broad.question import Question
from benchmarks.data.log_set import DAY_MS, START_MS

_HOUR = (START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + DAY_MS // 24)
EVENT = "1234cb94-6bf9-4d76-8ca4-dfd991dd714b"

QUESTIONS = (
    Question(
        "newest 25 refused",
        "filter errorCode = 'AccessDenied' | fields @timestamp, userIdentity.arn, eventName | sort @timestamp desc | limit 25",
        "SELECT time, arn, eventName FROM logs WHERE errorCode = 'AccessDenied' ORDER BY time DESC LIMIT 25",
        'logs.filter(c.errorCode == "AccessDenied").select("time", "arn", "eventName").top_k(25, by="time").sort("time", descending=True)',
        ordered=True,
        compared=(0,),
    ),
    Question(
        "count by source and call",
        "stats count(*) as n by eventSource, eventName | sort n desc, eventName asc | limit 20",
        "SELECT eventSource, eventName, count(*) AS n FROM logs GROUP BY eventSource, eventName ORDER BY n DESC LIMIT 20",
        'logs.group_by("eventSource", "eventName").agg(n=pl.len()).sort("n", descending=True).head(20)',
        ordered=True,
        compared=(2,),
    ),
    Question(
        "calls of each user, of thousands",
        "filter ispresent(userIdentity.arn) | stats count(*) as n, count_distinct(eventName) as calls by userIdentity.arn as who | sort n desc, who asc | limit 20",
        "SELECT arn AS who, count(*) AS n, count(DISTINCT eventName) AS calls FROM logs WHERE arn IS NOT NULL GROUP BY who ORDER BY n DESC LIMIT 20",
        'logs.filter(c.arn.is_not_null()).group_by(who="arn").agg(n=pl.len(), calls=c.eventName.n_unique()).sort("n", descending=True).head(20)',
        ordered=True,
        compared=(1,),
    ),
    Question(
        "three keys",
        "stats count(*) as n by userIdentity.type as kind, awsRegion, recipientAccountId",
        "SELECT userType AS kind, awsRegion, recipientAccountId, count(*) AS n FROM logs GROUP BY ALL",
        'logs.group_by(c.userType.alias("kind"), "awsRegion", "recipientAccountId").agg(n=pl.len())',
        "SELECT userType AS kind, awsRegion, recipientAccountId, count(*) AS n FROM logs GROUP BY kind, awsRegion, recipientAccountId",
    ),
    Question(
        "errors by service and hour",
        "filter ispresent(errorCode) | stats count(*) as n by eventSource, errorCode, bin(1h) as t",
        "SELECT eventSource, errorCode, time_bucket(INTERVAL 1 hour, time) AS t, count(*) AS n FROM logs WHERE errorCode IS NOT NULL GROUP BY ALL",
        'logs.filter(c.errorCode.is_not_null()).group_by("eventSource", "errorCode", c.time.dt.truncate("1h").alias("t")).agg(n=pl.len())',
        "SELECT eventSource, errorCode, toStartOfHour(time) AS t, count(*) AS n FROM logs WHERE errorCode IS NOT NULL GROUP BY eventSource, errorCode, t",
    ),
    Question(
        "share of errors by source",
        "stats sum(if(ispresent(errorCode), 1, 0)) as failed, count(*) as n, sum(case(errorCode = 'AccessDenied', 1, 0)) as denied by eventSource",
        "SELECT eventSource, count(errorCode) AS failed, count(*) AS n, count(*) FILTER (errorCode = 'AccessDenied') AS denied FROM logs GROUP BY eventSource",
        'logs.group_by("eventSource").agg(failed=c.errorCode.count(), n=pl.len(), denied=(c.errorCode == "AccessDenied").sum())',
        "SELECT eventSource, count(errorCode) AS failed, count(*) AS n, countIf(errorCode = 'AccessDenied') AS denied FROM logs GROUP BY eventSource",
    ),
    Question(
        "objects of a bucket, of many",
        "filter eventName = 'GetObject' and ispresent(requestParameters.key) | stats count(*) as n, sum(additionalEventData.bytesTransferredOut) as total by requestParameters.key as key | sort n desc, key asc | limit 20",
        "SELECT request_key AS key, count(*) AS n, sum(bytesOut)::BIGINT AS total FROM logs WHERE eventName = 'GetObject' AND request_key IS NOT NULL GROUP BY key ORDER BY n DESC LIMIT 20",
        'logs.filter(c.eventName == "GetObject", c.request_key.is_not_null()).group_by(key="request_key").agg(n=pl.len(), total=c.bytesOut.sum()).sort("n", descending=True).head(20)',
        "SELECT request_key AS key, count(*) AS n, sum(bytesOut) AS total FROM logs WHERE eventName = 'GetObject' AND request_key IS NOT NULL GROUP BY key ORDER BY n DESC LIMIT 20",
        ordered=True,
        compared=(1,),
    ),
    Question(
        "fields of rare services",
        "stats count(requestParameters.webAclName) as acls, count(requestParameters.hostedZoneId) as zones, count(responseElements.queueStatus) as queues, max(requestParameters.evaluationPeriods) as periods by awsRegion",
        "SELECT awsRegion, count(request_webAclName) AS acls, count(request_hostedZoneId) AS zones, count(response_queueStatus) AS queues, max(request_evaluationPeriods) AS periods FROM logs GROUP BY awsRegion",
        'logs.group_by("awsRegion").agg(acls=c.request_webAclName.count(), zones=c.request_hostedZoneId.count(), queues=c.response_queueStatus.count(), periods=c.request_evaluationPeriods.max())',
    ),
    Question(
        "types of instances",
        "filter eventName = 'RunInstances' and requestParameters.minCount > 10 | stats count(*) as n, avg(requestParameters.maxCount) as most by requestParameters.instanceType as type",
        "SELECT request_instanceType AS type, count(*) AS n, avg(request_maxCount) AS most FROM logs WHERE eventName = 'RunInstances' AND request_minCount > 10 GROUP BY type",
        'logs.filter(c.eventName == "RunInstances", c.request_minCount > 10).group_by(type="request_instanceType").agg(n=pl.len(), most=c.request_maxCount.mean())',
    ),
    Question(
        "not read-only",
        "filter readOnly = 0 and userIdentity.type != 'AWSService' | stats count(*) as n by eventName | sort n desc, eventName asc | limit 10",
        "SELECT eventName, count(*) AS n FROM logs WHERE NOT readOnly AND userType != 'AWSService' GROUP BY eventName ORDER BY n DESC LIMIT 10",
        'logs.filter(~c.readOnly, c.userType != "AWSService").group_by("eventName").agg(n=pl.len()).sort("n", descending=True).head(10)',
        ordered=True,
        compared=(1,),
    ),
    Question(
        "who assumes which role",
        r"filter eventName = 'AssumeRole' | parse userIdentity.arn /assumed-role\/(?<role>[^\/]+)\/(?<person>.+)$/ | filter ispresent(role) | stats count(*) as n, count_distinct(person) as people by role",
        "SELECT role, count(*) AS n, count(DISTINCT person) AS people FROM (SELECT unnest(regexp_extract(arn, 'assumed-role/([^/]+)/(.+)$', ['role', 'person'])) FROM logs WHERE eventName = 'AssumeRole') WHERE role != '' GROUP BY role",
        'logs.filter(c.eventName == "AssumeRole").select(m=c.arn.str.extract_groups("assumed-role/(?<role>[^/]+)/(?<person>.+)$")).unnest("m").filter(c.role.is_not_null()).group_by("role").agg(n=pl.len(), people=c.person.n_unique())',
        "SELECT g[1] AS role, count(*) AS n, count(DISTINCT g[2]) AS people FROM (SELECT extractGroups(assumeNotNull(arn), 'assumed-role/([^/]+)/(.+)$') AS g FROM logs WHERE eventName = 'AssumeRole' AND arn IS NOT NULL) WHERE notEmpty(g) GROUP BY role",
    ),
    Question(
        "role by glob",
        "parse userIdentity.arn 'arn:aws:sts::*:assumed-role/*/*' as account, role, person | filter ispresent(person) | stats count(*) as n by account, role | stats count(*) as roles, max(n) as most by account",
        "SELECT account, count(*) AS roles, max(n) AS most FROM (SELECT account, role, count(*) AS n FROM (SELECT unnest(regexp_extract(arn, 'arn:aws:sts::(.*?):assumed-role/(.*?)/(.*)$', ['account', 'role', 'person'])) FROM logs) WHERE person != '' GROUP BY account, role) GROUP BY account",
        'logs.select(m=c.arn.str.extract_groups("arn:aws:sts::(?<account>.*?):assumed-role/(?<role>.*?)/(?<person>.*)$")).unnest("m").filter(c.person.is_not_null()).group_by("account", "role").agg(n=pl.len()).group_by("account").agg(roles=pl.len(), most=c.n.max())',
        "SELECT account, count(*) AS roles, max(n) AS most FROM (SELECT g[1] AS account, g[2] AS role, count(*) AS n FROM (SELECT extractGroups(assumeNotNull(arn), 'arn:aws:sts::(.*?):assumed-role/(.*?)/(.*)$') AS g FROM logs WHERE arn IS NOT NULL) WHERE notEmpty(g) GROUP BY account, role) GROUP BY account",
    ),
    Question(
        "callers outside of a network",
        "filter isValidIpV4(sourceIPAddress) and not isIpv4InSubnet(sourceIPAddress, '10.0.0.0/14') | stats count(*) as n, count_distinct(sourceIPAddress) as addresses by userIdentity.type as kind",
        r"SELECT userType AS kind, count(*) AS n, count(DISTINCT sourceIPAddress) AS addresses FROM logs WHERE regexp_matches(sourceIPAddress, '^[0-9.]+$') AND NOT regexp_matches(sourceIPAddress, '^10\.[0-3]\.') GROUP BY kind",
        r'logs.filter(c.sourceIPAddress.str.contains("^[0-9.]+$"), ~c.sourceIPAddress.str.contains(r"^10\.[0-3]\.")).group_by(kind="userType").agg(n=pl.len(), addresses=c.sourceIPAddress.n_unique())',
        "SELECT userType AS kind, count(*) AS n, count(DISTINCT sourceIPAddress) AS addresses FROM logs WHERE isIPv4String(assumeNotNull(sourceIPAddress)) AND NOT isIPAddressInRange(if(isIPv4String(assumeNotNull(sourceIPAddress)), assumeNotNull(sourceIPAddress), '10.0.0.0'), '10.0.0.0/14') GROUP BY kind",
    ),
    Question(
        "tools by first word of the agent",
        "parse userAgent /^(?<tool>[^\\/ ]+)/ | stats count(*) as n, count_distinct(userIdentity.accessKeyId) as keys by tool",
        "SELECT regexp_extract(userAgent, '^([^/ ]+)', 1) AS tool, count(*) AS n, count(DISTINCT accessKeyId) AS keys FROM logs GROUP BY tool",
        'logs.group_by(tool=c.userAgent.str.extract("^([^/ ]+)")).agg(n=pl.len(), keys=c.accessKeyId.drop_nulls().n_unique())',
        "SELECT extract(userAgent, '^([^/ ]+)') AS tool, count(*) AS n, count(DISTINCT accessKeyId) AS keys FROM logs GROUP BY tool",
    ),
    Question(
        "phrase in the raw record",
        "filter @message like 'explicit deny' | stats count(*) as n by eventSource",
        "SELECT eventSource, count(*) AS n FROM logs WHERE contains(line, 'explicit deny') GROUP BY eventSource",
        'logs.filter(c.line.str.contains("explicit deny", literal=True)).group_by("eventSource").agg(n=pl.len())',
        "SELECT eventSource, count(*) AS n FROM logs WHERE line LIKE '%explicit deny%' GROUP BY eventSource",
    ),
    Question(
        "an event by its id",
        f"filter eventID = '{EVENT}' | fields @timestamp, eventName, @message",
        f"SELECT time, eventName, line FROM logs WHERE eventID = '{EVENT}'",
        f'logs.filter(c.eventID == "{EVENT}").select("time", "eventName", "line")',
        edited=f"filter eventID = '{EVENT}' | fields @timestamp, eventSource, @message",
    ),
    Question(
        "old TLS, one hour",
        "filter tlsDetails.tlsVersion = 'TLSv1.2' | stats count(*) as n by eventSource, userIdentity.type as kind",
        f"SELECT eventSource, userType AS kind, count(*) AS n FROM logs WHERE tlsVersion = 'TLSv1.2' AND time >= make_timestamp_ms({_HOUR[0]}) AND time < make_timestamp_ms({_HOUR[1]}) GROUP BY ALL",
        f'logs.filter(c.time.dt.epoch("ms").is_between({_HOUR[0]}, {_HOUR[1]}, closed="left"), c.tlsVersion == "TLSv1.2").group_by("eventSource", "userType").agg(n=pl.len())',
        f"SELECT eventSource, userType AS kind, count(*) AS n FROM logs WHERE tlsVersion = 'TLSv1.2' AND time >= fromUnixTimestamp64Milli({_HOUR[0]}) AND time < fromUnixTimestamp64Milli({_HOUR[1]}) GROUP BY eventSource, kind",
        window=_HOUR,
    ),
    Question(
        "first and last call of each user",
        "filter ispresent(userIdentity.userName) | stats min(@timestamp) as first, max(@timestamp) as last, latest(awsRegion) as region by userIdentity.userName as who | sort last desc, who asc | limit 100",
        "SELECT userName AS who, min(time) AS first, max(time) AS last, arg_max(awsRegion, time) AS region FROM logs WHERE userName IS NOT NULL GROUP BY who ORDER BY last DESC, who LIMIT 100",
        'logs.filter(c.userName.is_not_null()).group_by(who="userName").agg(first=c.time.min(), last=c.time.max(), region=c.awsRegion.sort_by("time").last()).sort("last", "who", descending=[True, False]).head(100)',
        "SELECT userName AS who, min(time) AS first, max(time) AS last, argMax(awsRegion, time) AS region FROM logs WHERE userName IS NOT NULL GROUP BY who ORDER BY last DESC, who LIMIT 100",
        ordered=True,
        compared=(0, 1, 2),
    ),
)
