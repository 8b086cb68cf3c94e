"""`kit.bulk.export_subscribers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from kit_client.options import check_whole
from kit_client.raw import RawClient
from kit_client.walk import LARGEST_PAGE

from .exporting import AsyncExport, Export
from .members import Filters, members

if TYPE_CHECKING:
    from kit_api.models import AddedSubscriber, FormSubscriber, Subscriber, TaggedSubscriber
    from kit_client.client import AsyncKit, Kit


class Paged(Filters, total=False):
    """The arguments of an export whatever its kind."""

    parallel: int
    """How many pages may be asked for at a time: 8 if not given."""
    per_page: int
    """How many subscribers a page holds: 1000 if not given."""
    after: str | None
    """The `cursor` of an export with the same filters, to go on where it stopped."""


class Exports:
    """Exports in threads."""

    _client: Kit

    @overload
    def export_subscribers(
        self,
        *,
        raw: Literal[True],
        tag_id: int | None = None,
        form_id: int | None = None,
        sequence_id: int | None = None,
        **options: Unpack[Paged],
    ) -> Export[dict[str, Any]]: ...
    @overload
    def export_subscribers(
        self,
        *,
        tag_id: int,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> Export[TaggedSubscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        form_id: int,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> Export[FormSubscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        sequence_id: int,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> Export[AddedSubscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> Export[Subscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        raw: bool = False,
        tag_id: int | None = None,
        form_id: int | None = None,
        sequence_id: int | None = None,
        **options: Unpack[Paged],
    ) -> Export[Any]: ...
    def export_subscribers(
        self,
        *,
        raw: bool = False,
        parallel: int = 8,
        per_page: int = LARGEST_PAGE,
        tag_id: int | None = None,
        form_id: int | None = None,
        sequence_id: int | None = None,
        after: str | None = None,
        **filters: Unpack[Filters],
    ) -> Export[Any]:
        """Get all subscribers, or all members of a tag, form or sequence, several pages at a time and in no certain order.

        A list gives one page after the other, and with 300 ms for each uses a third of an OAuth quota. Here the list is
        cut into windows of the time at which subscribers were created, and these are walked side by side. Nothing is sent
        before the returned object is iterated over. There are never more than `parallel` pages in memory, besides the one
        in use.

        Who is in the list from the beginning of the export to its end comes exactly once. Who comes into the list or
        leaves it meanwhile may come or not, but never twice. Each subscriber is as they were when their page was read.
        The service's lists lag behind writes by up to five minutes.

        Routes: `GET /v4/subscribers`, `GET /v4/tags/{tag_id}/subscribers`, `GET /v4/forms/{form_id}/subscribers` and
        `GET /v4/sequences/{id}/subscribers`, with an API key or OAuth.

        Args:
            raw: Whether to get plain dicts, as of `Pager.raw`, instead of models.
            parallel: How many pages may be asked for at a time.
            per_page: How many subscribers a page holds, 1 to 1000.
            tag_id: Only those who have this tag.
            form_id: Only those who were added to this form.
            sequence_id: Only those who were added to this sequence.
            after: The `cursor` of an export with the same filters, to go on where it stopped.
            filters: What narrows the list, as of the list operations: `status` (`active` if not given), `created_after`,
                `created_before`; for all subscribers also `updated_after`, `updated_before` and `include`; for members of
                a tag `tagged_after` and `tagged_before`, and of a form or sequence `added_after` and `added_before`;
                `slim`, but for members of a sequence.

        Raises:
            ValueError: More than one of the ids is given, an argument is out of range, a datetime has no time zone, or
                `after` is the cursor of another export.
            TypeError: An argument is of another type, or the list has no such filter.
            KitError: While iterating: a request failed. `.cursor` then says where to go on.

        Returns:
            An iterable. `.pages()` gives whole pages, `.cursor` says where to go on, and `.total` how many there are.
        """
        check_sizes(parallel, per_page)
        client = RawClient(self._client) if raw else self._client
        return Export(client, members(tag_id, form_id, sequence_id, filters), parallel, per_page, after)


class AsyncExports:
    """Exports in tasks."""

    _client: AsyncKit

    @overload
    def export_subscribers(
        self,
        *,
        raw: Literal[True],
        tag_id: int | None = None,
        form_id: int | None = None,
        sequence_id: int | None = None,
        **options: Unpack[Paged],
    ) -> AsyncExport[dict[str, Any]]: ...
    @overload
    def export_subscribers(
        self,
        *,
        tag_id: int,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> AsyncExport[TaggedSubscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        form_id: int,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> AsyncExport[FormSubscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        sequence_id: int,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> AsyncExport[AddedSubscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        raw: Literal[False] = False,
        **options: Unpack[Paged],
    ) -> AsyncExport[Subscriber]: ...
    @overload
    def export_subscribers(
        self,
        *,
        raw: bool = False,
        tag_id: int | None = None,
        form_id: int | None = None,
        sequence_id: int | None = None,
        **options: Unpack[Paged],
    ) -> AsyncExport[Any]: ...
    def export_subscribers(
        self,
        *,
        raw: bool = False,
        parallel: int = 8,
        per_page: int = LARGEST_PAGE,
        tag_id: int | None = None,
        form_id: int | None = None,
        sequence_id: int | None = None,
        after: str | None = None,
        **filters: Unpack[Filters],
    ) -> AsyncExport[Any]:
        """Get what `Bulk.export_subscribers` gets, to be iterated with `async for`. Arguments and errors are the same."""
        check_sizes(parallel, per_page)
        client = RawClient(self._client) if raw else self._client
        return AsyncExport(client, members(tag_id, form_id, sequence_id, filters), parallel, per_page, after)


def check_sizes(parallel: int, per_page: int) -> None:
    """Raise TypeError or ValueError for what is out of range."""
    check_whole("parallel", parallel, 1)
    check_whole("per_page", per_page, 1)
    if per_page > LARGEST_PAGE:
        raise ValueError(f"per_page: expected 1 to {LARGEST_PAGE}, got {per_page}")
