# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the picture of the report: a page that the module report wrote, of a store that was filled as for its tests. No NetBox is needed.

make venv-test
.venv/bin/python docs/images/report_screenshot.py
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".venv" / "collections"), str(ROOT / "lab"), str(ROOT / "tests" / "support")]

from browser import Watched, chromium  # noqa: E402  # pylint: disable=wrong-import-position
from filled_store import FilledStore  # noqa: E402  # pylint: disable=wrong-import-position
from in_process import call_module  # noqa: E402  # pylint: disable=wrong-import-position

PICTURE = ROOT / "docs" / "images" / "report.png"
ENDS = {3: "failed", 5: "suspended"}
FINDING = {
    "device": "r7 (loc1, 7)",
    "device_id": 7,
    "problem": "status",
    "store": "active",
    "netbox": "offline",
    "message": "r7 (loc1, 7) is offline in NetBox, and active here",
}


def main() -> None:
    """Store, page, picture."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        directory = pathlib.Path(name)
        store = FilledStore(directory / "store.db", 7, lambda number: ENDS.get(number, "completed"), "r{0}")
        store.change("DELETE FROM process_steps WHERE step IN ('initial_input_form', 'construct_node_model')")  # which leave no line in the log
        options = {"store": store.location, "dest": str(directory / "report.html"), "findings": [FINDING], "validated_at": "2026-11-23T05:52:17Z"}
        print(call_module("report", options)["msg"])
        page = Watched(browser, viewport={"width": 1280, "height": 800}).open(directory / "report.html")
        page.locator("summary").first.click()
        page.get_by_role("list", name="Steps").wait_for()
        page.screenshot(path=PICTURE, full_page=True, clip={"x": 0, "y": 0, "width": 1280, "height": 1760})


if __name__ == "__main__":
    main()
