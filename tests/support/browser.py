# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's Chromium, headless, and a page in it that is watched: what it asks the network for, what it complains of, what it pops up."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import typing as t

from playwright.sync_api import Browser, Page, sync_playwright

from packages import install


def chromium_program() -> str:
    """The path of Chromium, which is installed if it is missing."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if not any(map(shutil.which, names)):
        install("chromium")
    return next(filter(None, map(shutil.which, names)))


@contextlib.contextmanager
def chromium() -> t.Iterator[Browser]:
    """A browser. It has no sandbox, since it must also run as root, and opens our own pages only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page of the report in the browser."""

    def __init__(self, browser: Browser, **context: t.Any) -> None:
        self.context = browser.new_context(**context)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)

    def _dialog(self, dialog: t.Any) -> None:
        self.complaints.append("dialog: " + dialog.message)
        dialog.dismiss()

    def open(self, where: pathlib.Path | str) -> Page:
        """The page, once its script has drawn it."""
        self.page.goto(where.as_uri() if isinstance(where, pathlib.Path) else where)
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def close(self) -> None:
        self.context.close()
