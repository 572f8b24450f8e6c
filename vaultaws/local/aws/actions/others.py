"""CloudTrail, CloudFormation, CloudWatch Logs, SQS, DynamoDB, Lambda and ECS (service authorization
reference): operations with a resource of their own, found from one parameter.

What is not mapped, or names nothing, is asked on "*".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vaultaws.local.aws.actions.facts import Ask, Mapper, Need
from vaultaws.local.aws.actions.params import (
    Keys,
    mapping,
    mappings,
    merged,
    request_tags,
    resource_tags,
    texts,
)

_NO_LEADING_KEY: Final = "\0"
_PASSED: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "cloudformation": (("RoleARN",), "cloudformation.amazonaws.com"),
    "ecs": (("executionRoleArn", "taskRoleArn"), "ecs-tasks.amazonaws.com"),
    "lambda": (("Role",), "lambda.amazonaws.com"),
}

Locate = Callable[[Ask, str], str]


def _located(parameter: str, locate: Locate) -> Callable[[Ask], str]:
    def find(ask: Ask) -> str:
        value = ask.text(parameter)
        if not value:
            return "*"
        return value if value.startswith("arn:") else locate(ask, value)

    return find


def _on(prefix: str, find: Callable[[Ask], str], action: str = "") -> Mapper:
    def mapper(ask: Ask) -> tuple[Need, ...]:
        resource = find(ask)
        tags = ask.call.params.get("Tags") or ask.call.params.get("tags")
        keys = _leading_keys() if prefix == "dynamodb" else {}
        context = merged(resource_tags(ask, resource, prefix), request_tags(tags), keys)
        own = Need(f"{prefix}:{action or ask.call.operation}", resource, context)
        return (own, *_passed_role(ask, prefix))

    return mapper


def _leading_keys() -> Keys:
    """dynamodb:LeadingKeys is not told here. A text that no policy names stands for it, because
    ForAllValues would take a missing key for a match."""
    return {"dynamodb:leadingkeys": (_NO_LEADING_KEY,)}


def _passed_role(ask: Ask, prefix: str) -> tuple[Need, ...]:
    """Roles handed over with the call need iam:PassRole, each on itself."""
    parameters, service = _PASSED.get(prefix, ((), ""))
    context: Keys = {"iam:passedtoservice": (service,)}
    roles = (ask.text(parameter) for parameter in parameters)
    return tuple(Need("iam:PassRole", role, context) for role in roles if role)


def _each(prefix: str, parameter: str, find: Callable[[Ask, str], str]) -> Mapper:
    """One need for every name that is a key of the parameter's mapping."""

    def mapper(ask: Ask) -> tuple[Need, ...]:
        names = mapping(ask.call.params.get(parameter))
        needs = tuple(
            Need(f"{prefix}:{ask.call.operation}", find(ask, name), _leading_keys())
            for name in names
        )
        return needs or (Need(f"{prefix}:{ask.call.operation}"),)

    return mapper


def _trail(ask: Ask, name: str) -> str:
    return ask.arn("cloudtrail", f"trail/{name}")


def _stack(ask: Ask, name: str) -> str:
    return ask.arn("cloudformation", f"stack/{name}/*")


def _log_stream(ask: Ask) -> str:
    """AWS writes a group without a stream as `log-group:NAME:log-stream:`, with its colon."""
    group = ask.text("logGroupName") or ask.text("logGroupNamePrefix")
    stream = ask.text("logStreamName")
    return ask.arn("logs", f"log-group:{group}:log-stream:{stream}")


def _queue(ask: Ask) -> str:
    name = ask.text("QueueName") or ask.text("QueueUrl").rstrip("/").rpartition("/")[2]
    return ask.arn("sqs", name) if name else "*"


def _function(ask: Ask, name: str) -> str:
    """A qualifier (a version or alias) is a part of the ARN."""
    qualifier = ask.text("Qualifier")
    return ask.arn("lambda", f"function:{name}" + (f":{qualifier}" if qualifier else ""))


def _family(ask: Ask, name: str) -> str:
    return ask.arn("ecs", f"task-definition/{name}:*")


def _service(ask: Ask) -> str:
    """UpdateService names one service; DescribeServices may name several, which is asked on "*"."""
    cluster = ask.text("cluster") or "default"
    listed = texts(ask.call.params.get("services")) or texts(ask.call.params.get("service"))
    return ask.arn("ecs", f"service/{cluster}/{listed[0]}") if len(listed) == 1 else "*"


def _table(ask: Ask, name: str) -> str:
    return name if name.startswith("arn:") else ask.arn("dynamodb", f"table/{name}")


def _item(ask: Ask) -> str:
    name = ask.text("TableName")
    index = ask.text("IndexName")
    if not name:
        return "*"
    return _table(ask, name) + (f"/index/{index}" if index else "")


def _transaction(ask: Ask) -> tuple[Need, ...]:
    """A transaction needs the action of each of its parts."""
    actions = {
        "Get": "GetItem",
        "Put": "PutItem",
        "Update": "UpdateItem",
        "Delete": "DeleteItem",
        "ConditionCheck": "ConditionCheckItem",
    }
    parts = mappings(ask.call.params.get("TransactItems"))
    needs = tuple(
        Need(
            f"dynamodb:{actions[kind]}",
            _table(ask, str(mapping(body).get("TableName", ""))),
            _leading_keys(),
        )
        for part in parts
        for kind, body in part.items()
        if kind in actions and body
    )
    return needs or (Need(f"dynamodb:{ask.call.operation}"),)


def _mappers(prefix: str, find: Callable[[Ask], str], operations: str) -> dict[str, Mapper]:
    mapper = _on(prefix, find)
    return dict.fromkeys(operations.split(), mapper)


CLOUDTRAIL: Final = {
    **_mappers(
        "cloudtrail",
        _located("Name", _trail),
        "CreateTrail DeleteTrail GetTrail GetTrailStatus StartLogging StopLogging UpdateTrail",
    ),
    **_mappers(
        "cloudtrail",
        _located("TrailName", _trail),
        "GetEventSelectors GetInsightSelectors PutEventSelectors PutInsightSelectors",
    ),
}

CLOUDFORMATION: Final = _mappers(
    "cloudformation",
    _located("StackName", _stack),
    """CancelUpdateStack ContinueUpdateRollback CreateChangeSet CreateStack DeleteChangeSet
    DeleteStack DescribeChangeSet DescribeStackEvents DescribeStackResource
    DescribeStackResourceDrifts DescribeStackResources DescribeStacks DetectStackDrift
    DetectStackResourceDrift ExecuteChangeSet GetStackPolicy GetTemplate GetTemplateSummary
    ListChangeSets ListStackResources RollbackStack SetStackPolicy SignalResource UpdateStack
    UpdateTerminationProtection""",
)

LOGS: Final = _mappers(
    "logs",
    _log_stream,
    """AssociateKmsKey CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream
    DeleteMetricFilter DeleteRetentionPolicy DeleteSubscriptionFilter DescribeLogGroups
    DescribeLogStreams DescribeMetricFilters DescribeSubscriptionFilters DisassociateKmsKey
    FilterLogEvents GetLogEvents GetLogGroupFields ListTagsLogGroup PutLogEvents PutMetricFilter
    PutRetentionPolicy PutSubscriptionFilter TagLogGroup UntagLogGroup""",
)

SQS: Final = {
    **_mappers(
        "sqs",
        _queue,
        """AddPermission ChangeMessageVisibility CreateQueue DeleteMessage DeleteQueue
        GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues ListQueueTags PurgeQueue
        ReceiveMessage RemovePermission SendMessage SetQueueAttributes TagQueue UntagQueue""",
    ),
    "ChangeMessageVisibilityBatch": _on("sqs", _queue, "ChangeMessageVisibility"),
    "DeleteMessageBatch": _on("sqs", _queue, "DeleteMessage"),
    "SendMessageBatch": _on("sqs", _queue, "SendMessage"),
}

DYNAMODB: Final = {
    **_mappers(
        "dynamodb",
        _item,
        """CreateBackup CreateTable DeleteItem DeleteTable DescribeContinuousBackups DescribeTable
        DescribeTimeToLive GetItem PutItem Query Scan UpdateContinuousBackups UpdateItem
        UpdateTable UpdateTimeToLive""",
    ),
    **_mappers(
        "dynamodb",
        _located("ResourceArn", _table),
        "ListTagsOfResource TagResource UntagResource",
    ),
    "BatchGetItem": _each("dynamodb", "RequestItems", _table),
    "BatchWriteItem": _each("dynamodb", "RequestItems", _table),
    "TransactGetItems": _transaction,
    "TransactWriteItems": _transaction,
}

LAMBDA: Final = {
    **_mappers(
        "lambda",
        _located("FunctionName", _function),
        """AddPermission CreateAlias CreateFunction DeleteAlias DeleteFunction GetAlias GetFunction
        GetFunctionConfiguration GetPolicy ListAliases ListVersionsByFunction PublishVersion
        UpdateAlias UpdateFunctionCode UpdateFunctionConfiguration""",
    ),
    "Invoke": _on("lambda", _located("FunctionName", _function), "InvokeFunction"),
}

ECS: Final = {
    **_mappers("ecs", _service, "DeleteService DescribeServices UpdateService"),
    "RegisterTaskDefinition": _on("ecs", _located("family", _family)),
}
