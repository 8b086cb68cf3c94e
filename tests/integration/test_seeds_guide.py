"""The page on seeds: the mock takes what it shows, and its table has every name that there is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit_client import Kit
from kit_mock import Clock, KitMock
from kit_mock.seeds.seed import RESOURCES

PAGE = (Path(__file__).parents[2] / "docs" / "seeds.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = {
    name: set(re.findall(r"`(\w+)`", names))
    for resources, names in re.findall(r"^\| (`.*?) \| (.*) \|$", PAGE, re.MULTILINE)
    for name in re.findall(r"`(\w+)`", resources)
}
# What stands within: the dates of memberships, the lines of a purchase, and by what a product is known.
WITHIN = {
    "sequences": {"type", "ids", "recipients", "opens", "clicks", "email_unsubscribes", "bounces", "complaints"},
    "subscribers": {"tagged_at", "added_at", "referrer"},
    "purchases": {"name", "pid", "lid", "quantity", "unit_price", "sku", "product_id"},
    "webhooks": {"pid"},
}


def test_the_example_is_an_account(tmp_path: Path) -> None:
    path = tmp_path / "weekly.yaml"
    path.write_text(BLOCKS[0], encoding="utf-8")
    clock = Clock(datetime(2023, 6, 1, tzinfo=UTC))
    with KitMock(seed=path, clock=clock) as mock, Kit(api_key="kit_weekly", transport=mock.transport) as kit:
        (ada,) = kit.tags.list_subscribers(31)
        assert (ada.email_address, ada.fields["last_name"]) == ("ada@example.com", "Lovelace")
        assert [person.email_address for person in kit.forms.list_subscribers(42)] == ["ada@example.com"]
        assert [person.email_address for person in kit.subscribers.list(status="cancelled")] == ["bob@example.com"]
        assert kit.broadcasts.get_stats(1).stats.recipients == 1
        (purchase,) = mock.purchases.all()
        assert (purchase["email_address"], purchase["total"]) == ("ada@example.com", 12.5)
        assert [webhook.target_url for webhook in kit.webhooks.list()] == ["http://127.0.0.1:8000/tagged"]


def test_several_accounts(tmp_path: Path) -> None:
    path = tmp_path / "several.yaml"
    path.write_text(BLOCKS[1], encoding="utf-8")
    with KitMock(seed=path) as mock:
        for api_key, name in (("kit_weekly", "Compiler Weekly"), ("kit_other", "Other Letters")):
            with Kit(api_key=api_key, transport=mock.transport) as kit:
                assert kit.account.get().account.name == name


@pytest.mark.parametrize("name", RESOURCES)
def test_the_table_has_every_name(name: str) -> None:
    assert ROWS[name] == {*RESOURCES[name].names, *WITHIN.get(name, ())}
