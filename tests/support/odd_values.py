# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that nobody expects, for hypothesis to try: any JSON, names in any script, numbers of any size."""

from __future__ import annotations

import json
import typing as t

from hypothesis import strategies as st

ODD_TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            " ",
            "\x00",
            "a\x1b[31mred\x07",
            "two\nlines\r",
            "\u202eltr",
            "\u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627",
            "\U0001f600\u200d\U0001f680",
            "x" * 5000,
            "{{ 7 * 7 }}",
            "{0} %s {name}",
            "../../etc/passwd",
            "'; DROP TABLE subscriptions; --",
            "-1",
            "1e999",
            "NaN",
            "null",
        ]
    ),
)

NUMBERS = st.one_of(st.integers(-3, 300), st.sampled_from([2**31, 2**63, 2**64, -(2**63) - 1, 10**30]))

PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, st.floats(), ODD_TEXT)

JSON = st.recursive(PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD_TEXT, inner, max_size=3)), max_leaves=6)


def as_json(value: t.Any) -> bytes:
    """A value as a web server would send it. Python writes NaN, which is no JSON, and which our own parser takes."""
    return json.dumps(value).encode("utf-8", "surrogatepass")
