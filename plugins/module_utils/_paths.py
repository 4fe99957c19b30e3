# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The paths that people give: in them, ``~`` and ``$NAME`` mean what they mean in a shell."""

from __future__ import annotations

import os
import pathlib
import pwd
import stat
import string

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError

__all__ = ["can_be_made", "expanded", "home", "user_path"]


def user_path(text: str, name: str) -> pathlib.Path:
    """Return the absolute path that ``text``, a person's value of the option ``name``, stands for. Raises NodeflowError for what can be none."""
    path = pathlib.Path(os.path.abspath(expanded(text, name)))
    try:
        os.fsencode(path)
    except UnicodeError as error:
        raise NodeflowError(f"{name} cannot be used as a path: {error}") from error
    return path


def expanded(text: str, name: str) -> str:
    """``text`` with its ``~``, ``~USER``, ``$NAME`` and ``${NAME}`` replaced. Raises NodeflowError for a user or variable that is not known."""
    if any(not char.isprintable() and char.isascii() for char in text):
        raise NodeflowError(f"{name} cannot be used as a path: it holds a control character")
    if text.startswith("~"):
        user, slash, rest = text[1:].partition("/")
        text = (home(user, name) + slash + rest) or "/"
    for variable in string.Template(text).get_identifiers():
        if variable not in os.environ:
            raise NodeflowError(f"{name} cannot be used as a path: {text} names the variable {variable}, which the environment does not have")
    found = os.path.expandvars(text)
    if "${" in found:
        raise NodeflowError(f"{name} cannot be used as a path: what follows ${{ in {text} is no variable's name")
    return found


def home(user: str, name: str) -> str:
    """Return the home directory of a user, or of who runs this for ``""``, without a slash at its end. Raises NodeflowError where there is none."""
    if not user and os.environ.get("HOME"):
        return os.environ["HOME"].rstrip("/")
    try:
        found = (pwd.getpwnam(user) if user else pwd.getpwuid(os.getuid())).pw_dir
    except (KeyError, OSError):
        whose = f"there is no user {user}" if user else "the login has no home directory, and HOME is not set"
        raise NodeflowError(f"{name} cannot be used as a path: {whose}") from None
    return found.rstrip("/")


def can_be_made(path: pathlib.Path) -> bool:
    """Return whether a file, with its directories, could be made or replaced at ``path``, as far as that shows without trying."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError):  # a name that is too long, or a directory that must not be looked into
        return False
    for parent in path.absolute().parents:
        try:
            is_directory = stat.S_ISDIR(os.stat(parent).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return False
        return is_directory and os.access(parent, os.W_OK | os.X_OK)
    return False
