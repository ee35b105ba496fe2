"""The services of the audit records: how frequent they are, their calls and their own fields."""

from __future__ import annotations

# Of each service: its share, the calls from frequent to rare, and its own request and response
# fields. A field's name tells what its values are; see `_values`.
SERVICES: dict[str, tuple[float, str, str, str]] = {
    "s3": (0.26, "GetObject PutObject HeadObject ListObjectsV2 DeleteObject GetBucketAcl",
           "bucketName key prefix maxKeys versionId Host storageClass acl partNumber uploadId encodingType",
           "serverSideEncryption expirationDate requestCharged copySourceVersionId"),
    "sts": (0.16, "AssumeRole GetCallerIdentity AssumeRoleWithWebIdentity GetSessionToken",
            "roleArn roleSessionName durationSeconds externalId policyArn providerId sourceIdentity transitive",
            "assumedRoleId assumedRoleArn accessKeyId expiration packedPolicySize subjectFromToken audience"),
    "kms": (0.11, "Decrypt GenerateDataKey Encrypt DescribeKey",
            "keyId encryptionAlgorithm keySpec encryptionContextArn grantId recipient marker dryRun",
            "resultKeyId ciphertextSize keyState origin"),
    "ec2": (0.12, "DescribeInstances DescribeVolumes RunInstances DescribeNetworkInterfaces TerminateInstances CreateTags",
            ("instanceId instanceType imageId subnetId vpcId groupId volumeId keyName minCount maxCount "
            "ebsOptimized monitoring tenancy availabilityZone filterName filterValue nextToken clientToken maxResults"),
            ("reservationId ownerId instanceState privateDnsName privateIpAddress architecture launchTime "
            "hypervisor rootDeviceType volumeSize")),
    "dynamodb": (0.07, "DescribeTable GetItem UpdateTable CreateTable",
                 "tableName indexName consistentRead returnConsumedCapacity readCapacityUnits writeCapacityUnits billingMode",
                 "tableStatus itemCount tableSizeBytes tableId creationDateTime"),
    "lambda": (0.06, "Invoke20150331 GetFunction20150331v2 UpdateFunctionCode20150331v2 ListFunctions20150331",
               "functionName qualifier runtime memorySize timeout handler publish layerArn architecture",
               "codeSize codeSha256 lastModified state revisionId packageType"),
    "logs": (0.05, "PutLogEvents CreateLogStream DescribeLogGroups FilterLogEvents StartQuery",
             "logGroupName logStreamName logGroupNamePrefix retentionInDays queryLimit startFromHead filterPattern interleaved",
             "queryId searchedStreams"),
    "iam": (0.04, "GetRole ListAttachedRolePolicies GetUser CreateAccessKey AttachRolePolicy PutRolePolicy",
            "roleName userName policyName policyDocument path permissionsBoundary maxSessionDuration serialNumber",
            "roleId userId createDate status isTruncated description"),
    "ssm": (0.04, "GetParameter GetParametersByPath SendCommand UpdateInstanceInformation",
            "parameterName withDecryption recursive documentName documentVersion agentVersion platformType platformName computerName",
            "commandId requestedDateTime targetCount completedCount errorCount"),
    "ecs": (0.025, "DescribeTasks RunTask UpdateService RegisterTaskDefinition",
            "cluster service taskDefinition desiredCount launchType platformVersion networkMode cpu memory executionRoleArn family",
            "taskArn lastStatus pendingCount runningCount deploymentId rolloutState"),
    "eks": (0.015, "DescribeCluster ListClusters UpdateNodegroupConfig",
            "clusterName nodegroupName addonName kubernetesVersion minSize maxSize desiredSize amiType",
            "clusterStatus endpoint platformVersion updateId"),
    "rds": (0.012, "DescribeDBInstances CreateDBSnapshot ModifyDBInstance",
            "dBInstanceIdentifier dBSnapshotIdentifier dBInstanceClass engine engineVersion allocatedStorage multiAZ applyImmediately",
            "dBInstanceStatus masterUsername endpointPort storageType iops backupRetentionPeriod"),
    "secretsmanager": (0.012, "GetSecretValue DescribeSecret RotateSecret",
                       "secretId versionStage secretVersionId forceOverwriteReplicaSecret recoveryWindowInDays",
                       "secretArn rotationEnabled nextRotationDate"),
    "cloudformation": (0.01, "DescribeStacks CreateChangeSet ExecuteChangeSet",
                       "stackName changeSetName changeSetType templateURL usePreviousTemplate disableRollback onFailure",
                       "stackId changeSetId stackStatus"),
    "elasticloadbalancing": (0.01, "DescribeTargetHealth RegisterTargets ModifyListener",
                             "targetGroupArn loadBalancerArn listenerArn port protocol sslPolicy pageSize",
                             "loadBalancerState scheme ipAddressType"),
    "signin": (0.008, "ConsoleLogin", "", "consoleLogin"),
    "cloudwatch": (0.008, "PutMetricAlarm DescribeAlarms GetMetricData",
                   "alarmName metricName namespace statistic period evaluationPeriods threshold comparisonOperator treatMissingData",
                   "alarmState alarmCount"),
    "sns": (0.005, "Publish CreateTopic Subscribe", "topicArn subject messageStructure targetArn endpointType",
            "messageId subscriptionArn sequenceNumber"),
    "sqs": (0.005, "CreateQueue GetQueueAttributes PurgeQueue",
            "queueName queueUrl visibilityTimeout delaySeconds messageRetentionPeriod fifoQueue", "queueStatus"),
    "route53": (0.003, "ChangeResourceRecordSets ListHostedZones",
                "hostedZoneId changeAction recordName recordType ttl weight setIdentifier", "changeId changeStatus"),
    "wafv2": (0.002, "GetWebACL UpdateWebACL",
              "webAclName webAclScope lockToken capacity ruleCount defaultAction", "nextLockToken webAclArn"),
}  # fmt: skip

# What the values of a field are, by its name, or by how its name ends.
FLAGS = (
    "dryRun ebsOptimized monitoring consistentRead publish startFromHead interleaved withDecryption recursive "
    "multiAZ applyImmediately forceOverwriteReplicaSecret rotationEnabled usePreviousTemplate disableRollback "
    "fifoQueue isTruncated transitive"
).split()
NUMBERS = (
    "Count Size Seconds Units InDays Port Results Limit Keys Timeout Period Duration Storage Bytes Version1 "
    "period threshold iops port ttl weight capacity timeout cpu memory partNumber searchedStreams evaluationPeriods"
).split()

# Fields with a few values, frequent to rare; of other fields the values are numbered words.
VALUES = {
    name: values.split()
    for name, values in {
        "instanceType": "t3.micro m6i.large c7g.xlarge r6g.2xlarge t4g.small m7i.4xlarge p4d.24xlarge",
        "availabilityZone": "eu-west-1a eu-west-1b eu-west-1c us-east-1a",
        "runtime": "python3.12 nodejs20.x java21 provided.al2023 ruby3.3",
        "architecture": "x86_64 arm64",
        "tenancy": "default dedicated",
        "storageClass": "STANDARD STANDARD_IA GLACIER_IR DEEP_ARCHIVE",
        "acl": "private bucket-owner-full-control public-read",
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256",
        "keySpec": "AES_256 AES_128",
        "keyState": "Enabled PendingDeletion Disabled",
        "serverSideEncryption": "AES256 aws:kms aws:kms:dsse",
        "billingMode": "PAY_PER_REQUEST PROVISIONED",
        "tableStatus": "ACTIVE UPDATING CREATING",
        "launchType": "FARGATE EC2",
        "networkMode": "awsvpc bridge host",
        "lastStatus": "RUNNING PENDING STOPPED",
        "rolloutState": "COMPLETED IN_PROGRESS FAILED",
        "instanceState": "running pending stopped terminated",
        "hypervisor": "nitro xen",
        "rootDeviceType": "ebs instance-store",
        "engine": "postgres aurora-postgresql mysql mariadb",
        "engineVersion": "16.3 15.7 8.0.36",
        "dBInstanceStatus": "available modifying backing-up",
        "platformType": "Linux Windows",
        "encodingType": "url",
        "versionStage": "AWSCURRENT AWSPREVIOUS AWSPENDING",
        "stackStatus": "CREATE_COMPLETE UPDATE_COMPLETE ROLLBACK_COMPLETE",
        "protocol": "HTTPS HTTP TLS",
        "consoleLogin": "Success Failure",
        "state": "Active Pending Inactive",
        "statistic": "Average Sum Maximum SampleCount",
        "comparisonOperator": "GreaterThanThreshold LessThanThreshold",
        "recordType": "A CNAME AAAA TXT",
        "changeAction": "UPSERT CREATE DELETE",
        "cluster": "shop-prod shop-staging data-prod ml",
        "bucketName": "shop-exports shop-images shop-logs-eu data-lake-raw data-lake-curated ml-features backup-rds",
    }.items()
}
