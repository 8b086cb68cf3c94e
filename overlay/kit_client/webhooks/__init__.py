"""Webhooks: register them once, check the secret of a delivery's URL, and parse deliveries and callbacks.

`import kit_client` doesn't import it: write `from kit_client import webhooks`.
"""

from kit_api.errors import masked_url
from kit_api.models import CustomFieldDelivery, SubscriberDelivery

from .parsing import BulkCallback, EmptyBulkResult, InvalidDeliveryError, Parsed, PurchaseDelivery, parse
from .registration import aensure, ensure
from .url_secret import is_authentic, new_secret, with_secret

__all__ = [
    "BulkCallback",
    "CustomFieldDelivery",
    "EmptyBulkResult",
    "InvalidDeliveryError",
    "Parsed",
    "PurchaseDelivery",
    "SubscriberDelivery",
    "aensure",
    "ensure",
    "is_authentic",
    "masked_url",
    "new_secret",
    "parse",
    "with_secret",
]
