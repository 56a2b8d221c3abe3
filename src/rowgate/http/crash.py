"""Naming an unexpected exception without its text, which may quote a token or a row."""

from __future__ import annotations

FRAMES = 6


def place_of(error: BaseException) -> str:
    """Where an exception was raised, as `file:line function`, innermost last: code only, no values."""
    frames, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('rowgate/')[2]}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return " > ".join(frames[-FRAMES:])
