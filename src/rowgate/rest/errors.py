"""REST errors in PostgREST's shape: {code, details, hint, message}."""

from __future__ import annotations


class RestError(Exception):
    """An error of the dialect. `code` is a PGRSTxxx code or a SQLSTATE; texts are PostgREST 14's own."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: str | None = None,
        hint: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = headers
