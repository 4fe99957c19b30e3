# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report in a real browser, and its playbook: for whoever looks after many nodes, with a mouse, a keyboard, a screen reader or a telephone.

The stores are filled with SQL, so no NetBox is needed.
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading

import pytest
import yaml

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._reports.page import data_of
from browser import Watched, chromium
from fake_netbox import LAB
from filled_store import NETBOX, FilledStore
from in_process import call_module
from player import Player

MANY = 5000
ENDS = {3: "failed", 7: "suspended", 11: "interrupted", 15: "running", 19: "aborted"}

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "<!--<script>",
    "{{ 7 * 7 }}${7*7}`",
    "\u202egnp.exe",
    "__proto__",
    '=HYPERLINK("http://evil.test")',
    "a" * 200,
]

FINDINGS = [
    {"device": "node-3 (loc4, 3)", "device_id": 3, "problem": "status", "store": "active", "netbox": "offline", "message": "node-3 is offline"},
    {"device": "node-9 (loc3, 9)", "device_id": 9, "problem": "device_gone", "store": None, "netbox": None, "message": "node-9 is gone"},
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def watched(browser):
    """Opens pages; at the end, none of them may have asked for anything but itself, complained, or popped up a dialog."""
    opened = []

    def new(where, **context):
        opened.append(Watched(browser, **({"viewport": {"width": 1280, "height": 900}} | context)))
        return opened[-1].open(where)

    yield new
    for one in opened:
        assert len(one.requests) == 1 and one.complaints == [], (one.requests, one.complaints)
        one.close()


def written(directory, count, name="node-{0}", end=lambda number: ENDS.get(number % 200, "completed"), **options):
    """The file of a report on a store with so many enrolments."""
    store = FilledStore(directory / "store.db", count, end, name)
    result = call_module("report", {"store": store.location, "dest": str(directory / "report.html")} | options)
    assert not result.get("failed"), result
    return directory / "report.html"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return written(tmp_path_factory.mktemp("many"), MANY)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return written(tmp_path_factory.mktemp("few"), 30, findings=FINDINGS, validated_at="2026-11-23T05:52:17Z")


def rows(page, section="subscriptions"):
    """The first cells of the rows that are shown."""
    return [text.partition("\n")[0] for text in page.locator(f"#{section} tbody td:first-child").all_inner_texts()]


def status(page, section="subscriptions"):
    return page.locator(f"#{section} [role=status]").inner_text()


def press(page, name, section="subscriptions"):
    page.locator("#" + section).get_by_role("button", name=name, exact=True).click()


def search(page, text, section="subscriptions"):
    page.get_by_label("Search " + section).fill(text)


def unfold(card):
    """Open the steps of a process; the browser says that they were opened some time after the click."""
    card.locator("summary").click()
    card.get_by_role("list", name="Steps").wait_for()


# Many


def test_thousands_open_at_once_and_a_page_of_them_is_drawn(watched, many):
    page = watched(many)
    assert status(page) == "1 to 25 of 5,000" and len(rows(page)) == 25
    assert page.evaluate("document.querySelectorAll('*').length") < 1500
    for text in ("active 4,875", "provisioning 100", "terminated 25", "failed 25", "suspended 25", "interrupted 25"):
        assert page.get_by_role("button", name=text, exact=True).is_visible()
    assert "75 to continue" in page.get_by_role("link", name=re.compile("Processes")).inner_text()


def test_the_search_finds_every_field_and_takes_several_words(watched, many):
    page = watched(many)
    for text, found in (
        ("node-4998", "1 to 1 of 1"),
        ("LOC3 core node-49", "1 to 8 of 8"),
        ("2001:db8::1388/128", "1 to 1 of 1"),
        ("wrong rack", "1 to 25 of 25"),
        ("no such thing", "Nothing is found"),
        ("", "1 to 25 of 5,000"),
    ):
        search(page, text)
        assert status(page) == found, text


def test_every_column_sorts_numbers_by_their_size_and_both_ways(watched, many):
    page = watched(many)
    press(page, "Device")
    assert rows(page)[:3] == ["node-1", "node-2", "node-3"]
    assert page.locator("#subscriptions th[aria-sort]").get_attribute("aria-sort") == "ascending"
    press(page, "Device")
    assert rows(page)[:2] == ["node-5000", "node-4999"]
    assert page.locator("#subscriptions th[aria-sort]").get_attribute("aria-sort") == "descending"
    press(page, "IPv4")
    assert rows(page)[:3] == ["node-1", "node-2", "node-3"]
    for label in ("Site", "Role", "Platform", "Lifecycle", "In sync", "IPv6", "Customer", "Since", "Process"):
        press(page, label)
        assert page.locator("#subscriptions th[aria-sort=ascending]").inner_text().strip() == label
    press(page, "Since")
    press(page, "Since")
    assert page.locator("#subscriptions td[data-label=Since]").first.inner_text() == "2026-11-23 06:23:20"


def test_a_lifecycle_is_filtered_and_pages_are_turned(watched, many):
    page = watched(many)
    press(page, "provisioning 100")
    assert status(page) == "1 to 25 of 100" and rows(page)[:2] == ["node-3", "node-7"]
    assert page.get_by_role("button", name="provisioning 100").get_attribute("aria-pressed") == "true"
    press(page, "Next")
    assert status(page) == "26 to 50 of 100"
    press(page, "Last")
    assert status(page) == "76 to 100 of 100"
    assert page.locator("#subscriptions").get_by_role("button", name="Next").get_attribute("aria-disabled") == "true"
    search(page, "loc1")
    assert status(page) != "76 to 100 of 100" and status(page).startswith("1 to")
    press(page, "provisioning 100")
    search(page, "")
    assert status(page) == "1 to 25 of 5,000"


def test_what_a_page_leaves_out_is_counted_and_can_be_listed(watched, tmp_path):
    file = written(tmp_path, 6000, findings=[FINDINGS[0] | {"message": "x" * 500, "device_id": number} for number in range(2000)])
    page = watched(file)
    assert status(page) == "1 to 25 of 5,000" and page.get_by_role("button", name="active 5,850", exact=True).is_visible()
    section = page.locator("#subscriptions")
    assert "This page has 5,000 of 6,000 subscriptions" in section.inner_text() and "subscription_info -a 'dest=" in section.locator("code").inner_text()
    assert "of 6,000 processes" in page.locator("#processes").inner_text() and "90 to continue" in page.locator("header").inner_text()
    assert "of 2,000 findings" in page.locator("#drift").inner_text()
    search(page, "node-1302")
    assert section.locator("td[data-label=Process]").inner_text() == "completed" and section.locator("td[data-label=Process] button").count() == 0
    page = watched(file.as_uri() + "#00000000-0000-0001-0000-000000000001")  # the link of NetBox, of a subscription that was left out
    assert status(page) == status(page, "processes") == "Nothing is found"


# Processes


def test_those_that_somebody_must_continue_come_first_with_the_command(watched, few):
    page = watched(few)
    cards = page.locator("#processes .processes > li")
    shown = [cards.nth(place).locator(".head").inner_text().split() for place in range(5)]
    assert [words[0] for words in shown] == ["failed", "suspended", "interrupted", "running", "completed"]
    process_id = "00000000-0000-0002-0000-00000000000"
    assert cards.nth(0).locator("code").all_inner_texts() == [
        f"ansible-playbook nodeflow.orchestrator.resume -e process_ids={process_id}3",
        f"ansible-playbook nodeflow.orchestrator.abort -e process_ids={process_id}3",
    ]
    assert "was set to offline in NetBox" in cards.nth(0).inner_text()
    assert cards.nth(1).locator("code").first.inner_text().endswith(f"resume -e process_ids={process_id}7 -e confirm_config=true")
    assert cards.nth(3).locator("code").count() == 0


def test_a_process_shows_its_steps_when_it_is_opened(watched, few):
    page = watched(few)
    assert page.locator("ol").count() == 0
    card = page.locator("#processes .processes > li").first
    unfold(card)
    steps = card.get_by_role("list", name="Steps").get_by_role("listitem").all_inner_texts()
    assert len(steps) == 8 and steps[0].startswith("initial_input_form success attempt 1, 20 ms, 2026-11-23 05:00:03, ann@workstation")
    assert steps[-1].startswith("update_node_in_netbox failed") and "was set to offline" in steps[-1]
    running = page.locator("#processes .processes > li").nth(3)
    unfold(running)
    assert "Held by its run until" in running.inner_text() and "set_status comes next" in running.inner_text()


def test_a_command_is_copied(watched, few):
    page = watched(few, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=re.compile("^Copy: .*resume")).first.click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("ansible-playbook nodeflow.orchestrator.resume -e process_ids=")


def test_devices_are_linked_to_netbox(watched, few):
    page = watched(few)
    link = page.locator("#subscriptions").get_by_role("link", name="node-1", exact=True)
    assert link.get_attribute("href") == NETBOX + "/dcim/devices/1/" and "noreferrer" in link.get_attribute("rel")
    assert page.locator("#drift").get_by_role("link").first.get_attribute("href") == NETBOX + "/dcim/devices/3/"
    assert {one.split("/dcim/")[0] for one in page.locator("main a").evaluate_all("links => links.map((one) => one.href)")} == {NETBOX}


def test_the_link_in_netbox_leads_to_one_subscription_and_its_processes(watched, few):
    page = watched(few.as_uri() + "#00000000-0000-0001-0000-000000000003")
    assert rows(page) == ["node-3"] and status(page) == status(page, "processes") == "1 to 1 of 1"
    for unknown in ("#drift", "#%", "#00000000-0000-0001-0000-000000000099"):
        assert status(watched(few.as_uri() + unknown)) == "1 to 25 of 30"


# Drift


def test_what_a_validation_found_is_a_table(watched, few, many):
    page = watched(few)
    assert "What a validation at 2026-11-23 05:52:17 found to differ" in page.locator("#drift").inner_text()
    assert rows(page, "drift") == ["node-3 (loc4, 3)", "node-9 (loc3, 9)"]
    search(page, "offline", "findings")
    assert rows(page, "drift") == ["node-3 (loc4, 3)"]
    assert "Not validated" in watched(many).locator("#drift").inner_text()


def test_findings_are_told_in_words_and_a_device_that_is_gone_has_no_link(watched, few):
    page = watched(few)
    problems = page.locator("#drift td[data-label=Problem]").all_inner_texts()
    assert problems == ["the status differs", "the device is not in NetBox any more"]
    for section, linked in (("#drift", ["node-3 (loc4, 3)"]), ("#subscriptions", ["node-3"])):
        links = page.locator(section + " tbody").get_by_role("link").all_inner_texts()
        assert [name for name in links if name.startswith(("node-3", "node-9"))] == linked
    search(page, "node-9", "processes")
    unfold(page.locator("#processes .processes > li").first)
    assert page.locator("#processes").get_by_role("link").count() == 0


def test_a_validation_that_found_nothing_says_so(watched, tmp_path):
    assert "A validation found no difference." in watched(written(tmp_path, 1, findings=[])).locator("#drift").inner_text()


def test_an_empty_store_says_so(watched, tmp_path):
    page = watched(written(tmp_path, 0))
    assert status(page) == "There are no subscriptions" and status(page, "processes") == "There are no processes"


# For everybody


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText.trim() ?? ''")


def test_everything_can_be_done_with_the_keyboard(watched, few):
    page = watched(few)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the subscriptions" and page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    order = []
    for _press in range(25):
        page.keyboard.press("Tab")
        order.append(focused(page))
        if page.evaluate("document.activeElement.type") == "search":
            page.keyboard.type("node-3")
            order[-1] = "search"
        if order[-1] == "Device":
            page.keyboard.press("Enter")
        if order[-1].startswith("failed: the latest process of node-3"):
            break
    assert order[0].startswith("all") and order.index("search") < order.index("Device") < len(order) - 1
    assert page.locator("#subscriptions th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY" and "node-3" in focused(page)
    page.get_by_role("list", name="Steps").wait_for()
    page.keyboard.press("Space")
    page.get_by_role("list", name="Steps").wait_for(state="hidden")
    page.keyboard.press("Tab")
    assert focused(page) == "First"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert focused(page).startswith("Copy: ansible-playbook nodeflow.orchestrator.resume")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_it_can_be_read_out(watched, few):
    page = watched(few)
    nameless = "all => all.filter((one) => !(one.innerText.trim() || one.ariaLabel || one.labels?.length)).length"
    assert page.locator("button, a, input").evaluate_all(nameless) == 0
    assert page.locator("table:not([aria-labelledby]), section:not([aria-labelledby]), nav:not([aria-label])").count() == 0
    ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids)) and page.locator("html").get_attribute("lang") == "en"
    headings = page.locator("h1, h2, h3").evaluate_all("all => all.map((one) => one.tagName)")
    assert headings == ["H1", "H2", "H2", "H2"]


CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) => 0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!hasText || !element.checkVisibility()) continue;
    const both = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    found[`${element.tagName} ${element.className} ${element.textContent.slice(0, 20)}`] = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  }
  return found;
}"""

SET_HTML = "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'set'; } catch (error) { return error.name; } })()"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_legible(watched, few, scheme):
    page = watched(few, color_scheme=scheme)
    for place in range(4):
        page.locator("summary").nth(place).click()
    page.get_by_role("list", name="Steps").nth(3).wait_for()
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 50 and {name: value for name, value in contrasts.items() if value < 4.5} == {}
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]


def test_a_telephone_needs_no_scrolling_to_the_side(watched, few):
    page = watched(few, viewport={"width": 360, "height": 800})
    for place in range(4):
        page.locator("summary").nth(place).click()
    page.get_by_role("list", name="Steps").nth(3).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    beyond = "all => all.filter((one) => one.checkVisibility() && !one.closest('.skip') && one.getBoundingClientRect().right > 361).length"
    assert page.locator("body *").evaluate_all(beyond) == 0
    assert page.locator("td[data-label=Platform]").first.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Platform"'
    press(page, "Device")
    assert page.get_by_role("row").count() > 25 and page.get_by_role("columnheader", name="Device").first.is_visible()


BROKEN_WORDS = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll("td, th")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const word of node.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}"""

LONG = {
    "node_name": "fra1-spine-01.dc.example.org",
    "ipv4_loopback": "10.177.230.123/32",
    "ipv6_loopback": "2001:db8:1234:5678:9abc:def0:1234:5678/128",
}


@pytest.fixture(scope="module")
def long_values(tmp_path_factory):
    """A report on devices whose values are as long as those of a large network."""
    directory = tmp_path_factory.mktemp("long")
    store = FilledStore(directory / "store.db", 30, lambda number: ENDS.get(number, "completed"))
    for field, value in LONG.items():
        store.change(f"UPDATE subscriptions SET block = json_set(block, '$.node.{field}', ?)", value)
    facts = {"site": "frankfurt-am-main-1", "role": "provider-edge-router", "platform": "juniper_junos_evolved"}
    for field, value in facts.items():
        store.change(f"UPDATE processes SET state = json_set(state, '$.device.{field}', ?)", value)
    assert not call_module("report", {"store": store.location, "dest": str(directory / "report.html"), "findings": FINDINGS}).get("failed")
    return directory / "report.html"


@pytest.mark.parametrize("width", [1024, 1300, 1920, 2560])
@pytest.mark.parametrize("values", ["few", "long_values"])
def test_no_word_is_broken_on_a_desktop(watched, request, values, width):
    page = watched(request.getfixturevalue(values), viewport={"width": width, "height": 900})
    assert page.evaluate(BROKEN_WORDS) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(("values", "width", "cards"), [("few", 1300, False), ("few", 1920, False), ("long_values", 1920, False), ("few", 600, True)])
def test_a_table_has_columns_where_there_is_room_for_them(watched, request, values, width, cards):
    page = watched(request.getfixturevalue(values), viewport={"width": width, "height": 900})
    shown = page.locator("#subscriptions table")
    assert ("cards" in (shown.get_attribute("class") or "").split()) is cards
    page.set_viewport_size({"width": 360, "height": 900})
    page.wait_for_selector("#subscriptions table.cards")


# Whoever names a device


@pytest.mark.parametrize("width", [1280, 360])
def test_hostile_names_stay_text(watched, tmp_path, width):
    store = FilledStore(tmp_path / "store.db", len(HOSTILE), lambda number: "failed")
    for number, name in enumerate(HOSTILE, 1):
        facts = {"id": number, "name": name, "site": name, "role": name, "platform": name}
        store.change(
            "UPDATE subscriptions SET block = json_set(block, '$.node.node_name', ?), description = ?, note = ?, customer_id = ? "
            "WHERE json_extract(block, '$.node.node_id') = ?",
            *(name, name, name, name, number),
        )
        store.change(
            "UPDATE processes SET state = json_object('device', json(?)), error = ?, actor = ?, step = ?, workflow = ?, status = ? "
            "WHERE subscription_id = (SELECT subscription_id FROM subscriptions WHERE json_extract(block, '$.node.node_id') = ?)",
            *(json.dumps(facts), name, name, name[:70], name[:70], "failed", number),
        )
        store.change("UPDATE process_steps SET step = ?, status = ?, error = ?, actor = ?", name, name, name, name)
    findings = [{"device": name, "problem": name, "message": name, "store": name, "netbox": name, "subscription_id": name} for name in HOSTILE]
    file = tmp_path / "report.html"
    assert not call_module("report", {"store": store.location, "dest": str(file), "findings": findings}).get("failed")
    page = watched(file, viewport={"width": width, "height": 800})
    for place in range(page.locator("summary").count()):
        page.locator("summary").nth(place).click()
    page.get_by_role("list", name="Steps").first.wait_for()
    assert page.locator("script").count() == 2 and page.locator("img, svg, iframe, object, embed, [onerror], [onload]").count() == 0
    assert page.locator("#subscriptions tbody bdi").all_text_contents() == HOSTILE
    assert page.locator("#drift tbody bdi").all_text_contents() == HOSTILE
    for name in HOSTILE:
        search(page, name[:30])
        assert status(page).endswith("of 1"), name
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("({}).polluted === undefined && Object.keys(Object.prototype).length === 0")


def test_even_what_got_in_could_not_run_nor_reach_the_network(browser, few):
    one = Watched(browser)
    page = one.open(few)
    assert page.evaluate(SET_HTML) == "TypeError"
    page.evaluate("(() => { const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image); })()")
    assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'reached', (error) => error.name)") == "TypeError"
    assert any("Content Security Policy" in text for text in one.complaints)
    one.close()


def test_a_web_server_is_asked_for_the_page_and_for_nothing_else(browser, few):
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(few.parent)))
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    one = Watched(browser)
    page = one.open(f"http://127.0.0.1:{server.server_address[1]}/report.html")
    page.locator("summary").first.click()
    page.wait_for_timeout(1000)
    one.close()
    server.shutdown()
    assert asked == ["/report.html"] and one.complaints == []


# The playbook


@pytest.fixture
def play(tmp_path):
    """ansible-playbook with a filled store and no NetBox."""
    player = Player(LAB, tmp_path, FilledStore(tmp_path / "store.db", 10, lambda number: ENDS.get(number, "completed")))
    player.environment |= {"NETBOX_URL": None, "NETBOX_TOKEN": None}
    return player


def test_the_playbook_writes_the_report_once(play, tmp_path):
    expected = play("nodeflow.orchestrator.report", "--check", "--diff")
    assert expected.returncode == 0 and "would be written to" in expected.output and '+    "findings": null' in expected.output, expected.output
    assert not (tmp_path / "nodeflow-report.html").exists()
    done = play("nodeflow.orchestrator.report")
    assert (done.returncode, done.recap["changed"]) == (0, 1), done.output
    assert (tmp_path / "nodeflow-report.html").exists()
    again = play("nodeflow.orchestrator.report", "--diff")
    assert (again.returncode, again.recap["changed"]) == (0, 0) and "is unchanged in" in again.output, again.output
    assert play("nodeflow.orchestrator.report", report_mode="0600").recap["changed"] == 1
    assert (tmp_path / "nodeflow-report.html").stat().st_mode & 0o777 == 0o600


def test_both_ways_write_the_same(play, tmp_path):
    written_files = []
    for way, keywords in (("in-process", {}), ("ordinary", {"environment": {"LC_MESSAGES": "C"}})):
        names = {"report": "report.html", "subscription_info": "s.csv", "process_info": "p.json"}
        tasks = [
            {"name": module, "nodeflow.orchestrator." + module: {"dest": str(tmp_path / way / name)}, "diff": True} | keywords
            for module, name in names.items()
        ]
        tasks[0]["nodeflow.orchestrator.report"] |= {"findings": FINDINGS, "mode": "0644"}
        tasks[1]["nodeflow.orchestrator.subscription_info"] |= {"format": "csv"}
        done = play.tasks(yaml.safe_dump(tasks), "-vvv")
        assert done.returncode == 0 and ("AnsiballZ_report" in done.output) == (way == "ordinary"), done.output
        assert (done.recap["changed"], play.tasks(yaml.safe_dump(tasks)).recap["changed"]) == (3, 0)
        written_files.append({name: re.sub(rb"2\d\d\d-\d\d-\d\d[T ][\d:]{8}", b"", (tmp_path / way / name).read_bytes()) for name in names.values()})
    assert written_files[0] == written_files[1]


def test_a_store_in_postgresql_gives_the_same_page(postgresql, tmp_path):
    """The one test here that needs the lab, for its PostgreSQL."""
    ends = ENDS | {15: "failed"}  # a store with a process that is being worked on is not copied
    first = written(tmp_path, 40, end=lambda number: ends.get(number, "completed")).read_text(encoding="ascii")
    assert not call_module("copy_store", {"store": str(tmp_path / "store.db"), "target": postgresql.location}).get("failed")
    again = call_module("report", {"store": postgresql.location, "dest": str(tmp_path / "report.html")}, check_mode=True)
    assert not again["changed"], again
    assert call_module("report", {"store": postgresql.location, "dest": str(tmp_path / "other.html")})["changed"]
    assert data_of((tmp_path / "other.html").read_text(encoding="ascii")) == data_of(first)


def test_without_a_store_a_good_report_is_not_replaced(play, tmp_path):
    assert play("nodeflow.orchestrator.report").returncode == 0
    before = (tmp_path / "nodeflow-report.html").read_bytes()
    done = play("nodeflow.orchestrator.report", store=str(tmp_path / "other.db"))
    assert done.returncode == 2 and "There is no store there yet" in done.message
    assert (tmp_path / "nodeflow-report.html").read_bytes() == before
