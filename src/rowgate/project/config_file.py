"""Changing supabase/config.toml: checked as a whole first, then replaced in one step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from rowgate.errors import ConfigurationError
from rowgate.project.document import parse_document
from rowgate.project.resolve import resolve
from rowgate.project.settings import Folders, Settings


def edit_config(
    folders: Folders, edit: Callable[[str, Settings], str], check: Callable[[Settings], object]
) -> Settings:
    """Write what `edit` makes of the file's text and present settings, and return the settings that follow from it.

    `check` sees the new settings before anything is written. Raises ConfigurationError; the file is then untouched.
    """
    path = folders.config_file
    try:
        with path.open(encoding="utf-8", newline="") as file:  # line ends stay as they are
            before = file.read()
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist.", "Make a project with `rowgate init`, or name one by --workdir."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"Cannot read {path}: {reason}.", "Fix the file, or name another --workdir.") from None
    after = edit(before, resolve(folders.workdir, keep_secrets=False))
    settings = resolve(folders.workdir, document=parse_document(after, str(path)), keep_secrets=False)
    check(settings)
    replace_text(path, after)
    return settings


def replace_text(path: Path, text: str) -> None:
    """Replace a file as a whole, keeping its permissions: a running server never reads half of it.

    A link is followed, so that a config.toml kept elsewhere stays a link. Raises ConfigurationError.
    """
    target = path.resolve()
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            shutil.copymode(target, temporary)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(f"Cannot write {target}: {error.strerror}.", "Fix the folder's permissions.") from None
