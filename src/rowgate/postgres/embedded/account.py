"""The unprivileged system account Postgres runs as when Rowgate itself runs as root (Postgres refuses to be root)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from rowgate.errors import RowgateError

OWN_NAME = "rowgate"
# Accounts made for a Postgres server: ours, Debian's and Red Hat's, macOS's. `nobody` is not among them: every other
# service that runs as nobody could read the data and signal the server.
KNOWN_NAMES = (OWN_NAME, "postgres", "_postgres")


class Identity(TypedDict, total=False):
    """The keyword arguments of `subprocess.Popen` that drop privileges."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A system account. A number alone would not do: initdb looks the name up in the user database."""

    name: str
    uid: int
    gid: int

    @property
    def identity(self) -> Identity:
        """What to hand to `subprocess` so that a child runs as this account and in no other group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def identity_of(account: Account | None) -> Identity:
    """Like `Account.identity`; with None the child keeps our own identity."""
    return account.identity if account is not None else {}


def choose_account(data_folder: Path) -> Account | None:
    """Choose the account Postgres runs as: None unless we are root.

    The owner of an existing data folder always wins, so that an account added to the machine later changes nothing.
    Otherwise the first of `KNOWN_NAMES` that exists, otherwise a new system account `rowgate`.
    Raises RowgateError when none exists and none can be made.
    """
    if os.geteuid() != 0:
        return None
    if data_folder.exists():
        owner = data_folder.stat().st_uid
        if owner != 0:
            try:
                return _account(pwd.getpwuid(owner))
            except KeyError:
                raise RowgateError(
                    f"The database in {data_folder} belongs to user id {owner}, which this machine does not know.",
                    f"Give it to an existing account, for example: chown -R {OWN_NAME}: {data_folder}",
                ) from None
    for name in KNOWN_NAMES:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    return _create()


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _create() -> Account:
    """Make the system account with the machine's own tool: shadow's `useradd`, or BusyBox' `adduser`."""
    if useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
        command += ["--user-group", OWN_NAME]
    elif adduser := shutil.which("adduser", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        command = [adduser, "-S", "-D", "-H", "-s", "/bin/false", OWN_NAME]
    else:
        command = []
    said = "there is no useradd or adduser"
    if command:
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
        said = made.stderr.strip() or f"{command[0]} ended with status {made.returncode}"
    try:
        return _account(pwd.getpwnam(OWN_NAME))
    except KeyError:
        raise RowgateError(
            f"PostgreSQL does not run as root, and no system account for it could be made ({said}).",
            f"Run Rowgate as another user, or create an account named {OWN_NAME}.",
        ) from None
