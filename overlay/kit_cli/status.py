"""The exit statuses of the command, and the errors that lead to them."""

from __future__ import annotations

from typing import ClassVar

OK = 0
FAILED = 1
MISUSE = 2
PARTLY = 3
INTERRUPTED = 130
# 128 and the number of SIGPIPE, as of a program that the signal ends.
NOBODY_READS = 141

EXPLAINED = """\
exit status:
  0    success
  1    failure; standard error says why
  2    wrong arguments; nothing was sent
  3    partial success: some of it failed, and is reported
  130  stopped by Ctrl-C
  141  the program that reads the output has ended
"""


class CommandError(Exception):
    """A command can't go on. The text is for people, without a full stop; the exit status is 1.

    Text of the service in it must be `printable`.
    """

    status: ClassVar[int] = FAILED


class MisuseError(CommandError):
    """The command was called in a way that can't be right. Nothing was sent; the exit status is 2."""

    status = MISUSE
