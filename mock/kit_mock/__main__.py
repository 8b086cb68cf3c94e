"""`python -m kit_mock` is `kit-mock`."""

from __future__ import annotations

import sys

from kit_mock.cli import main

sys.exit(main())
