"""A stateful mock of Kit's API v4: from the command line (`kit-mock serve`) or in Python (`KitMock`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit_mock.mock import KitMock
    from kit_mock.model.oauth_clients import OAuthClient
    from kit_mock.network_guard import NetworkGuard
    from kit_mock.outbox.deliveries import Delivery
    from kit_mock.protocol.errors import KitMockError, UnusedFaultWarning
    from kit_mock.service.faults.fault import Fault
    from kit_mock.service.request_log import RecordedRequest
    from kit_mock.state.clock import Clock

    __version__: str

# Imported when first asked for (PEP 562), so that the command can say what is missing rather than fail on it.
_MODULES = {
    "Clock": "state.clock",
    "Fault": "service.faults.fault",
    "Delivery": "outbox.deliveries",
    "KitMock": "mock",
    "KitMockError": "protocol.errors",
    "NetworkGuard": "network_guard",
    "OAuthClient": "model.oauth_clients",
    "RecordedRequest": "service.request_log",
    "UnusedFaultWarning": "protocol.errors",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from kit_mock.version import version

        return version()
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        message = f"kit_mock needs {error.name}, which isn't installed: pip install 'kit-client[mock]'"
        raise ModuleNotFoundError(message, name=error.name) from None
    globals()[name] = value
    return value


__all__ = [
    "Clock",
    "Delivery",
    "Fault",
    "KitMock",
    "KitMockError",
    "NetworkGuard",
    "OAuthClient",
    "RecordedRequest",
    "UnusedFaultWarning",
    "__version__",
]
