"""Print the list of Kit's rules: `python -m tests.contract.model`."""

from tests.contract.model import rules

print(*rules.lines(), sep="\n")
