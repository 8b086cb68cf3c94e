"""`kit.bulk`: long lists of subscribers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal, TypeVar

from kit_api.api.subscribers.bulk_create_subscribers import OPERATION

from .exports import AsyncExports, Exports
from .options import Options
from .outcomes import Outcome, Report
from .rows import Columns
from .submitting import Body, Sifted, Submission, match_callback
from .tasks import AsyncImport
from .threads import Import

if TYPE_CHECKING:
    from kit_client.client import AsyncKit, Kit

R = TypeVar("R")


class Bulk(Exports):
    """Long lists of subscribers, at the speed that the quota allows."""

    def __init__(self, client: Kit) -> None:
        self._client = client

    def import_subscribers(
        self,
        rows: Iterable[R],
        *,
        tags: Iterable[str | int] = (),
        forms: Iterable[int] = (),
        fields: Columns = None,
        create_missing: bool = False,
        parallel: int = 8,
        checkpoint: str | os.PathLike[str] | None = None,
        fallback: Literal["single"] | None = None,
        count: int | None = None,
        on_progress: Callable[[Report], object] | None = None,
    ) -> Import[R]:
        """Create or update a subscriber for each row, a hundred to a request and several requests at a time.

        Nothing is sent before the returned object is iterated over. Rows are read as there is room for them, so that an
        input of any length takes the same memory, but for some 30 bytes for each address.

        A row is a mapping, such as of `csv.DictReader` or `DataFrame.to_dict("records")`, or an object with attributes,
        such as of `DataFrame.itertuples()` or a model. Its columns are `email_address`, `first_name`, `state` (of a new
        subscriber) and `fields`, a mapping from keys or labels of custom fields to values. None, NaN and blank text
        leave what the subscriber has.

        An address that comes again, in any case, is not sent again: the first row holds.

        Routes: `POST /v4/bulk/subscribers`, `POST /v4/bulk/custom_fields/subscribers`, `POST /v4/bulk/tags/subscribers`
        and `POST /v4/bulk/forms/subscribers`, with OAuth only. With `fallback="single"` and an API key, those for one
        subscriber.

        Args:
            rows: The rows. With `checkpoint`, the same ones in each run.
            tags: Names or ids of tags that all get. Names match without regard to case.
            forms: Ids of forms that all are added to.
            fields: What further columns are: a mapping from a column to `email_address`, `first_name`, `state`, or the
                key, label or id of a custom field; or the columns that are called as their custom field is.
            create_missing: Create the tags and custom fields that are named in `tags` and `fields` and don't exist.
            parallel: How many requests may be under way.
            checkpoint: A file that remembers the outcome of each row, so that the same import goes on where it
                stopped, also where its process was killed. It holds addresses, and only its owner may read it.
            fallback: `"single"` to send one subscriber to a request if the client has an API key.
            count: How many rows there are, where `len(rows)` doesn't say. Only `estimate` and `total` use it.
            on_progress: Called with the live report after each answer.

        Raises:
            ValueError, TypeError: An argument can't be used.
            OAuthRequiredError: The client has an API key, and no `fallback` is given. Nothing was read or sent.
        """
        options = Options(rows, tags, forms, fields, create_missing, parallel, checkpoint, fallback, count, on_progress)
        return Import(self._client, options)

    def submit(self, rows: Iterable[R], *, callback_url: str, fields: Columns = None) -> Submission[R]:
        """Hand over all rows in one request, for the service to work off in the background.

        Only addresses, first names and states: custom fields, tags and forms need the ids of the subscribers. The service
        later sends the result to `callback_url` by POST; `match_callback` says what it means for the rows. Up to 100
        rows are done at once instead, and there is no callback.

        Route: `POST /v4/bulk/subscribers`, with OAuth only.

        Args:
            rows: As of `import_subscribers`. All are read at once.
            callback_url: Where the service sends the result.
            fields: As of `import_subscribers`, without custom fields.

        Raises:
            ValueError, TypeError: An argument can't be used.
            OAuthRequiredError: The client has an API key. Nothing was read or sent.
            PayloadTooLargeError: Too much waits in the account's queue of bulk jobs.
            KitError: The request failed otherwise.
        """
        self._client.check_credentials(OPERATION)
        sifted = Sifted(rows, fields)
        call = sifted.call(callback_url)
        return sifted.submission(None if call is None else call.send(self._client))

    def match_callback(self, body: Body, rows: Iterable[R], *, fields: Columns = None) -> Iterator[tuple[R, Outcome]]:
        """Yield each row that was submitted with its outcome, by the body of the callback. Sends nothing.

        Args:
            body: The body: as it came, decoded, or as `kit_client.webhooks.parse` returns it.
            rows: The rows of `submit`, in the same order.
            fields: As of `submit`.

        Raises:
            InvalidDeliveryError: The body is not the result of a job of `submit`.
            ValueError, TypeError: An argument can't be used.
        """
        return match_callback(body, rows, fields)


class AsyncBulk(AsyncExports):
    """Long lists of subscribers, to await."""

    def __init__(self, client: AsyncKit) -> None:
        self._client = client

    def import_subscribers(
        self,
        rows: Iterable[R] | AsyncIterable[R],
        *,
        tags: Iterable[str | int] = (),
        forms: Iterable[int] = (),
        fields: Columns = None,
        create_missing: bool = False,
        parallel: int = 8,
        checkpoint: str | os.PathLike[str] | None = None,
        fallback: Literal["single"] | None = None,
        count: int | None = None,
        on_progress: Callable[[Report], object] | None = None,
    ) -> AsyncImport[R]:
        """Create or update a subscriber for each row, as `Bulk.import_subscribers` does, to be iterated with `async for`."""
        options = Options(rows, tags, forms, fields, create_missing, parallel, checkpoint, fallback, count, on_progress)
        return AsyncImport(self._client, options)

    async def submit(self, rows: Iterable[R], *, callback_url: str, fields: Columns = None) -> Submission[R]:
        """Hand over all rows in one request, as `Bulk.submit` does."""
        self._client.check_credentials(OPERATION)
        sifted = Sifted(rows, fields)
        call = sifted.call(callback_url)
        return sifted.submission(None if call is None else await call.asend(self._client))

    def match_callback(self, body: Body, rows: Iterable[R], *, fields: Columns = None) -> Iterator[tuple[R, Outcome]]:
        """Yield each row that was submitted with its outcome, as `Bulk.match_callback` does."""
        return match_callback(body, rows, fields)
