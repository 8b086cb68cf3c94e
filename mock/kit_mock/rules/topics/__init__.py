"""The rules, a module for each topic: `TITLE` and `RULES`."""
