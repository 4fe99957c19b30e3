# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of the client that cannot be right, and the proxies that the environment names; said to the letter (see ``recorded_scene``)."""

from __future__ import annotations

import typing as t

import pytest
import requests

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import trouble
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from recorded_scene import Scene, scene

__all__ = ["scene"]

TOKEN = "nbt_KEY.secretsecretsecret"


@pytest.mark.parametrize(
    "settings",
    [
        {"url": None},
        {"url": "http://netbox.test", "token": " "},
        {"url": "http://netbox.test", "token": None},
        {"url": "http://netbox.test", "token": "a\nb"},
        {"url": "http://netbox.test", "token": "ä"},
        {"url": "https://netbox.test", "ca_path": "/nowhere"},
        {"url": "https://netbox.test", "ca_path": "/dev/null"},
    ],
)
def test_settings_that_cannot_be_right(scene: Scene, settings: dict[str, t.Any]) -> None:
    with pytest.raises(NetboxError) as error:
        NetboxClient(**{"token": TOKEN} | settings)
    scene.note("says", str(error.value))


PROXIES = ("proxy.test", "http://proxy.test:3128/", "https://u:p%40ss@proxy.test", "socks5://[::1]:1080", "ftp://proxy.test", "http://u:a/b@proxy.test:80")
PROXIES += ("http://proxy.test:port", "http://:80", "http://u:a#b@proxy.test", "")


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"], ids=["small", "large", "of_all", "of_https"])
def test_the_proxy_of_the_environment(scene: Scene, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for value in PROXIES:
        monkeypatch.setenv(variable, value)
        for url in ("http://netbox.test", "https://netbox.test", "http://other.test"):
            monkeypatch.setenv("NO_PROXY", "other.test")
            try:
                found = trouble.proxy_for(url)
                scene.note(f"{value} {url}", [found, str(found)] if found else None)
            except NetboxError as error:
                scene.note(f"{value} {url}", str(error))


def test_what_is_said_of_a_proxy(scene: Scene) -> None:
    proxy = trouble.Proxy("http://proxy.test", "http://proxy.test", "HTTP_PROXY", ())
    scene.note("log in", [trouble.how_to_log_in(one) for one in (proxy, None)])
    scene.note("through", [trouble.through(one) for one in (proxy, None)])
    error = requests.exceptions.SSLError("x")
    scene.note("another setting", [trouble.tls_sentence(error, "https://x.test", proxy, "dest"), trouble.unreachable(error, "https://x.test", None, "it")])
