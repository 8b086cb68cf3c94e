"""What was read can be sent back, and only what is given is sent: filters of broadcasts, parts of subscribers."""

from __future__ import annotations

from typing import Any

import pytest

from kit_api.api.broadcasts import update_broadcast
from kit_api.models import SubscriberFilterDict, UpdateBroadcastRequestDict
from kit_client import AsyncKit, Kit, UnprocessableEntityError
from kit_mock import KitMock

pytestmark = [
    pytest.mark.kit_mock(seed={"tags": [{"id": 31, "name": "News"}]}),
    pytest.mark.usefixtures("behaviour"),
]

EVERYBODY = {"type": "all_subscribers"}
TAGGED: SubscriberFilterDict = {"type": "tag", "ids": [31]}


@pytest.fixture(params=["reference", "current"])
def behaviour(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    request.node.add_marker(pytest.mark.kit_mock(behaviour=found))
    return found


def sent(kit_mock: KitMock) -> Any:
    return kit_mock.requests[-1].request_body


def test_a_broadcast_to_everybody(kit: Kit, kit_mock: KitMock) -> None:
    broadcast = kit.broadcasts.create(subject="News")
    assert broadcast.to_dict()["subscriber_filter"] == [{"all": [EVERYBODY]}]
    for given in (broadcast.subscriber_filter, broadcast.to_dict()["subscriber_filter"]):
        # Left out, the filter would stay as it is now.
        kit.broadcasts.update(broadcast.id, subscriber_filter=[{"any": [TAGGED]}])
        updated = kit.broadcasts.update(broadcast.id, subscriber_filter=given)
        assert updated == broadcast
        assert sent(kit_mock) == '{"subscriber_filter":null}'
    copy = kit.broadcasts.create(subject="Copy", subscriber_filter=broadcast.subscriber_filter)
    assert copy.subscriber_filter == broadcast.subscriber_filter


@pytest.mark.anyio
async def test_the_same_to_await_and_by_the_generated_module(async_kit: AsyncKit, kit_mock: KitMock) -> None:
    kit_mock.broadcasts.add(subject="News")
    broadcast = await async_kit.broadcasts.get(1)
    for _ in range(2):
        await async_kit.broadcasts.update(1, subscriber_filter=[{"none": [TAGGED]}])
        assert await async_kit.broadcasts.update(1, subscriber_filter=broadcast.subscriber_filter) == broadcast
        body: UpdateBroadcastRequestDict = {"subscriber_filter": broadcast.subscriber_filter, "subject": "News"}
        assert (await update_broadcast.asyncio(1, client=async_kit, body=body)).broadcast == broadcast


@pytest.mark.parametrize(
    ("stored", "requested"),
    [
        ([{"all": [EVERYBODY, TAGGED]}], '[{"all":[{"type":"tag","ids":[31]}]}]'),
        ([{"any": [TAGGED, EVERYBODY]}], "null"),
        ([{"any": [EVERYBODY]}], "null"),
        ([{"none": [TAGGED]}], '[{"none":[{"type":"tag","ids":[31]}]}]'),
        ([{"any": [TAGGED]}], '[{"any":[{"type":"tag","ids":[31]}]}]'),
    ],
)
def test_what_is_sent_finds_the_same_people(kit: Kit, kit_mock: KitMock, stored: Any, requested: str) -> None:
    kit_mock.subscribers.add("ada@example.com", tags=["News"])
    kit_mock.subscribers.add("bob@example.com")
    kit_mock.broadcasts.add(subject="Old", content="Hello", send_at=kit_mock.clock.now(), subscriber_filter=stored)
    given = kit.broadcasts.get(1).subscriber_filter
    new = kit.broadcasts.create(subject="New", content="Hello", send_at=kit_mock.clock.now(), subscriber_filter=given)
    body = sent(kit_mock)
    assert f'"subscriber_filter":{requested}' in body
    recipients = [kit.broadcasts.get_stats(id_).stats.recipients for id_ in (1, new.id)]
    assert recipients[0] == recipients[1]


@pytest.mark.parametrize(
    ("given", "requested"),
    [
        ([{"all": [EVERYBODY], "any": None, "none": []}], "null"),
        ([{"all": [EVERYBODY]}, {"none": [TAGGED]}], '[{"none":[{"type":"tag","ids":[31]}]}]'),
        ([], "[]"),
        (None, "null"),
    ],
)
def test_other_ways_to_say_everybody(kit: Kit, kit_mock: KitMock, given: Any, requested: str) -> None:
    kit.broadcasts.create(subscriber_filter=given)
    assert sent(kit_mock) == f'{{"subscriber_filter":{requested}}}'


def test_a_filter_of_nobody_is_refused_before_it_is_sent(kit: Kit, kit_mock: KitMock) -> None:
    kit_mock.broadcasts.add(subject="News", subscriber_filter=[{"none": [EVERYBODY]}])
    given = kit.broadcasts.get(1).subscriber_filter
    with pytest.raises(ValueError, match=r"subscriber_filter\[0\]\.none: all subscribers can't be left out"):
        kit.broadcasts.update(1, subscriber_filter=given)
    assert len(kit_mock.requests) == 1


def test_a_part_of_a_subscriber_is_changed(kit: Kit, kit_mock: KitMock, behaviour: str) -> None:
    kit_mock.subscribers.add("ada@example.com")
    if behaviour == "reference":
        with pytest.raises(UnprocessableEntityError, match="Email address is invalid"):
            kit.subscribers.update(1, first_name="Ada")
    else:
        ada = kit.subscribers.update(1, first_name="Ada")
        assert (ada.first_name, ada.email_address) == ("Ada", "ada@example.com")
    assert sent(kit_mock) == '{"first_name":"Ada"}'
