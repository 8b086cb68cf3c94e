"""Execution of an operation by its handler."""

from __future__ import annotations

from msgspec.structs import replace

from kit_mock.endpoints.handlers import Call
from kit_mock.protocol.messages import Reply
from kit_mock.service.pipeline.admission import Admitted
from kit_mock.state.store import Store


def execute(admitted: Admitted, call: Call, store: Store) -> Reply:
    """Carry out an operation and return its reply, without the fields that the document leaves out.

    Raises Refusal if the handler refuses the request; the state is then unchanged.
    """
    operation = admitted.routed.operation
    with store.reading() if operation.reads_only else store.transaction():
        reply = admitted.implementation.handle(call)
    return replace(reply, payload=operation.pruned(reply.status, reply.payload)) if operation.pruning else reply
