# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab comes up, stays up, is pristine after a reset, and repairs what broke."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from lab_under_test import NAME, run_lab

from processes import find

DEMO_DEVICES = 17


def gunicorn(lab) -> list[int]:
    """The pids of the lab's NetBox, its main process first."""
    return find("gunicorn", Path(lab.facts["log"]).parent / "netbox" / "gunicorn.conf.py")


def count(lab, query: str = "") -> int:
    return lab.api(f"dcim/devices/?limit=1{query}", lab.facts["token"])[1]["count"]


def test_up_again_does_nothing(lab):
    before = gunicorn(lab)
    assert before
    assert "up already" in lab("up")
    assert gunicorn(lab) == before


def test_env_prints_what_works_in_a_shell(lab):
    script = f'eval "$({sys.executable} {Path(__file__).parents[2]}/lab/lab.py env --name {NAME})" && printf "%s\\n%s" "$NETBOX_URL" "$NETBOX_TOKEN"'
    url, token = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    request = urllib.request.Request(f"{url}/api/status/", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "name, reads, writes",
    [("admin", 200, 200), ("admin_v1", 200, 200), ("operator", 200, 200), ("read_only", 200, 403), ("write_disabled", 200, 403), ("none", 403, 403)],
)
def test_each_token_may_do_what_its_name_says(lab, name, reads, writes):
    facts = lab.facts
    device = lab.api("dcim/devices/?name=loc4-access", facts["token"])[1]["results"][0]["id"]
    token = facts["tokens"][name]
    assert lab.api("dcim/devices/?limit=1", token)[0] == reads
    assert lab.api(f"dcim/devices/{device}/", token, "PATCH", {"comments": name})[0] == writes


def test_the_demo_has_every_kind_of_device(lab):
    planned = lab.api("dcim/devices/?status=planned&limit=0", lab.facts["token"])[1]["results"]
    families = {(bool(device["primary_ip4"]), bool(device["primary_ip6"])) for device in planned}
    names = [device["name"] for device in planned]
    assert families == {(True, True), (True, False), (False, True), (False, False)}
    assert None in names and "東京-コア" in names and "Київ-ядро" in names
    assert len({device["site"]["slug"] for device in planned if device["name"] == "mgmt"}) == 2
    assert any(device["primary_ip4"] and device["primary_ip4"]["address"].endswith("/24") for device in planned)


def test_reset_gives_a_pristine_netbox_at_the_same_url(lab):
    url, running = lab.facts["url"], gunicorn(lab)
    lab("devices", "--count", "3", "--prefix", "extra")
    assert count(lab, "&name__isw=extra-") == 3
    lab("reset")
    assert (count(lab), lab.facts["url"]) == (DEMO_DEVICES, url)
    assert gunicorn(lab) == running, "a reset need not restart NetBox"


def test_a_killed_netbox_and_a_killed_postgresql_come_back_with_their_data(lab):
    facts, cluster = lab.facts, Path(lab.settings["postgres_home"]) / "data"
    lab.api("dcim/devices/1/", facts["token"], "PATCH", {"comments": "kept"})
    os.kill(gunicorn(lab)[0], signal.SIGKILL)
    os.kill(find("postgres", cluster)[0], signal.SIGKILL)
    assert run_lab("env", "--name", NAME).returncode == 1
    lab("up")
    assert lab.api("dcim/devices/1/", facts["token"])[1]["comments"] == "kept"


def test_workers_and_rqworker_are_as_asked_and_a_reset_keeps_them(lab):
    def workers():
        jobs = lab.api("status/", lab.facts["token"])[1]["rq-workers-running"]
        return len(gunicorn(lab)) - 1, jobs  # without gunicorn's main process

    lab("up", "--workers", "1", "--rqworker")
    assert workers() == (1, 1)
    lab("reset")
    assert workers() == (1, 1)
    lab("up", "--workers", "2", "--no-rqworker")
    assert workers() == (2, 0)


def test_pages_have_their_style(lab):
    with urllib.request.urlopen(f"{lab.facts['url']}/static/netbox.css", timeout=60) as response:
        assert response.headers["Content-Type"] == "text/css" and len(response.read()) > 100_000


def test_state_is_for_its_owner_only(lab):
    directory = Path(lab.facts["log"]).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "lab.json").stat().st_mode) == 0o600


def test_down_spares_a_stranger_that_names_our_files(lab):
    config = Path(lab.facts["log"]).parent / "netbox" / "gunicorn.conf.py"
    with subprocess.Popen(["tail", "-f", str(config)], stdout=subprocess.DEVNULL) as stranger:
        try:
            lab("down")
            assert find("gunicorn", config) == [] and stranger.poll() is None
        finally:
            stranger.kill()
    lab("up")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["env", "--name", "never-made"], "is not up"),
        (["status", "--name", "../etc"], "is no name for a lab"),
        (["up", "--name", "never-made", "--netbox-version", "3.7.8"], "is no version of NetBox that the lab can run"),
        (["devices", "--count", "none"], "is not a number of devices"),
    ],
)
def test_mistakes_get_a_sentence(arguments, sentence, tmp_path):
    done = run_lab(*arguments, environment={"XDG_STATE_HOME": str(tmp_path)})
    assert done.returncode != 0
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_a_lab_whose_settings_are_damaged_can_be_purged(tmp_path):
    home, cluster = tmp_path / "nodeflow-lab" / "never-made", tmp_path / "cluster"
    for directory in (home, cluster):
        directory.mkdir(parents=True)
    (home / "lab.json").write_text(f'{{"version": "4.7.3", "postgres_home": "{cluster}", "tok', encoding="utf-8")
    asked = ("down", "--name", "never-made")
    refused, purged = (run_lab(*asked, *more, environment={"XDG_STATE_HOME": str(tmp_path)}) for more in ((), ("--purge",)))
    assert refused.returncode == 1 and "is damaged: remove the lab with `down --purge`" in refused.stderr
    assert purged.returncode == 0, purged.stderr
    assert not home.exists() and not cluster.exists()


def test_a_state_directory_that_cannot_be_made_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = run_lab("up", environment={"XDG_STATE_HOME": str(tmp_path / "file")})
    assert done.returncode == 1
    assert "cannot be used" in done.stderr and "Traceback" not in done.stderr
