"""A stateful mock of Kit's API v4: from the command line (`kit-mock serve`) or in Python (`KitMock`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit_mock.clock import Clock
    from kit_mock.deliveries import Delivery
    from kit_mock.faults import Fault
    from kit_mock.mock import KitMock
    from kit_mock.oauth import OAuthClient
    from kit_mock.problems import KitMockError
    from kit_mock.recorder import RecordedRequest

    __version__: str

# Imported when first asked for (PEP 562), so that the command can say what is missing rather than fail on it.
_MODULES = {
    "Clock": "clock",
    "Fault": "faults",
    "Delivery": "deliveries",
    "KitMock": "mock",
    "KitMockError": "problems",
    "OAuthClient": "oauth",
    "RecordedRequest": "recorder",
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


__all__ = ["Clock", "Delivery", "Fault", "KitMock", "KitMockError", "OAuthClient", "RecordedRequest", "__version__"]
