"""REST errors in PostgREST's shape: {code, details, hint, message}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Details: TypeAlias = str | tuple[Mapping[str, str], ...] | None


class RestError(Exception):
    """An error of the dialect. `code` is a PGRSTxxx code or a SQLSTATE; texts are PostgREST 14's own.

    `details` is a sentence, or the list of candidates that PGRST201 offers; `reason` goes into the status line.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Details = None,
        hint: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        reason: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = headers
        self.reason = reason
