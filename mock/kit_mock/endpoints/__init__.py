"""The handlers of the API's operations, one module for each tag of the document. Importing the package registers them."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
