"""The step around `answering` that lets a fault happen which was injected on purpose."""

from __future__ import annotations

import math

from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply
from kit_mock.service.authentication import Credentials
from kit_mock.service.faults import replies
from kit_mock.service.faults.active import NOTHING, Faults, Matched
from kit_mock.service.faults.fault import Fault
from kit_mock.service.pipeline.answering import Answering, Outcome, failure
from kit_mock.service.pipeline.arrival import Arrival
from kit_mock.service.pipeline.reading import Body
from kit_mock.service.pipeline.routing import Routed


class Faulting:
    """Answers requests, with what goes wrong on purpose."""

    def __init__(self, faults: Faults, credentials: Credentials, answering: Answering) -> None:
        self._faults = faults
        self._credentials = credentials
        self._answering = answering

    def match(self, arrival: Arrival, routed: Routed | Refusal) -> Matched:
        """Find out what happens to a request. Each fault that does has happened once more."""
        if not len(self._faults):
            return NOTHING
        path = arrival.request.path
        if isinstance(routed, Refusal):
            return self._faults.match(arrival.method, path, None, is_list=False)
        return self._faults.match(arrival.method, path, routed.operation.id, is_list=routed.operation.is_list)

    def answer(
        self, matched: Matched, arrival: Arrival, routed: Routed | Refusal, body: Body | Refusal | None
    ) -> Outcome:
        """Answer a request to which something happens, or nothing. Never raises.

        A request that never takes effect isn't counted by the rate limit.
        """
        fault = matched.fault
        if fault is not None and fault.prevents_effect:
            return Outcome(self._instead(fault, arrival, routed))
        outcome = self._answering.answer(arrival, routed, body, math.ceil(matched.lag))
        if fault is None or not fault.answers or outcome.has_failed:
            return outcome
        return Outcome(self._reply(fault, arrival, routed), outcome.caller, outcome.query)

    def _instead(self, fault: Fault, arrival: Arrival, routed: Routed | Refusal) -> Reply:
        if fault.reset == "before":
            return Reply(0)
        if not fault.revoke_token:
            return self._reply(fault, arrival, routed)
        try:
            self._credentials.revoke(arrival.request)
        except Exception as error:  # noqa: BLE001  (whatever it is, a traceback is no answer to a request)
            return failure(error, arrival)
        return replies.refusal(401, _id(routed), self._credentials.invalid(arrival.request)).reply()

    def _reply(self, fault: Fault, arrival: Arrival, routed: Routed | Refusal) -> Reply:
        return replies.reply(fault, _id(routed), self._credentials.invalid(arrival.request))


def _id(routed: Routed | Refusal) -> str | None:
    return None if isinstance(routed, Refusal) else routed.operation.id
