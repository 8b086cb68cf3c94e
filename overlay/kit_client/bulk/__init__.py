"""Long lists of subscribers: `kit.bulk`."""

from .outcomes import Estimate, Outcome, Report
from .resource import AsyncBulk, Bulk
from .submitting import Submission
from .tasks import AsyncImport
from .threads import Import

__all__ = ["AsyncBulk", "AsyncImport", "Bulk", "Estimate", "Import", "Outcome", "Report", "Submission"]
