# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What enrolling one node costs, against an empty playbook of as many tasks and NetBox's own time for the same requests.

    python3 tests/benchmarks/bench.py [--runs N]

Needs a lab NetBox in NETBOX_URL and NETBOX_TOKEN, with planned devices to spend: two for each run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from netbox_proxy import NetboxProxy  # noqa: E402  # pylint: disable=wrong-import-position

TARGET = 1.6


def main() -> int:
    """Print the figures and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    url, token = os.environ["NETBOX_URL"].rstrip("/"), os.environ["NETBOX_TOKEN"]
    session = requests.Session()
    session.headers["Authorization"] = ("Bearer " if token.startswith("nbt_") else "Token ") + token
    planned = listed(session, url, {"status": "planned", "has_primary_ip": "true", "limit": 1000})
    usable = [device["id"] for device in planned if device["name"] and device["primary_ip4"] and device["primary_ip6"]]
    needed = 2 * arguments.runs + 2
    if len(usable) < needed:
        print("bench needs {0} planned devices with a name and both loopbacks; NetBox has {1}".format(needed, len(usable)), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        return measure(session, url, usable, arguments, pathlib.Path(directory))


def measure(session: requests.Session, url: str, usable: list[int], arguments: argparse.Namespace, directory: pathlib.Path) -> int:
    """Interleave the three, so that a noisy machine is noisy for all of them."""
    seen, tasks = count(url, usable.pop(), directory)
    asserts = directory / "asserts.yml"
    asserts.write_text(assert_playbook(tasks), encoding="utf-8")
    bare_requests(session, url, usable.pop())  # NetBox's first answers are slower
    times: dict[str, list[float]] = {"ours": [], "asserts": [], "netbox": []}
    for _run in range(arguments.runs):
        times["asserts"].append(timed(["ansible-playbook", str(asserts)], directory)[0])
        times["netbox"].append(bare_requests(session, url, usable.pop()))
        times["ours"].append(timed(create(usable.pop()), directory)[0])
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["ours"] / (medians["asserts"] + medians["netbox"])
    listings = sum(1 for method, path in seen if method == "GET" and "status=planned" in path or "/?id=" in path and method == "GET")
    print("one node, median of {0} runs".format(arguments.runs))
    print("  requests to NetBox             {0}: {1}".format(len(seen), " ".join(method for method, _path in seen)))
    print("  ours                           {0:.2f} s".format(medians["ours"]))
    print("  {0:2} assert tasks                {1:.2f} s".format(tasks, medians["asserts"]))
    print("  the same requests to NetBox    {0:.2f} s".format(medians["netbox"]))
    print("  ours / (asserts + NetBox)      {0:.2f}   (target: at most {1})".format(ratio, TARGET))
    if arguments.json:
        figures = {
            "date": datetime.date.today().isoformat(),
            "seconds": times,
            "requests": seen,
            "tasks": tasks,
            "ratio": ratio,
            "listings": listings,
        }
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def count(url: str, device_id: int, directory: pathlib.Path) -> tuple[list[tuple[str, str]], int]:
    """The requests that one enrolment makes, seen by a proxy, and how many tasks it has."""
    with NetboxProxy(url) as proxy:
        output = timed(create(device_id), directory, NETBOX_URL=proxy.url, NODEFLOW_STORE=str(directory / "counted.db"))[1]
        return proxy.requests, output.count("\nTASK [")


def create(device_id: int) -> list[str]:
    """The command that enrols one device."""
    return ["ansible-playbook", "nodeflow.orchestrator.create_node", "-e", "nodes={0}".format(device_id), "-e", "confirm_config=true"]


def timed(command: list[str], directory: pathlib.Path, **environment: str) -> tuple[float, str]:
    """Wall time in seconds, and what it printed. Ends the benchmark if the command fails."""
    settings = {"NODEFLOW_STORE": str(directory / "store.db"), "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    start = time.perf_counter()
    done = subprocess.run(command, env=os.environ | settings | environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit("{0} failed:\n{1}{2}".format(" ".join(command), done.stdout, done.stderr))
    return seconds, done.stdout


def assert_playbook(tasks: int) -> str:
    """A playbook that does nothing in so many tasks."""
    lines = ["- hosts: localhost", "  connection: local", "  gather_facts: false", "  tasks:"]
    for number in range(tasks):
        lines += ["    - name: Assert {0}".format(number), "      ansible.builtin.assert:", "        that: true", "        quiet: true"]
    return "\n".join(lines) + "\n"


def bare_requests(session: requests.Session, url: str, device_id: int) -> float:
    """The seconds that NetBox takes for the requests of one enrolment, made by a bare script."""
    start = time.perf_counter()
    device = listed(session, url, {"id": device_id, "limit": 250})[0]
    write(session, url, device, "staged")
    device = listed(session, url, {"id": device_id, "limit": 250})[0]
    write(session, url, device, "active")
    return time.perf_counter() - start


def listed(session: requests.Session, url: str, filters: dict[str, object]) -> list[dict]:
    """Devices, with the fields that ours asks for."""
    fields = "id,name,status,site,role,platform,primary_ip4,primary_ip6,last_updated"
    answer = session.get(url + "/api/dcim/devices/", params={**filters, "fields": fields}, timeout=120)
    answer.raise_for_status()
    return answer.json()["results"]


def write(session: requests.Session, url: str, device: dict, status: str) -> dict:
    """A conditional bulk PATCH of one device."""
    etag = 'W/"{0}"'.format(device["last_updated"].replace("Z", "+00:00"))
    change = [{"id": device["id"], "status": status, "changelog_message": "bench"}]
    answer = session.patch(url + "/api/dcim/devices/", json=change, headers={"If-Match": etag}, timeout=120)
    answer.raise_for_status()
    return answer.json()[0]


if __name__ == "__main__":
    sys.exit(main())
