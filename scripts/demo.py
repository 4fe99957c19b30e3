# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: enrol one device of the lab's NetBox, and show each command, so that you can type it yourself."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from make_venv import ROOT
from report import run_main

DEVICE = "loc1-core"


def main() -> int:
    """Play the demo, which the first step that fails ends."""
    asked = subprocess.run([sys.executable, str(ROOT / "lab" / "lab.py"), "env", "--json"], check=True, stdout=subprocess.PIPE, text=True)
    lab = json.loads(asked.stdout)
    store = Path(lab["log"]).parent / "demo-store.db"
    for file in store.parent.glob(store.name + "*"):
        file.unlink()  # NetBox is pristine, so the store must be too
    settings = {"NETBOX_URL": lab["url"], "NETBOX_TOKEN": lab["tokens"]["operator"], "NODEFLOW_STORE": str(store)}
    settings["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".venv" / "collections")
    for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "NETBOX_", "NODEFLOW_"))]:
        del os.environ[name]  # your own settings, which the demo must not depend on
    os.environ.update(settings, ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_INVENTORY_UNPARSED_WARNING="false")

    title("What to type first, to type the rest yourself")
    print(f". {ROOT / '.venv' / 'bin' / 'activate'}")
    for name, value in settings.items():
        print(f"export {name}={shlex.quote(value)}")

    title("The planned devices")
    for device in devices(lab, status="planned"):
        addresses = [(device[field] or {}).get("address", "-") for field in ("primary_ip4", "primary_ip6")]
        print(
            f"{device['id']:>4}  {device['site']['name']:<6}{platform(device):<15}{addresses[0]:<14}{addresses[1]:<18}{device['name'] or '(no name)'}"
        )

    title(f"{DEVICE} before")
    show_status(lab)

    title(f"Enrol {DEVICE}")
    enrol = ["ansible-playbook", "nodeflow.orchestrator.create_node", "-e", f"nodes={DEVICE}", "-e", "confirm_config=true"]
    run(*enrol)

    title("Its subscription")
    [device] = devices(lab, name=DEVICE)
    run("ansible", "localhost", "-m", "nodeflow.orchestrator.subscription_info", "-a", f"device_ids={device['id']}")

    title(f"{DEVICE} after")
    show_status(lab)

    title("The same again changes nothing")
    if "changed=0" not in run(*enrol):
        sys.exit("demo: the second run changed something")

    title("Look at it")
    print(f"{lab['url']}/dcim/devices/{device['id']}/    user {lab['username']}, password {lab['password']}")
    print("`make lab-down` stops this NetBox.")
    return 0


def title(text: str) -> None:
    """Say what comes next."""
    print(f"\n=== {text} ===", flush=True)


def run(*command: str) -> str:
    """Show a command, run it, show what it prints."""
    print(f"$ {shlex.join(command)}", flush=True)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(f"demo: {command[0]} ended with exit code {process.returncode}")
    return "".join(lines)


def devices(lab: dict, **filters: str) -> list[dict]:
    """Ask NetBox itself."""
    query = urlencode({**filters, "limit": 100})
    request = urllib.request.Request(f"{lab['url']}/api/dcim/devices/?{query}", headers={"Authorization": f"Bearer {lab['token']}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return json.load(answer)["results"]


def show_status(lab: dict) -> None:
    """Show what NetBox says of the device."""
    [device] = devices(lab, name=DEVICE)
    print(f"status in NetBox: {device['status']['value']}")


def platform(device: dict) -> str:
    """Return the platform's slug."""
    return device["platform"]["slug"] if device["platform"] else "-"


if __name__ == "__main__":
    run_main("demo", main)
