# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docs site: for whoever reads it, and follows a link."""

from __future__ import annotations

import html.parser
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

import pytest

import build_site

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it."""
    directory = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "build_site.py"), str(directory)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


class Page(html.parser.HTMLParser):
    """The places that a page has, and those that it leads to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what it is called and where it leads."""
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.ids.add(value or "")
            elif name in ("href", "src") and value:
                self.links.add(value)


def test_each_guide_and_each_module_has_a_page(site):
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    guides = {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    modules = {f"collections/nodeflow/orchestrator/{path.stem}_module.html" for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__"}
    others = {"index.html", "contributing.html", "troubleshooting.html", "collections/nodeflow/orchestrator/subscriptions_inventory.html"}
    assert (guides | modules | others) - pages == set()


def test_no_link_within_the_site_leads_nowhere(site):
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    lost = []
    for path, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("data:"):
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].ids):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


@pytest.mark.parametrize("link", ["nowhere.md", "index.md#no-such-heading", "#no-such-heading"])
def test_a_link_that_leads_nowhere_ends_the_build(tmp_path, link):
    shutil.copy2(ROOT / "docs" / "site" / "conf.py", tmp_path)
    (tmp_path / "index.md").write_text(f"# A page\n\n[a link]({link})\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and link.partition("#")[2] in done.stderr, done.stderr


def test_a_link_of_contributing_is_one_of_the_repositorys_root():
    text = build_site._as_in_docs("[a](docs/settings.md#x) [b](lab/README.md) [c](CODE_OF_CONDUCT.md) [d](https://example.org) [e](#f)")
    assert text == "[a](settings.md#x) [b](../lab/README.md) [c](../CODE_OF_CONDUCT.md) [d](https://example.org) [e](#f)"
