"""Imports and exports of many subscribers: the classes behind `kit.bulk`."""

from .exporting import AsyncExport, Export
from .outcomes import Estimate, Outcome, Report
from .resource import AsyncBulk, Bulk
from .submitting import Submission
from .tasks import AsyncImport
from .threads import Import

__all__ = [
    "AsyncBulk",
    "AsyncExport",
    "AsyncImport",
    "Bulk",
    "Estimate",
    "Export",
    "Import",
    "Outcome",
    "Report",
    "Submission",
]
