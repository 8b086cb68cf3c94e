"""A scripted service for the overlay's tests: answers in turn, time that passes only when slept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from kit_client import AsyncKit, Clock, Kit, RetryPolicy

TAG = {"id": 1, "name": "a", "created_at": "2024-02-29T12:30:00Z"}
ACCOUNT = {
    "user": {"email": "ada@example.com"},
    "account": {
        "id": 1,
        "name": "Ada",
        "plan_type": "creator",
        "primary_email_address": "ada@example.com",
        "created_at": "2024-02-29T12:30:00Z",
    },
}

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def tag_page(ids: list[int], end_cursor: str | None, more: bool, **pagination: Any) -> httpx.Response:
    tags = [{**TAG, "id": i, "name": f"tag {i}"} for i in ids]
    cursors = {"start_cursor": None, "end_cursor": end_cursor, "has_previous_page": False, "has_next_page": more}
    return httpx.Response(200, json={"tags": tags, "pagination": {**cursors, "per_page": 500, **pagination}})


class FakeClock(Clock):
    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class Service:
    """Gives its answers in turn, the last one for ever; keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.clock = FakeClock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        # The client masks the credentials once it has its answer.
        self.requests.append(
            httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                extensions=request.extensions,
            )
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def kit(self, **arguments: Any) -> Kit:
        return Kit(**self._arguments(arguments))

    def async_kit(self, **arguments: Any) -> AsyncKit:
        return AsyncKit(**self._arguments(arguments))

    def _arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if not arguments.keys() & {"api_key", "access_token", "auth"}:
            arguments["access_token"] = "test-token"
        arguments.setdefault("retry", RetryPolicy(random=lambda: 0.0))
        return {"transport": httpx.MockTransport(self), "clock": self.clock, **arguments}
