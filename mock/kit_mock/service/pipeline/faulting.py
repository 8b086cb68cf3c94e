"""Injection of faults around `answering`."""

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
from kit_mock.service.pipeline.routing import Routed, operation_id


class Faulting:
    """Answers requests with the faults that were injected."""

    def __init__(self, faults: Faults, credentials: Credentials, answering: Answering) -> None:
        self._faults = faults
        self._credentials = credentials
        self._answering = answering

    def match(self, arrival: Arrival, routed: Routed | Refusal) -> Matched:
        """Return the faults that happen to a request, and count them."""
        if not len(self._faults):
            return NOTHING
        is_list = isinstance(routed, Routed) and routed.operation.is_list
        return self._faults.match(arrival.method, arrival.request.path, operation_id(routed), is_list=is_list)

    def answer(
        self, matched: Matched, arrival: Arrival, routed: Routed | Refusal, body: Body | Refusal | None
    ) -> Outcome:
        """Answer a request with the faults that happen to it. Never raises.

        The rate limit doesn't count a request that a fault keeps from taking effect.
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
        except Exception as error:  # noqa: BLE001  (any failure of the mock must become an answer)
            return failure(error, arrival)
        return replies.refusal(401, operation_id(routed), self._credentials.invalid(arrival.request)).reply()

    def _reply(self, fault: Fault, arrival: Arrival, routed: Routed | Refusal) -> Reply:
        return replies.reply(fault, operation_id(routed), self._credentials.invalid(arrival.request))
