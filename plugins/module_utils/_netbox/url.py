# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The URL of a NetBox, in one spelling."""

from __future__ import annotations

import re
import urllib.parse

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError

__all__ = ["normal_url"]


def normal_url(url: str) -> str:
    """Return the URL of a NetBox in one spelling: lower-case scheme and host, no ``/api`` and no slash at the end. Keeps a base path.

    Raises NetboxError for what is no http or https URL, and for one with a user name or password in it.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
        (parts.hostname or "").encode("idna")  # raises for a label that is empty or too long
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        shown = "" if "@" in url else ": " + repr(url)
        raise NetboxError("netbox_url must read like https://netbox.example.org or https://example.org/netbox; this is no such URL" + shown)
    if parts.username or parts.password:
        raise NetboxError("netbox_url must not hold a user name or password; the token goes into netbox_token")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    netloc = host if port in (None, default) else f"{host}:{port}"
    path = re.sub(r"(/api)?/*$", "", parts.path)
    return urllib.parse.urlunsplit((parts.scheme.lower(), netloc, path, "", ""))
