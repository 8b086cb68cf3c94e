"""`kit.bulk.export_subscribers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from kit_client.options import check_whole
from kit_client.raw import RawClient
from kit_client.walk import LARGEST_PAGE

from .exporting import AsyncExport, Export
from .members import Filters, members
from .options import check_flag

if TYPE_CHECKING:
    from kit_api.models import AddedSubscriber, FormSubscriber, Subscriber, TaggedSubscriber
    from kit_client.client import AsyncKit, Kit


class Paged(Filters, total=False):
    """The arguments of every export."""

    parallel: int
    """How many pages are requested at a time; 8 if not given."""
    per_page: int
    """How many subscribers a page holds, 1 to 1000; 1000 if not given."""
    after: str | None
    """The `cursor` of an export with the same filters, to resume it."""


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
        self, *, tag_id: int, raw: Literal[False] = False, **options: Unpack[Paged]
    ) -> Export[TaggedSubscriber]: ...
    @overload
    def export_subscribers(
        self, *, form_id: int, raw: Literal[False] = False, **options: Unpack[Paged]
    ) -> Export[FormSubscriber]: ...
    @overload
    def export_subscribers(
        self, *, sequence_id: int, raw: Literal[False] = False, **options: Unpack[Paged]
    ) -> Export[AddedSubscriber]: ...
    @overload
    def export_subscribers(self, *, raw: Literal[False] = False, **options: Unpack[Paged]) -> Export[Subscriber]: ...
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
        """Export all subscribers, or those of a tag, form or sequence, with several requests at a time and in no order.

        It is faster than a list, which requests one page after another: the export splits the list by the time at which
        subscribers were created, and reads the parts at the same time. Nothing is sent before the returned object is
        iterated over. Memory holds the page in use and at most `parallel` other pages.

        A subscriber who is in the list during the whole export is yielded exactly once. One who joins or leaves the list
        meanwhile is yielded once or not at all. Each subscriber is as they were when their page was read. The service's
        lists lag behind writes by up to five minutes.

        Routes: `GET /v4/subscribers`, `GET /v4/tags/{tag_id}/subscribers`, `GET /v4/forms/{form_id}/subscribers` and
        `GET /v4/sequences/{sequence_id}/subscribers`, with an API key or OAuth.

        Args:
            raw: Whether to yield plain dicts, as `Pager.raw` does, instead of models.
            parallel: How many pages are requested at a time.
            per_page: How many subscribers a page holds, 1 to 1000.
            tag_id: Only those who have this tag.
            form_id: Only those who were added to this form.
            sequence_id: Only those who were added to this sequence.
            after: The `cursor` of an export with the same filters, to resume it.
            filters: Filters of the list operation: `status` (`active` if not given), `created_after` and
                `created_before`. Without an id also `updated_after`, `updated_before` and `include`; with `tag_id` also
                `tagged_after` and `tagged_before`; with `form_id` or `sequence_id` also `added_after` and `added_before`.
                All but `sequence_id` have `slim`.

        Raises:
            ValueError: More than one of the ids is given, an argument is out of range, a datetime has no time zone, or
                `after` is the cursor of another export.
            TypeError: An argument is of another type, or the list has no such filter.
            KitError: While iterating: a request failed. `.cursor` says where to resume.

        Returns:
            An iterable of subscribers. `.pages()` yields whole pages, `.cursor` says where to resume, and `.total` is the
            number of subscribers.
        """
        check_arguments(raw, parallel, per_page)
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
        self, *, tag_id: int, raw: Literal[False] = False, **options: Unpack[Paged]
    ) -> AsyncExport[TaggedSubscriber]: ...
    @overload
    def export_subscribers(
        self, *, form_id: int, raw: Literal[False] = False, **options: Unpack[Paged]
    ) -> AsyncExport[FormSubscriber]: ...
    @overload
    def export_subscribers(
        self, *, sequence_id: int, raw: Literal[False] = False, **options: Unpack[Paged]
    ) -> AsyncExport[AddedSubscriber]: ...
    @overload
    def export_subscribers(
        self, *, raw: Literal[False] = False, **options: Unpack[Paged]
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
        """Export subscribers, for `async for`. Arguments and errors are those of `Bulk.export_subscribers`."""
        check_arguments(raw, parallel, per_page)
        client = RawClient(self._client) if raw else self._client
        return AsyncExport(client, members(tag_id, form_id, sequence_id, filters), parallel, per_page, after)


def check_arguments(raw: bool, parallel: int, per_page: int) -> None:
    """Raise TypeError or ValueError for what can't be used."""
    check_flag("raw", raw)
    check_whole("parallel", parallel, 1)
    check_whole("per_page", per_page, 1)
    if per_page > LARGEST_PAGE:
        raise ValueError(f"per_page: expected 1 to {LARGEST_PAGE}, got {per_page}")
