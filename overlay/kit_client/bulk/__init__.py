"""Long lists of subscribers: `kit.bulk`."""

from .importing import AsyncImport, Import
from .outcomes import Estimate, Outcome, Report
from .resource import AsyncBulk, Bulk
from .submitting import Submission

__all__ = ["AsyncBulk", "AsyncImport", "Bulk", "Estimate", "Import", "Outcome", "Report", "Submission"]
