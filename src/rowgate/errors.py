"""Errors that reach a person: what happened, with which value, and what to do next."""

from __future__ import annotations


class RowgateError(Exception):
    """An error meant for a person's eyes.

    `message` says what happened and with which value; `hint` says what to do next. The command line prints both and
    exits with `exit_code`; no traceback is shown. Neither text may hold a secret.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigurationError(RowgateError):
    """A setting is missing, malformed or contradicts another one."""

    exit_code = 2
