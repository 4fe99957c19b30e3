# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a page: one HTML file that loads nothing, and what an older one says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.markup import MARKUP
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.script import SCRIPT
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.style import STYLE

__all__ = ["as_text", "data_of", "page", "written_at"]

_WRITTEN = re.compile(r'<time id="written" datetime="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)">')
_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def page(data: t.Mapping[str, t.Any], written: str) -> str:
    """Return the page that shows ``data``, JSON, and says that it was written at ``written``, ``2026-11-23T05:52:17Z``. ASCII only.

    The browser runs the script and applies the style that are meant, by their hashes, and no other; and it asks nobody for anything.
    """
    policy = (
        f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'"
    )
    return string.Template(MARKUP).substitute(
        policy=policy, style=STYLE, script=SCRIPT, data=as_text(data), written=written, written_text=written.replace("T", " ").rstrip("Z")
    )


def as_text(data: t.Any) -> str:
    """Return the data as the page has them: JSON, in ASCII."""
    # A < in the data could end the element that they are in; in JSON it only ever stands in a text, where it can be written otherwise.
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def written_at(text: str) -> str | None:
    """When a page says that it was written; None for what is no such page."""
    found = _WRITTEN.search(text)
    return found.group(1) if found else None


def data_of(text: str) -> t.Any:
    """Return the data in a page; None for what is no such page, or was cut off."""
    found = _DATA.search(text)
    try:
        return json.loads(found.group(1)) if found else None
    except ValueError:
        return None


def _hash(content: str) -> str:
    """Return how a content security policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode('utf-8')).digest()).decode('ascii')}'"
