# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of ours can be in that takes files along when it ends: a job, a container."""

from __future__ import annotations

import os
import pathlib

__all__ = ["in_awx", "job", "vanishes"]


def job() -> str:
    """Return what this runs in that takes its files along when it ends; an empty text where nothing of the kind is known."""
    if os.environ.get("AWX_ISOLATED_DATA_DIR"):
        return "the job of AWX or ansible-runner"
    return "the container" if _in_container() else ""


def in_awx() -> bool:
    """Return whether this is a job of AWX, which has job templates. It sets both for a job, and for nothing else; ansible-runner alone sets neither."""
    return bool(os.environ.get("AWX_HOST", "").strip() and os.environ.get("JOB_ID", "").strip())


def _in_container() -> bool:
    marks = ("/.dockerenv", "/run/.containerenv")
    return bool(os.environ.get("container") or os.environ.get("KUBERNETES_SERVICE_HOST") or any(map(os.path.exists, marks)))


def vanishes(file: pathlib.Path) -> bool:
    """Return whether a file lies where a job's own files are, and goes with them.

    A container that is no job may be somebody's machine, who named the file by hand.
    """
    artifacts = os.environ.get("AWX_ISOLATED_DATA_DIR")
    if not (artifacts or os.environ.get("KUBERNETES_SERVICE_HOST")):
        return False
    path, places = pathlib.Path(os.path.realpath(file)), [pathlib.Path("/runner")]
    if artifacts:
        own = pathlib.Path(os.path.realpath(artifacts))
        places.append(own.parent.parent if own.parent.name == "artifacts" else own)
    if _in_container():
        places.append(pathlib.Path("/tmp"))
    return any(place in path.parents for place in places) or (_in_container() and _on_root_file_system(path))


def _on_root_file_system(path: pathlib.Path) -> bool:
    """Return whether a path is on the container's own file system, and on no volume."""
    there = next((parent for parent in path.parents if parent.exists()), pathlib.Path("/"))
    return os.stat(there).st_dev == os.stat("/").st_dev
