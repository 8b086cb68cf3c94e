"""Long lists of subscribers: `kit.bulk`."""

from typing import TYPE_CHECKING, Any

from .outcomes import Estimate, Outcome, Report
from .resource import AsyncBulk, Bulk
from .submitting import Submission
from .threads import Import

if TYPE_CHECKING:
    from .tasks import AsyncImport

__all__ = ["AsyncBulk", "AsyncImport", "Bulk", "Estimate", "Import", "Outcome", "Report", "Submission"]


def __getattr__(name: str) -> Any:
    if name != "AsyncImport":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .tasks import AsyncImport  # late, as synchronous programs never need it

    return AsyncImport
