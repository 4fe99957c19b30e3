# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for AWX and for the modules of awx.awx, which is on no registry that the tests can reach: it keeps what the modules make, refuses what they refuse.

Each module takes the options of the real one (awx_options.json), which Ansible validates, and asks the server what becomes of them. As the real ones do, it
makes nothing in check mode and then returns no id, and fails where a name that it is given stands for no object, or for several.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import pathlib
import typing as t
import urllib.parse

from awx_login import is_known
from json_server import JsonHandler, serving

BUILT_IN = "Red Hat Ansible Automation Platform"

Json = dict[str, t.Any]

_OPTIONS = pathlib.Path(__file__).parent / "awx_options.json"

_ACTION = '''
import json
import urllib.request

from ansible.plugins.action import ActionBase

SPEC = json.loads({spec!r})


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _validated, given = self.validate_argument_spec(argument_spec=SPEC)
        asked = {{"params": given, "check_mode": self._task.check_mode}}
        url = given["controller_host"] + "/stand-in/{module}"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(asked).encode(), {{"Content-Type": "application/json"}})) as answer:
            return result | json.loads(answer.read())
'''


def install(directory: pathlib.Path) -> str:
    """Put the collection there. Return the directory for ANSIBLE_COLLECTIONS_PATH."""
    place = directory / "ansible_collections" / "awx" / "awx"
    for folder in ("meta", "plugins/action", "plugins/modules"):
        (place / folder).mkdir(parents=True)
    modules = json.loads(_OPTIONS.read_text(encoding="utf-8"))["modules"]
    (place / "meta" / "runtime.yml").write_text(json.dumps({"action_groups": {"controller": sorted(modules)}}), encoding="utf-8")
    (place / "galaxy.yml").write_text(json.dumps({"namespace": "awx", "name": "awx", "version": "24.6.1"}), encoding="utf-8")
    for module, options in modules.items():
        source = _ACTION.format(spec=json.dumps(_argument_spec(options)), module=module)
        (place / "plugins" / "action" / f"{module}.py").write_text(source, encoding="utf-8")
        (place / "plugins" / "modules" / f"{module}.py").touch()
    return str(directory)


def _argument_spec(options: Json) -> Json:
    spec: Json = {}
    for name, option in options.items():
        spec[name] = {key: value for key, value in option.items() if key != "suboptions"} | {"no_log": "password" in name or "token" in name}
        if "suboptions" in option:
            spec[name]["options"] = _argument_spec(option["suboptions"])
    return spec


_REFERENCES = {
    "organization": ("organization",),
    "lookup_organization": ("organization",),
    "credential_type": ("credential_type",),
    "inventory": ("inventory",),
    "project": ("project",),
    "source_project": ("project",),
    "execution_environment": ("execution_environment",),
    "credential": ("credential",),
    "credentials": ("credential",),
    "team": ("team",),
    "unified_job_template": ("job_template", "workflow_job_template"),
    "workflow_job_template": ("workflow_job_template",),
    "workflows": ("workflow_job_template",),
    "job_templates": ("job_template",),
    "notification_templates_error": ("notification_template",),
    "notification_templates_approvals": ("notification_template",),
    "always_nodes": ("workflow_job_template_node",),
    "success_nodes": ("workflow_job_template_node",),
    "failure_nodes": ("workflow_job_template_node",),
}
"""What an option names, an object or a list of them."""

_WITHIN = {"host": "inventory", "inventory_source": "inventory", "workflow_job_template_node": "workflow_job_template", "schedule": "unified_job_template"}
"""The option that says what an object belongs to, where that is not an organization. With that, it goes."""

_APIS = ("/api/v2/", "/api/controller/v2/", "/api/gateway/v1/")

_ANYWHERE = ("organization", "credential_type", "execution_environment")


class StandIn:
    """``objects`` are what there is; ``roles`` who may do what; ``posted`` the paths at which something was made without a module."""

    def __init__(self) -> None:
        self.url = ""
        self.objects: list[Json] = [{"id": 1, "kind": "credential_type", "name": BUILT_IN, "within": None, "params": {}}]
        self.roles: set[str] = set()
        self.posted: list[str] = []
        self._ids = itertools.count(2)

    def named(self, kind: str) -> list[str]:
        """The names of the objects of a kind."""
        return [one["name"] for one in self.objects if one["kind"] == kind]

    def params(self, kind: str, name: str) -> Json:
        """What an object was made with."""
        return next(one["params"] for one in self.objects if (one["kind"], one["name"]) == (kind, name))

    def add(self, kind: str, name: str, within: int | None = None, params: Json | None = None) -> Json:
        """Make an object."""
        self.objects.append({"id": next(self._ids), "kind": kind, "name": name, "within": within, "params": dict(params or {})})
        return self.objects[-1]

    def module(self, kind: str, params: Json, check_mode: bool) -> Json:
        """What a module returns."""
        params = {name: value for name, value in params.items() if value is not None and not name.startswith("controller_")}
        problem = next(filter(None, (self._unresolved(name, value, params) for name, value in params.items())), None)
        if problem:
            return {"failed": True, "msg": problem}
        if kind == "role":
            new = json.dumps(params, sort_keys=True) not in self.roles
            self.roles |= set() if check_mode else {json.dumps(params, sort_keys=True)}
            return {"changed": new}
        within = None if kind in _ANYWHERE else self._resolve(_WITHIN.get(kind, "organization"), params[_WITHIN.get(kind, "organization")], params)[0]["id"]
        key = (kind, params.get("name") or params["identifier"], within)
        there = next((one for one in self.objects if (one["kind"], one["name"], one["within"]) == key), None)
        if params.get("state") == "absent":
            if there and not check_mode:
                self._remove(there)
            return {"changed": there is not None}
        if there is None and check_mode:
            return {"changed": True}
        if there is None:
            return {"changed": True, "id": self.add(*key, params)["id"]}
        secret = {"inputs"} if kind == "credential" and not params.get("update_secrets") else set()
        differs = params.get("state") != "exists" and any(there["params"].get(name) != value for name, value in params.items() if name not in secret)
        if differs and not check_mode:
            there["params"] |= params
        return {"changed": differs, "id": there["id"]}

    def _remove(self, gone: Json) -> None:
        if gone["kind"] == "inventory" and not gone["params"].get("pending_deletion"):
            gone["params"]["pending_deletion"] = True  # AWX deletes it in the background: until somebody has looked once
            return
        self.objects = [one for one in self.objects if one is not gone and not (one["kind"] in _WITHIN and one["within"] == gone["id"])]

    def _unresolved(self, name: str, value: t.Any, params: Json) -> str | None:
        for one in value if isinstance(value, list) else [value]:
            if name in _REFERENCES and len(found := self._resolve(name, one, params)) != 1:
                return f"Request for {name} {one} returned {len(found)} items, expected 1"
        return None

    def _resolve(self, name: str, value: t.Any, params: Json) -> list[Json]:
        """The objects that an id or a name stands for: of templates and teams those of the organization; of a workflow's nodes its own."""
        found = [one for one in self.objects if one["kind"] in _REFERENCES[name] and str(value) in (str(one["id"]), one["name"])]
        if name in ("unified_job_template", "workflow_job_template", "workflows", "job_templates", "team"):
            organization = params.get("lookup_organization") or params.get("organization")
            found = [one for one in found if str(one["within"]) == str(organization)]
        if name.endswith("_nodes"):
            workflow = self._resolve("workflow_job_template", params["workflow_job_template"], params)[0]["id"]
            found = [one for one in found if one["within"] == workflow]
        return found

    def listed(self, path: str, query: t.Mapping[str, str]) -> Json | None:
        """What a listing or a survey answers; None for nothing."""
        parts = path.strip("/").split("/")
        if parts[-1] == "survey_spec":
            name, organization = parts[-2].split("++")
            within = next((one["id"] for one in self.objects if (one["kind"], one["name"]) == ("organization", organization)), None)
            for one in self.objects:
                if (one["name"], one["within"]) == (name, within) and "survey_spec" in one["params"]:
                    return dict(one["params"]["survey_spec"])
            return None
        if parts[-3] == "organizations":  # organizations/ID/teams
            query = {**query, "organization": parts[-2]}
        kind = {"inventories": "inventory"}.get(parts[-1], parts[-1].removesuffix("s"))
        return self._page([one for one in self.objects if one["kind"] == kind and all(self._matches(one, *pair) for pair in query.items())])

    def _page(self, found: list[Json]) -> Json:
        shown = [{"id": one["id"], "name": one["name"], "description": one["params"].get("description", ""), "organization": one["within"]} for one in found]
        for one in [one for one in found if one["params"].get("pending_deletion")]:
            self._remove(one)
        return {"count": len(shown), "next": None, "previous": None, "results": shown}

    def _matches(self, one: Json, name: str, value: str) -> bool:
        organizations = {found["id"]: found["name"] for found in self.objects if found["kind"] == "organization"}
        has = {
            "name": one["name"],
            "organization": str(one["within"]),
            "organization__name": organizations.get(one["within"]),
            "description": one["params"].get("description", ""),
            "pending_deletion": str(one["params"].get("pending_deletion", False)).lower(),
            "credential_type__name": one["params"].get("credential_type"),
        }
        return name == "page_size" or has[name] == value


@contextlib.contextmanager
def awx() -> t.Iterator[StandIn]:
    """Run it."""
    here = StandIn()

    class Handler(JsonHandler):
        """The modules' questions, and AWX's API, for who is known."""

        def do_GET(self) -> None:
            """A listing."""
            place = urllib.parse.urlsplit(self.path)
            if self._refused():
                return
            found = here.listed(urllib.parse.unquote(place.path), dict(urllib.parse.parse_qsl(place.query)))
            self.say(404 if found is None else 200, {"detail": "Not found."} if found is None else found)

        def do_POST(self) -> None:
            """A module's question, or what the gateway is to make."""
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.startswith("/stand-in/"):
                self.say(200, here.module(self.path.rpartition("/")[2], asked["params"], asked["check_mode"]))
            elif not self._refused():
                here.posted.append(self.path)
                kind = self.path.strip("/").rpartition("/")[2].removesuffix("s")
                made = here.add(kind, asked["name"], asked.get("organization"), asked)
                self.say(201, {"id": made["id"], "name": made["name"]})

        def _refused(self) -> bool:
            """Answer whoever is not known, and whoever asks elsewhere."""
            known, there = is_known(self.headers["Authorization"]), self.path.startswith(_APIS)
            if not (known and there):
                self.say(404 if known else 401, {"detail": "No."})
            return not (known and there)

    with serving(Handler) as here.url:
        yield here
