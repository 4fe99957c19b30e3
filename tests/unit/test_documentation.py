# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README and the guides, as their readers need them: short enough, with every link leading somewhere, and with nothing left out."""

from __future__ import annotations

import re
import urllib.parse

import pytest
import yaml

from playbook_files import MODULES, PLAYBOOKS, ROOT, options_of, tasks

README = ROOT / "README.md"
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
HERE = {f"{REPOSITORY}/blob/main/", REPOSITORY.replace("//github.com/", "//raw.githubusercontent.com/") + "/main/"}
"""What an absolute link to a file of ours begins with: the page of it, or the file itself, as a picture needs it."""
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, *(ROOT / name for name in ("CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "lab/README.md", "extensions/awx/project/README.md")), *GUIDES]
CERTIFICATION = ["Installation", "Requirements", "Use cases", "Testing", "Support", "Release notes", "License"]
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(page):
    """The text without its blocks of code."""
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def links(page):
    """Where the page leads to: texts and pictures."""
    return _LINK.findall(prose(page))


def headings(page):
    return _HEADING.findall(prose(page))


def anchors(page):
    """The anchors that GitHub gives to the headings of a page; to one that is there again, with a number."""
    texts = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings(page)]
    plain = [re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts]
    return [f"{anchor}-{before}" if (before := plain[:place].count(anchor)) else anchor for place, anchor in enumerate(plain)]


def of_ours(link, page):
    """The file of this repository that a link leads to, and the anchor in it; None where it leads elsewhere."""
    address, _hash, anchor = link.partition("#")
    for beginning in HERE:
        if address.startswith(beginning):
            return ROOT / urllib.parse.unquote(address.removeprefix(beginning)), anchor
    if "://" in address:
        return None
    return (page.parent / urllib.parse.unquote(address)).resolve() if address else page, anchor


def test_the_readme_is_read_to_its_end():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 140


def test_the_readme_has_what_certification_asks_for():
    assert [name for name in CERTIFICATION if name not in headings(README)] == []
    assert "make demo" in README.read_text(encoding="utf-8") and "make test" in README.read_text(encoding="utf-8")


def test_the_readme_works_on_galaxy_which_has_no_files_beside_it():
    assert [link for link in links(README) if not link.startswith("https://")] == []
    pictures = re.findall(r"!\[[^\]]*\]\(([^()\s]+)\)", prose(README))
    assert pictures and all(picture.startswith("https://raw.githubusercontent.com/") for picture in pictures)


def test_the_readme_leads_to_every_guide():
    led_to = {found[0] for link in links(README) if (found := of_ours(link, README))}
    assert [guide.name for guide in GUIDES if guide not in led_to] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_of_ours_leads_there(page):
    lost = []
    for link in links(page):
        found = of_ours(link, page)
        if found is None:
            continue
        file, anchor = found
        if not file.exists() or not file.is_relative_to(ROOT) or (anchor and anchor not in anchors(file)):
            lost.append(link)
    assert lost == []


def test_files_that_our_files_name_are_there():
    """As in ``see docs/enrol.md``: of playbooks, plugins and whatever else is no page."""
    files = [path for folder in ("playbooks", "plugins", "roles", "extensions") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yml")]
    named = {(path.name, name) for path in files for name in re.findall(r"\bdocs/\w+\.md\b", path.read_text(encoding="utf-8"))}
    assert named and [(file, name) for file, name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("anchor", ["Text", "`code`: with it", "One, two"])
def test_a_heading_that_is_there_twice_has_two_anchors(anchor, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# {anchor}\n\n## {anchor}\n\n```\n# {anchor}\n```\n", encoding="utf-8")
    first, second = anchors(page)
    assert second == f"{first}-1"


def section(heading):
    """What the settings say under a heading, and what is below it up to the next of any level."""
    [found] = re.findall(rf"^#+ {heading}$(.*?)(?=^#)", SETTINGS, re.DOTALL | re.MULTILINE)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_option_of_a_module_is_in_the_settings(module):
    """By name in the row of the module, or in the table of what every module takes; those of what is put to a URL are where the row says."""
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", section("Options of the modules"), re.MULTILINE))
    told = section("Where NetBox and the store are") + rows[module] + (rows["report"] if "as `report` has it" in rows[module] else "")
    assert [name for name in options_of(module) if f"`{name}`" not in told] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_environment_variable_is_in_the_settings(module):
    variables = {name for option in options_of(module).values() for name in option.get("fallback", (None, []))[1]}
    assert [name for name in sorted(variables) if f"`{name}`" not in SETTINGS] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_playbook_is_in_a_guide(playbook):
    """By the name that a person types or launches; the settings are no guide."""
    guides = [guide.read_text(encoding="utf-8") for guide in GUIDES if guide.name not in ("settings.md", "architecture.md")]
    assert any(f"nodeflow.orchestrator.{playbook}" in text or f"`{playbook}`" in text for text in guides)


def test_the_steps_of_the_enrolment_are_told_in_their_order():
    told = re.findall(r"^\| [^|]+ \| `(\w+)` \|", (ROOT / "docs" / "enrol.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert told == [step for task in tasks("create_node") if (step := step_of(task))]


def step_of(task):
    """The step that a task of a playbook does; None for Ansible's own tasks. The role has one."""
    ours = [key.rpartition(".")[2] for key in task if key.startswith("nodeflow.orchestrator.")]
    return "provide_config_to_user" if "ansible.builtin.import_role" in task else next(iter(ours), None)


def test_the_architecture_is_read_to_its_end():
    assert len((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split()) <= 2350


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "performance.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_words_are_those_that_we_chose(page):
    """Enrol, instead of, is at. What the soak printed is as it was printed."""
    text = re.sub(r"^\| NetBox: HTML .*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert re.findall(r"(?i)\bonboard\w*|\bin place of\b|\bstands? at\b", text) == []


def test_the_links_of_the_docs_site_lead_to_this_repository():
    shown = yaml.safe_load((ROOT / "docs" / "docsite" / "links.yml").read_text(encoding="utf-8"))
    assert f"https://github.com/{shown['edit_on_github']['repository']}" == REPOSITORY
    ours = [link["url"] for link in shown["extra_links"] if link["url"].startswith(REPOSITORY)]
    assert ours and [url for url in ours if (found := of_ours(url, README)) and not found[0].exists()] == []
