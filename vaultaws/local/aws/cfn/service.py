"""CloudFormation's operations on stacks that are made with change sets (CloudFormation API
reference). What it does not know (stacks of CreateStack, other types of resources) is moto's."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.cfn.hands import Hands
from vaultaws.local.aws.cfn.kind import Place
from vaultaws.local.aws.cfn.run import Run
from vaultaws.local.aws.cfn.shapes import (
    described_change_set,
    described_event,
    described_stack,
    listed_resource,
    template_summary,
)
from vaultaws.local.aws.cfn.stacks import KINDS, STACK, ChangeSet, Stack, compare
from vaultaws.local.aws.cfn.template import Template, invalid, read, settled
from vaultaws.local.aws.hooks import ApiError, Clock, Handlers, NotMineError, WsgiApp
from vaultaws.local.aws.moto_door import LOCK

NO_CHANGES: Final = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)
_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,127}")
_NAMED: Final = ("UserName", "GroupName", "RoleName", "ManagedPolicyName")
_DEAD: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
_PAGE: Final = 100


class CloudFormation:
    """The stacks of one account. `gate` is told after it is built (`serve_through`)."""

    def __init__(self, account_id: str, clock: Clock) -> None:
        self._account_id = account_id
        self._clock = clock
        self._stacks: dict[str, Stack] = {}
        self._runs: list[threading.Thread] = []
        self._gate: WsgiApp | None = None

    def serve_through(self, gate: WsgiApp) -> None:
        """Make resources by calls through this gate."""
        self._gate = gate

    def close(self) -> None:
        """Wait for what is under way."""
        for run in self._runs:
            run.join()

    def handlers(self) -> Handlers:
        operations: Mapping[str, Callable[[Call, Caller], Mapping[str, Any]]] = {
            "CreateChangeSet": self._create,
            "DescribeChangeSet": self._describe,
            "ListChangeSets": self._list_sets,
            "DeleteChangeSet": self._delete_set,
            "ExecuteChangeSet": self._execute,
            "DescribeStacks": self._describe_stacks,
            "DescribeStackEvents": self._events,
            "ListStackResources": self._resources,
            "GetTemplate": self._template,
            "GetTemplateSummary": self._summary,
            "DeleteStack": self._delete_stack,
            "UpdateStack": self._not_by_update,
        }
        return {("cloudformation", name): handle for name, handle in operations.items()}

    def _create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        params = call.params
        name, fresh = str(params.get("StackName", "")), params.get("ChangeSetType") == "CREATE"
        stack = self._found(name, call.region)
        if params.get("UsePreviousTemplate") and stack is not None and stack.template is not None:
            template = stack.template
        else:
            template = read(str(params.get("TemplateBody") or ""))
        if not template.kinds <= KINDS.keys():
            raise NotMineError
        _check_names(name, str(params.get("ChangeSetName", "")))
        _check_stack(stack, name, fresh=fresh)
        _check_capabilities(template, params.get("Capabilities") or ())
        if stack is None:
            stack = self._new_stack(name, call)
        made = self._change_set(stack, template, call)
        if made.name in stack.change_sets:
            text = f"ChangeSet {made.name} cannot be created due to a mismatch with existing"
            raise ApiError("AlreadyExistsException", text, 400)
        self._stacks.setdefault(stack.id, stack)
        stack.change_sets[made.name] = made
        return {"Id": made.id, "StackId": stack.id}

    def _new_stack(self, name: str, call: Call) -> Stack:
        place = Place(self._account_id, call.region)
        tail = f"stack/{name}/{uuid.uuid4()}"
        stack_id = f"arn:aws:cloudformation:{call.region}:{self._account_id}:{tail}"
        stack = Stack(stack_id, name, place, call.time)
        stack.tell(call.time, name, "REVIEW_IN_PROGRESS", "User Initiated")
        return stack

    def _change_set(self, stack: Stack, template: Template, call: Call) -> ChangeSet:
        name = str(call.params["ChangeSetName"])
        values = settled(template, _given(call.params.get("Parameters") or (), stack))
        tail = f"changeSet/{name}/{uuid.uuid4()}"
        made = ChangeSet(
            f"arn:aws:cloudformation:{call.region}:{self._account_id}:{tail}",
            name,
            call.time,
            template,
            values,
            str(call.params.get("Description") or ""),
            compare(stack, template, values),
            capabilities=tuple(call.params.get("Capabilities") or ()),
        )
        if made.changes or stack.template is None or _others_changed(stack, made):
            return made
        return replace(made, status="FAILED", reason=NO_CHANGES, execution="UNAVAILABLE")

    def _describe(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        stack, found = self._set_of(call)
        return described_change_set(stack, found)

    def _list_sets(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        stack = self._known(call)
        listed = [described_change_set(stack, each) for each in stack.change_sets.values()]
        return {"Summaries": [{k: v for k, v in each.items() if k != "Changes"} for each in listed]}

    def _delete_set(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        try:
            stack, found = self._set_of(call)
        except ApiError:
            return {}  # AWS answers well for one that is gone
        if found.execution == "EXECUTE_IN_PROGRESS":
            raise _bad_status(found)
        del stack.change_sets[found.name]
        return {}

    def _execute(self, call: Call, caller: Caller) -> Mapping[str, Any]:
        stack, found = self._set_of(call)
        if found.status != "CREATE_COMPLETE" or found.execution != "AVAILABLE":
            raise _bad_status(found)
        if stack.busy:
            raise _busy(stack)
        found.execution = "EXECUTE_IN_PROGRESS"
        for other in stack.change_sets.values():
            if other is not found:
                other.execution = "OBSOLETE"
        fresh = stack.status == "REVIEW_IN_PROGRESS"
        stack.capabilities = found.capabilities
        if not fresh:
            stack.updated_at = call.time
        began = "CREATE_IN_PROGRESS" if fresh else "UPDATE_IN_PROGRESS"
        stack.tell(call.time, stack.name, began, "User Initiated")
        run = Run(stack, found, self._hands(call, caller), self._clock.now)
        self._start(run.carry_out, stack)
        return {}

    def _start(self, work: Callable[[], None], stack: Stack) -> None:
        def run() -> None:
            try:
                work()
            finally:
                with LOCK:
                    stack.change_sets.clear()
                    if stack.busy:
                        failed = stack.status.replace("IN_PROGRESS", "FAILED")
                        stack.tell(self._clock.now(), stack.name, failed, "Internal failure")

        thread = threading.Thread(target=run, daemon=True)
        self._runs = [each for each in self._runs if each.is_alive()]
        self._runs.append(thread)
        thread.start()

    def _hands(self, call: Call, caller: Caller) -> Hands:
        if self._gate is None:
            raise NotMineError
        return Hands(self._gate, caller, call.region)

    def _describe_stacks(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        if call.params.get("StackName"):
            return {"Stacks": [described_stack(self._known(call, ended=True))]}
        ours = [
            each
            for each in self._stacks.values()
            if each.place.region == call.region and each.status != "DELETE_COMPLETE"
        ]
        if not ours:
            raise NotMineError
        return {"Stacks": [described_stack(each) for each in ours]}

    def _events(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        stack = self._known(call, ended=True)
        newest = [described_event(stack, each) for each in reversed(stack.events)]
        start = int(str(call.params.get("NextToken") or "0"))
        more = {"NextToken": str(start + _PAGE)} if len(newest) > start + _PAGE else {}
        return {"StackEvents": newest[start : start + _PAGE], **more}

    def _resources(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        stack = self._known(call)
        made = list(stack.resources.items())
        return {"StackResourceSummaries": [listed_resource(stack, *each) for each in made]}

    def _template(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        stack = self._known(call)
        body = stack.template.body if stack.template is not None else ""
        return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}

    def _summary(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        if not call.params.get("TemplateBody"):
            raise NotMineError
        return template_summary(read(str(call.params["TemplateBody"])))

    def _delete_stack(self, call: Call, caller: Caller) -> Mapping[str, Any]:
        stack = self._known(call)
        if stack.busy:
            raise _busy(stack)
        stack.tell(call.time, stack.name, "DELETE_IN_PROGRESS", "User Initiated")
        nothing = ChangeSet("", "", call.time, stack.template or Template(""), stack.values)
        run = Run(stack, nothing, self._hands(call, caller), self._clock.now)
        self._start(run.delete, stack)
        return {}

    def _not_by_update(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        self._known(call)
        text = "The local AWS changes this stack by change sets only."
        raise ApiError("NotImplemented", text, 501)

    def _found(self, name: str, region: str) -> Stack | None:
        """The living stack of a name, or any of an id."""
        if name in self._stacks:
            return self._stacks[name]
        for stack in self._stacks.values():
            alive = stack.status != "DELETE_COMPLETE"
            if stack.name == name and stack.place.region == region and alive:
                return stack
        return None

    def _known(self, call: Call, *, ended: bool = False) -> Stack:
        found = self._found(str(call.params.get("StackName") or ""), call.region)
        if found is None or (found.status == "DELETE_COMPLETE" and not ended):
            raise NotMineError
        return found

    def _set_of(self, call: Call) -> tuple[Stack, ChangeSet]:
        wanted = str(call.params.get("ChangeSetName", ""))
        named = str(call.params.get("StackName") or "")
        stacks = [self._known(call)] if named else list(self._stacks.values())
        for stack in stacks:
            for found in stack.change_sets.values():
                if wanted in {found.name, found.id}:
                    return stack, found
        if not named:
            raise NotMineError
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{wanted}] does not exist", 404)


def _given(said: Any, stack: Stack) -> dict[str, str]:
    """The parameters' values, those of before where that is asked for."""
    values: dict[str, str] = {}
    for each in said:
        key = str(each["ParameterKey"])
        if not each.get("UsePreviousValue"):
            values[key] = str(each.get("ParameterValue", ""))
        elif key in stack.values:
            values[key] = stack.values[key]
        else:
            raise invalid(f"Invalid input for parameter key {key}. Cannot specify usePreviousValue")
    return values


def _others_changed(stack: Stack, made: ChangeSet) -> bool:
    """Outputs alone make a change set too, without a change of a resource."""
    return stack.template is not None and stack.template.outputs != made.template.outputs


def _check_names(stack: str, change_set: str) -> None:
    for field, name in (("stackName", stack), ("changeSetName", change_set)):
        if not _NAME.fullmatch(name) and not name.startswith("arn:"):
            raise invalid(
                f"1 validation error detected: Value '{name}' at '{field}' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern: "
                "[a-zA-Z][-a-zA-Z0-9]*"
            )


def _check_stack(stack: Stack | None, name: str, *, fresh: bool) -> None:
    if stack is None:
        if not fresh:
            raise invalid(f"Stack [{name}] does not exist")
        return
    if fresh and stack.status != "REVIEW_IN_PROGRESS":
        raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists", 400)
    if not fresh and (stack.status == "REVIEW_IN_PROGRESS" or stack.status in _DEAD):
        text = f"Stack:{stack.id} is in {stack.status} state and can not be updated."
        raise invalid(text)
    if stack.busy:
        raise _busy(stack)


def _check_capabilities(template: Template, given: Any) -> None:
    makers = [each for each in template.resources.values() if each.kind.startswith("AWS::IAM::")]
    named = any(name in each.properties for each in makers for name in _NAMED)
    enough = {"CAPABILITY_NAMED_IAM"} | (set() if named else {"CAPABILITY_IAM"})
    if makers and not enough & set(given):
        needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
        text = f"Requires capabilities : [{needed}]"
        raise ApiError("InsufficientCapabilitiesException", text, 400)


def _bad_status(found: ChangeSet) -> ApiError:
    text = (
        f"ChangeSet [{found.id}] cannot be executed in its current status of [{found.status}], "
        f"execution status [{found.execution}]"
    )
    return ApiError("InvalidChangeSetStatus", text, 400)


def _busy(stack: Stack) -> ApiError:
    return invalid(
        f"{STACK.rpartition('::')[2]}:{stack.id} is in {stack.status} state and can not be updated."
    )
