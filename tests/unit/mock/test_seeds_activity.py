"""Broadcasts, purchases, and the clients and tokens of OAuth in seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.model import oauth_clients
from tests.unit.mock.conftest import START, client

NOW = int(START.timestamp())
DAY = 86_400
SEED = """
tags: [{id: 31, name: Newsletter}]
segments: [{id: 51, name: Readers}]
subscribers:
  - {id: 1, email_address: ada@example.com, tags: [Newsletter]}
  - {id: 2, email_address: bob@example.com, tags: [Newsletter], segments: [Readers]}
  - {id: 3, email_address: cy@example.com, state: cancelled, tags: [Newsletter]}
broadcasts:
  - {id: 90, subject: Draft, created_at: 2023-01-01}
  - subject: Scheduled
    content: <p>Soon</p>
    send_at: 2023-02-18T11:43:55Z
    email_template: classic
    subscriber_filter: [{none: [{type: segment, ids: [51]}]}]
  - subject: Sent
    content: <p>Done</p>
    send_at: 2023-02-16T11:43:55Z
    public: true
    subscriber_filter: [{all: [{type: tag, ids: [newsletter]}]}]
    opens: 1
  - {subject: Big, content: x, send_at: 2023-02-01, published_at: 2023-01-31, recipients: 1000, clicks: 7}
purchases:
  - id: 7
    transaction_id: order-1
    email_address: ADA@example.com
    currency: usd
    transaction_time: 2022-05-06
    tax: 1.5
    products:
      - {name: Book, pid: book, lid: a, quantity: 2, unit_price: 9.5, sku: B-1}
      - {name: Book again, pid: book, lid: b, quantity: 1, unit_price: 9.5}
"""


def rows(mock: KitMock, sql: str) -> list[tuple[Any, ...]]:
    return mock._store.rows(sql)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "seed.yaml"
    path.write_text(SEED)
    return path


def test_broadcasts(path: Path) -> None:
    with KitMock(seed=path, clock=Clock(START)) as mock:
        assert rows(mock, "SELECT id, subject, created_at, send_at, public, email_template_id FROM broadcasts") == [
            (90, "Draft", 1672531200, None, 0, 6),
            (91, "Scheduled", NOW, NOW + DAY, 0, 2),
            (92, "Sent", NOW - DAY, NOW - DAY, 1, 6),
            (93, "Big", 1675209600, 1675209600, 0, 6),
        ]
        assert rows(mock, "SELECT started_at, recipients, published_at, opens, clicks FROM broadcasts") == [
            (None, 0, None, 0, 0),
            (None, 0, None, 0, 0),
            (NOW - DAY, 2, NOW - DAY, 1, 0),
            (1675209600, 1000, 1675123200, 0, 7),
        ]
        assert [text for (text,) in rows(mock, "SELECT subscriber_filter FROM broadcasts")] == [
            '[{"all":[{"type":"all_subscribers"}]}]',
            '[{"none":[{"type":"segment","ids":[51]}]}]',
            '[{"all":[{"type":"tag","ids":[31]}]}]',
            '[{"all":[{"type":"all_subscribers"}]}]',
        ]


def test_purchases(path: Path) -> None:
    with KitMock(seed=path, clock=Clock(START)) as mock:
        columns = "id, subscriber_id, transaction_id, status, currency, transaction_time, subtotal, tax, total"
        assert rows(mock, f"SELECT {columns} FROM purchases") == [
            (7, 1, "order-1", "paid", "USD", 1651795200, None, 1.5, None)
        ]
        lines = "SELECT purchase_id, product_id, name, lid, quantity, sku, unit_price FROM purchase_lines"
        assert rows(mock, lines) == [
            (7, 1, "Book", "a", 2, "B-1", 9.5),
            (7, 1, "Book again", "b", 1, None, 9.5),
        ]
        assert rows(mock, "SELECT id, pid, name FROM products") == [(1, "book", "Book")]


def test_oauth_clients(tmp_path: Path) -> None:
    clients = [
        {"client_id": "mine", "client_secret": "hush", "redirect_uris": ["https://a.example.com/cb"], "name": "My app"},
        {"client_id": "local", "any_loopback": True},
    ]
    db = tmp_path / "mock.db"
    KitMock(db=db, seed={"oauth_clients": clients, "accounts": [{}]}).close()
    with KitMock(db=db) as mock:
        mine, local = (oauth_clients.find(mock._store, client_id) for client_id in ("mine", "local"))
    assert mine is not None
    assert local is not None
    assert (mine.name, mine.redirect_uris, mine.any_loopback) == ("My app", ("https://a.example.com/cb",), False)
    assert mine.authenticates("hush")
    assert not mine.authenticates(None)
    assert local.authenticates(None)
    assert local.takes("http://127.0.0.1:5000/cb")


def test_oauth_tokens(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(
        "oauth_clients: [{client_id: mine, client_secret: hush, any_loopback: true}]\n"
        "accounts:\n"
        "  - {name: First}\n"
        "  - name: Second\n"
        "    oauth_tokens:\n"
        "      - {client_id: kit_test_client, access_token: good}\n"
        "      - {client_id: mine, access_token: spent, refresh_token: fresh, expires_at: 2023-02-16}\n"
    )
    with KitMock(seed=seed, clock=Clock(START)) as mock, client(mock) as http:

        def account(token: str) -> httpx.Response:
            return http.get("/v4/account", headers={"Authorization": f"Bearer {token}"})

        assert account("good").json()["account"]["name"] == "Second"
        assert (account("spent").status_code, account("spent").json()) == (
            401,
            {"errors": ["The access token expired"]},
        )
        grant = {"grant_type": "refresh_token", "refresh_token": "fresh"}
        other = http.post("/oauth/token", data={**grant, "client_id": "kit_test_client"})
        assert (other.status_code, other.json()["error"]) == (400, "invalid_grant")
        renewed = http.post("/oauth/token", data={**grant, "client_id": "mine", "client_secret": "hush"})
        assert renewed.status_code == 200, renewed.text
        assert account(renewed.json()["access_token"]).json()["account"]["name"] == "Second"
        mock.advance(hours=48)
        assert account("good").status_code == 401


def test_products_have_the_ids_that_are_asked_for() -> None:
    seed = {
        "subscribers": [{"email_address": "ada@example.com"}],
        "purchases": [
            {
                "transaction_id": "1",
                "email_address": "ada@example.com",
                "currency": "USD",
                "products": [
                    {"product_id": 77, "name": "A", "pid": "a", "lid": "1", "quantity": 1, "unit_price": 1},
                    {"name": "B", "pid": "b", "lid": "2", "quantity": 1, "unit_price": 1},
                    {"name": "A", "pid": "a", "lid": "3", "quantity": 1, "unit_price": 1},
                ],
            }
        ],
        "webhooks": [{"event": "subscriber.product_purchase", "product": "a", "target_url": "http://127.0.0.1:1/"}],
    }
    with KitMock(seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert rows(mock, "SELECT product_id FROM purchase_lines") == [(77,), (78,), (77,)]
        assert kit.get("/v4/webhooks").json()["webhooks"][0]["event"]["product_id"] == 77


ADA = "subscribers: [{email_address: ada@example.com}]\npurchases:\n  - email_address: "
PRODUCTS = "products: [{name: A, pid: a, lid: a, quantity: 1, unit_price: 1}]"
BAD = [
    ("broadcasts: [{send_at: 2023-01-01, subject: A}]", 1, "broadcasts[0] is refused: Content can't be blank"),
    ("broadcasts: [{email_template: Fancy}]", 1, "broadcasts[0].email_template isn't the name of one of the account's"),
    ("broadcasts:\n - subject: A\n   opens: 3", 3, "broadcasts[0].opens goes with a `send_at` that has passed"),
    ("broadcasts: [{email_address: x}]", 1, "broadcasts[0].email_address is no valid e-mail address"),
    (
        "tags: [{name: A}]\nbroadcasts:\n - subscriber_filter: [{all: [{type: tag, ids: [A]}], any: [{type: tag}]}]",
        3,
        "broadcasts[0] is refused: Only a single filter group",
    ),
    (
        "broadcasts: [{subscriber_filter: [{all: [{type: tag, ids: [3]}]}]}]",
        1,
        "subscriber_filter[0].all[0].ids[0] isn't the id of one of the account's tags",
    ),
    ("broadcasts: [{subscriber_filter: [{all: [{type: form}]}]}]", 1, "all[0].type must be one of tag, segment"),
    (
        f"{ADA}bob@example.com\n    transaction_id: a\n    currency: USD\n    {PRODUCTS}",
        3,
        "purchases[0].email_address",
    ),
    (f"{ADA}ada@example.com", 3, "purchases[0] is refused: Transaction cannot be blank; Currency cannot"),
    (
        f"{ADA}ada@example.com\n    transaction_time: noon\n    transaction_id: a\n    currency: USD\n    {PRODUCTS}",
        4,
        "purchases[0].transaction_time must be a day",
    ),
    (
        f"{ADA}ada@example.com\n    transaction_id: a\n    currency: USD\n    products:\n"
        "    - {product_id: 5, name: A, pid: a, lid: a, quantity: 1, unit_price: 1}\n"
        "    - {product_id: 6, name: A, pid: a, lid: b, quantity: 1, unit_price: 1}",
        8,
        "purchases[0].products[1].product_id is another than 5, which the product with this pid has",
    ),
    ("oauth_tokens:\n - {client_id: mine, access_token: a}", 2, "oauth_tokens[0].client_id isn't that of one of"),
    ("oauth_tokens:\n - client_id: kit_test_client", 2, "oauth_tokens[0] has no access_token"),
    (
        "oauth_tokens:\n - {client_id: kit_test_client, access_token: a}\n"
        " - {client_id: kit_test_client, access_token: a}",
        3,
        "oauth_tokens[1] has a taken access_token",
    ),
    ("oauth_clients:\n - {client_id: mine}", 2, "oauth_clients[0] isn't a client: the OAuth client mine has no"),
    ("oauth_clients:\n - client_id: kit_test_client", 2, "oauth_clients[0].client_id is that of another client"),
]


@pytest.mark.parametrize(("text", "line", "reason"), BAD)
def test_a_bad_one_is_refused_with_file_line_and_reason(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(KitMockError) as caught:
        KitMock(seed=path, clock=Clock(START))
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert reason in str(caught.value)
