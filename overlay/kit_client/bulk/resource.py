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
    """Imports and exports of many subscribers, as fast as the rate limit allows. It is `Kit.bulk`."""

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

        A row is a mapping, such as from `csv.DictReader` or `DataFrame.to_dict("records")`, or an object with attributes,
        such as from `DataFrame.itertuples()` or a model. Its columns are `email_address`, `first_name`, `state` (of a new
        subscriber) and `fields`, a mapping from keys or labels of custom fields to values. A value of None, NaN or blank
        text doesn't change the subscriber.

        Of several rows with the same address, compared without regard to case, only the first is sent.

        Routes: `POST /v4/bulk/subscribers`, `POST /v4/bulk/custom_fields/subscribers`, `POST /v4/bulk/tags/subscribers`
        and `POST /v4/bulk/forms/subscribers`, with OAuth only. With `fallback="single"` and an API key, the routes for one
        subscriber.

        Args:
            rows: The rows. With `checkpoint`, pass the same rows in each run.
            tags: Names or ids of tags for all subscribers. Names match without regard to case.
            forms: Ids of forms to add all subscribers to.
            fields: The meaning of further columns: a mapping from a column's name to `email_address`, `first_name`,
                `state`, or the key, label or id of a custom field; or a list of columns that are named like their custom
                field.
            create_missing: Whether to create the tags in `tags` and the custom fields in `fields` that don't exist.
            parallel: How many requests may be under way at a time.
            checkpoint: A file with the outcome of each row, by which a later run resumes where this one stopped, even if
                its process was killed. It holds e-mail addresses, and only its owner may read it.
            fallback: `"single"` to send one subscriber in each request if the client has an API key.
            count: The number of rows, if `len(rows)` doesn't work. Only `estimate` and `Report.total` use it.
            on_progress: Called with the live `Report` after each response.

        Raises:
            ValueError, TypeError: An argument can't be used.
            OAuthRequiredError: The client has an API key, and `fallback` isn't given. Nothing was read or sent.

        Returns:
            An `Import`: iterate over it for each row with its `Outcome`, or call `.report()` for the counts.
        """
        options = Options(rows, tags, forms, fields, create_missing, parallel, checkpoint, fallback, count, on_progress)
        return Import(self._client, options)

    def submit(self, rows: Iterable[R], *, callback_url: str, fields: Columns = None) -> Submission[R]:
        """Send all rows in one request, which the service processes in the background.

        Rows may have addresses, first names and states only: custom fields, tags and forms need the subscribers' ids. The
        service sends the result to `callback_url` by POST later; `match_callback` matches it with the rows. Up to 100
        rows are processed at once, without a callback.

        Route: `POST /v4/bulk/subscribers`, with OAuth only.

        Args:
            rows: The rows, as for `import_subscribers`. All are read into memory.
            callback_url: The URL that the service sends the result to.
            fields: The meaning of further columns, as for `import_subscribers`, but without custom fields.

        Raises:
            ValueError, TypeError: An argument can't be used.
            OAuthRequiredError: The client has an API key. Nothing was read or sent.
            PayloadTooLargeError: The account's queue of bulk jobs is full.
            KitError: The request failed otherwise.
        """
        self._client.check_credentials(OPERATION)
        sifted = Sifted(rows, fields)
        call = sifted.call(callback_url)
        return sifted.submission(None if call is None else call.send(self._client))

    def match_callback(self, body: Body, rows: Iterable[R], *, fields: Columns = None) -> Iterator[tuple[R, Outcome]]:
        """Match the body of a callback with the rows of `submit`, and yield each row with its outcome. Sends nothing.

        Args:
            body: The body of the callback: the bytes or text, the decoded JSON, or what `kit_client.webhooks.parse`
                returns.
            rows: The rows that were given to `submit`, in the same order.
            fields: The `fields` that were given to `submit`.

        Raises:
            InvalidDeliveryError: The body isn't the result of a job of `submit`.
            ValueError, TypeError: An argument can't be used.
        """
        return match_callback(body, rows, fields)


class AsyncBulk(AsyncExports):
    """Imports and exports of many subscribers, to be awaited. It is `AsyncKit.bulk`."""

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
        """Create or update a subscriber for each row, for `async for`.

        Arguments and errors are those of `Bulk.import_subscribers`; `rows` may also be an async iterable.
        """
        options = Options(rows, tags, forms, fields, create_missing, parallel, checkpoint, fallback, count, on_progress)
        return AsyncImport(self._client, options)

    async def submit(self, rows: Iterable[R], *, callback_url: str, fields: Columns = None) -> Submission[R]:
        """Send all rows in one request. Arguments and errors are those of `Bulk.submit`."""
        self._client.check_credentials(OPERATION)
        sifted = Sifted(rows, fields)
        call = sifted.call(callback_url)
        return sifted.submission(None if call is None else await call.asend(self._client))

    def match_callback(self, body: Body, rows: Iterable[R], *, fields: Columns = None) -> Iterator[tuple[R, Outcome]]:
        """Match the body of a callback with the rows of `submit`, as `Bulk.match_callback` does. It isn't async."""
        return match_callback(body, rows, fields)
