"""The version of the distribution. pyproject.toml reads it from here, and kit_mock from the metadata."""

__version__ = "0.1.0"
