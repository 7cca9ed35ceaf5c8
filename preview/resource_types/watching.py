"""Logs, alarms, events and notifications."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type="aws:cloudwatch/eventRule:EventRule",
        terraform="aws_cloudwatch_event_rule",
        replaces=names("name namePrefix eventBusName region"),
        updates=names(
            """
            description eventPattern forceDestroy isEnabled roleArn scheduleExpression state tags
            """
        ),
        billing="free",
    ),
    ResourceType(
        type="aws:cloudwatch/eventTarget:EventTarget",
        terraform="aws_cloudwatch_event_target",
        replaces=names("rule targetId eventBusName region"),
        updates=names(
            """
            appsyncTarget arn batchTarget deadLetterConfig ecsTarget forceDestroy httpTarget input inputPath
            inputTransformer kinesisTarget redshiftTarget retryPolicy roleArn runCommandTargets
            sagemakerPipelineTarget sqsTarget
            """
        ),
        billing="free",
    ),
    ResourceType(
        type=type_names.LOG_GROUP,
        terraform="aws_cloudwatch_log_group",
        replaces=names("name namePrefix logGroupClass region"),
        updates=names("deletionProtectionEnabled kmsKeyId retentionInDays skipDestroy tags"),
        holds="the logs kept so far",
        loss="logs",
        billing="priced",
    ),
    ResourceType(
        type="aws:cloudwatch/logMetricFilter:LogMetricFilter",
        terraform="aws_cloudwatch_log_metric_filter",
        replaces=names("name logGroupName region"),
        updates=names("applyOnTransformedLogs metricTransformation pattern"),
        billing="free",
    ),
    ResourceType(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        terraform="aws_cloudwatch_metric_alarm",
        replaces=names("name region"),
        updates=names(
            """
            actionsEnabled alarmActions alarmDescription comparisonOperator datapointsToAlarm dimensions
            evaluateLowSampleCountPercentiles evaluationCriteria evaluationInterval evaluationPeriods
            evaluationWindow extendedStatistic insufficientDataActions metricName metricQueries namespace
            okActions period statistic tags threshold thresholdMetricId treatMissingData unit
            warmUpConfiguration
            """
        ),
        sets=names("alarmActions insufficientDataActions okActions metricQueries"),
        billing="priced",
        renamed={"metricQueries": "metric_query", "name": "alarm_name"},
    ),
    ResourceType(
        type="aws:sns/topic:Topic",
        terraform="aws_sns_topic",
        replaces=names("name namePrefix fifoTopic region"),
        updates=names(
            """
            applicationFailureFeedbackRoleArn applicationSuccessFeedbackRoleArn
            applicationSuccessFeedbackSampleRate archivePolicy contentBasedDeduplication deliveryPolicy
            displayName fifoThroughputScope firehoseFailureFeedbackRoleArn firehoseSuccessFeedbackRoleArn
            firehoseSuccessFeedbackSampleRate httpFailureFeedbackRoleArn httpSuccessFeedbackRoleArn
            httpSuccessFeedbackSampleRate kmsMasterKeyId lambdaFailureFeedbackRoleArn
            lambdaSuccessFeedbackRoleArn lambdaSuccessFeedbackSampleRate maximumMessageSize policy
            signatureVersion sqsFailureFeedbackRoleArn sqsSuccessFeedbackRoleArn sqsSuccessFeedbackSampleRate
            tags tracingConfig
            """
        ),
        billing="free",
    ),
    ResourceType(
        type="aws:sns/topicPolicy:TopicPolicy",
        terraform="aws_sns_topic_policy",
        replaces=names("arn region"),
        updates=names("policy"),
        billing="free",
    ),
    ResourceType(
        type="aws:sns/topicSubscription:TopicSubscription",
        terraform="aws_sns_topic_subscription",
        replaces=names("topic protocol endpoint region"),
        updates=names(
            """
            confirmationTimeoutInMinutes deliveryPolicy endpointAutoConfirms filterPolicy filterPolicyScope
            rawMessageDelivery redrivePolicy replayPolicy subscriptionRoleArn
            """
        ),
        billing="priced",
        renamed={"topic": "topic_arn"},
    ),
)
