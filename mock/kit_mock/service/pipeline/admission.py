"""Admission of a request: its rate limit, its size and its credentials."""

from __future__ import annotations

from msgspec import Struct

from kit_mock.endpoints.handlers import Implementation
from kit_mock.model.account import Account
from kit_mock.protocol import bodies
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Request
from kit_mock.service.authentication import Caller, Credentials
from kit_mock.service.pipeline.routing import Routed
from kit_mock.service.rate_limit import Limits, TooManyRequests
from kit_mock.state.store import Store


class Admitted(Struct, frozen=True):
    """A request within the rate limit, for an operation that the mock implements."""

    routed: Routed
    implementation: Implementation
    caller: Caller
    """The sender, whose credential need not be valid for the operation."""


class Admission:
    """Counts requests, and checks their size and credentials."""

    def __init__(self, store: Store, credentials: Credentials, limits: Limits, max_body_bytes: int) -> None:
        self._store = store
        self._credentials = credentials
        self._limits = limits
        self._max_body_bytes = max_body_bytes

    def admit(self, routed: Routed | Refusal, caller: Caller, moment: float) -> Admitted:
        """Count a request against the rate limit of its caller, at a moment in seconds since 1970.

        Raises Refusal: 404 or 405 for an unknown path or method, also beyond the limit; 429; 501 for an operation that the
        mock doesn't implement.
        """
        is_admitted = self._limits.admit(caller, moment)
        if isinstance(routed, Refusal):
            raise routed
        if not is_admitted:
            raise TooManyRequests
        if routed.implementation is None:
            raise Refusal(501, (f"{routed.operation.id} is not implemented by this mock yet",))
        return Admitted(routed, routed.implementation, caller)

    def account(self, request: Request, admitted: Admitted, now: int) -> Account:
        """Return the account that a request is about, with id 0 for an operation without credentials.

        Raises Refusal: 413 for a body that is too large, 401 for credentials that aren't valid for the operation.
        """
        bodies.check_size(request, self.largest_body(admitted.implementation))
        account_id = self._credentials.account(admitted.routed.operation, admitted.caller)
        return Account.of(self._store, account_id, now)

    def largest_body(self, implementation: Implementation) -> int:
        """Return the largest size in bytes that the body of a request to an operation may have."""
        return min(self._max_body_bytes, implementation.reading.largest_body or self._max_body_bytes)
