# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A NetBox of one's own, for trying out and for the tests: `python3 lab/lab.py up`. See lab/README.md."""

from __future__ import annotations

import argparse
import json
import os
import shlex

from instance import Instance
from netbox_install import check_version
from report import LabError, run_main, say


def main() -> int:
    options = _options()
    try:
        options.run(Instance(options.name, purged=getattr(options, "purge", False)), options)
    except KeyboardInterrupt:
        say("interrupted; the same command again goes on from here")
        return 130
    return 0


def up(instance: Instance, options: argparse.Namespace) -> None:
    instance.up(options.netbox_version, options.base_path, "empty" if options.empty else None, options.workers, options.rqworker)
    _say_where(instance)


def reset(instance: Instance, options: argparse.Namespace) -> None:
    instance.reset(options.netbox_version, options.base_path, "empty" if options.empty else "demo")
    _say_where(instance)


def down(instance: Instance, options: argparse.Namespace) -> None:
    say(f"lab '{instance.name}' is down" if instance.down() else f"lab '{instance.name}' was not up")


def status(instance: Instance, options: argparse.Namespace) -> None:
    for line in instance.status():
        print(line)


def env(instance: Instance, options: argparse.Namespace) -> None:
    facts = instance.facts()
    if options.json:
        print(json.dumps(facts, indent=2))
    else:
        print(f"export NETBOX_URL={shlex.quote(facts['url'])}")
        print(f"export NETBOX_TOKEN={shlex.quote(facts['token'])}")


def devices(instance: Instance, options: argparse.Namespace) -> None:
    added = instance.add_devices({"count": options.count, "prefix": options.prefix, "site": options.site, "status": options.status})
    say(f"added {added['count']} devices, the first is {added['first']} ({added['seconds']} s)")


def snapshot(instance: Instance, options: argparse.Namespace) -> None:
    say(f"wrote {os.path.relpath(instance.snapshot(options.netbox_version))}")


def _say_where(instance: Instance) -> None:
    facts = instance.facts()
    say(f"NetBox {facts['version']}: {facts['url']}/ (user {facts['username']}, password {facts['password']})")


def _options() -> argparse.Namespace:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--name", default=os.environ.get("NODEFLOW_LAB_NAME") or "demo", help="which lab (default: NODEFLOW_LAB_NAME, or demo)")
    version = argparse.ArgumentParser(add_help=False)
    version.add_argument("--netbox-version", type=_checked_version, help="NetBox's version (default: the lab's own, or the pinned one)")
    shape = argparse.ArgumentParser(add_help=False, parents=[version])
    shape.add_argument("--base-path", type=lambda text: text.strip("/"), help="serve NetBox below this path, e.g. netbox (default: as before, or none)")
    shape.add_argument("--empty", action="store_true", help="without the demo data")

    parser = argparse.ArgumentParser(prog="lab.py", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run, text, *parents):
        added = commands.add_parser(run.__name__, help=text, description=text, parents=[shared, *parents])
        added.set_defaults(run=run)
        return added

    raising = command(up, "bring the lab up, or repair it; does nothing when it is up", shape)
    raising.add_argument("--workers", type=int, choices=range(1, 17), metavar="N", help="gunicorn's worker processes (default: as before, or 2)")
    raising.add_argument("--rqworker", action=argparse.BooleanOptionalAction, help="run NetBox's worker for background jobs too (default: as before, or not)")
    command(reset, "a pristine NetBox with the demo data, in seconds", shape)
    command(down, "stop all of the lab's processes; its data stay").add_argument("--purge", action="store_true", help="remove its data as well")
    command(status, "what of the lab is running, and where")
    command(env, "URL and token, for eval in a shell").add_argument("--json", action="store_true", help="all that there is to know")
    many = command(devices, "add many planned devices with both loopbacks")
    many.add_argument("--count", type=_positive, required=True)
    many.add_argument("--prefix", default="bulk", help="names are PREFIX-00001 and so on (default: bulk)")
    many.add_argument("--site", default="bulk", help="slug of the site, made if missing (default: bulk)")
    many.add_argument("--status", default="planned", help="NetBox status (default: planned)")
    command(snapshot, "migrate a new database and keep it in lab/snapshot (minutes)", version)
    return parser.parse_args()


def _checked_version(text: str) -> str:
    try:
        return check_version(text)
    except LabError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of devices")
    return int(text)


if __name__ == "__main__":
    run_main("lab", main)
