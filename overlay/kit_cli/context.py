"""What a command works with: the credentials, a client, and the way to the terminal."""

from __future__ import annotations

import argparse
from typing import Any

from kit_client import Kit

from .credentials import Credentials
from .output import Output


class Context:
    """What a command is given to work with.

    Attributes:
        credentials: Those of the account that was chosen.
        output: Where results, remarks and questions go.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.credentials = Credentials(options.store, options.account, options.base_url)
        self.output = Output(as_json=options.json, is_quiet=options.quiet)

    def kit(self, **settings: Any) -> Kit:
        """Return a client with the credentials of the login or, without one, of the environment.

        Args:
            settings: More arguments of `Kit`, such as `timeout`.

        Raises:
            ConfigurationError: There are no credentials, or none for this base URL.
        """
        return Kit(**self.credentials.arguments(), **settings)
