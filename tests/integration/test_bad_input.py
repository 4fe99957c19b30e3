# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong gets a sentence, and nothing is half-saved: for whoever reads it at three in the morning."""

from __future__ import annotations

import json
import re
import ssl
import subprocess

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node import filters
from in_process import call_module
from netbox_proxy import Answer, NetboxProxy


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"netbox_url": "http://127.0.0.1:9", "netbox_retries": 0}, "cannot be reached: the connection was refused"),
        ({"netbox_url": "http://no-such-host.invalid", "netbox_retries": 0}, "cannot be reached: its name"),
        ({"netbox_url": "gopher://x"}, "netbox_url must read like https://"),
        ({"netbox_url": "http://u:p@127.0.0.1"}, "must not hold a user name or password"),
        ({"netbox_token": "nbt_wrong.wrong"}, "does not accept the token"),
        ({"netbox_token": "0123456789012345678901234567890123456789"}, "does not accept the token"),
        ({"ca_path": "/no/such/ca.pem"}, "ca_path names /no/such/ca.pem, which does not exist"),
        ({"max_nodes": 0}, "max_nodes must be 1 or more"),
        ({"nodes": [{"nam": "x"}]}, "which is no device id, no name and no {name, site}"),
        ({"device_filter": {"sitee": "loc1"}}, "has no filter sitee; did you mean site"),
        ({"device_filter": {"status": "active"}}, "device_filter must not name status"),
        ({"device_filter": {"limit": 1}}, "device_filter cannot hold limit, which is no filter"),
        ({"device_filter": {"site": "nosuch"}}, "nosuch is not one of the available choices"),
    ],
)
def test_settings_that_are_wrong(play, variables, sentence):
    done = play.create(**({"nodes": "some-device"} | variables))
    assert done.returncode == 2
    assert sentence in done.message, done.output
    assert "Traceback" not in done.output
    assert not play.store.exists()


def test_no_choice_and_nobody_to_ask_fails_at_once(play):
    done = play.create()
    assert done.returncode == 2
    assert "Choose with nodes" in done.message and "all_planned=true" in done.message


def test_missing_settings_say_where_they_go(play):
    for name, sentence in (("NETBOX_URL", "netbox_url is not set"), ("NETBOX_TOKEN", "netbox_token is not set")):
        run = play.start("nodeflow.orchestrator.create_node", environment={name: None}, nodes="x")
        assert sentence in play.finish(run).message


@pytest.mark.parametrize(
    ("token", "permission"),
    [("none", "dcim.view_device"), ("read_only", "dcim.change_device"), ("write_disabled", "must be enabled for writing")],
)
def test_a_missing_permission_is_named_and_the_device_stays_free(play, netbox, lab, token, permission):
    device = netbox.make()
    done = play.create(nodes=device, confirm_config=True, netbox_token=lab["tokens"][token])
    assert done.returncode == 2
    assert permission in done.message, done.output
    assert netbox.status(device) == "planned"
    if play.store.exists():
        assert play.rows("SELECT * FROM subscriptions WHERE status != 'terminated'") == []
    assert play.create(nodes=device, confirm_config=True).returncode == 0


def test_a_host_that_is_no_netbox(play, lab):
    def html(method, path, forward):
        return Answer(200, {"Content-Type": "text/html"}, b"<html>hello</html>")

    with NetboxProxy(lab["url"], html) as proxy:
        done = play.create(nodes="x", netbox_url=proxy.url)
    assert done.returncode == 2 and proxy.requests
    assert "answered with something else than NetBox's API (content type text/html)" in done.message


def test_a_netbox_that_is_too_old(play, lab):
    def old(method, path, forward):
        answer = forward()
        return answer._replace(headers=answer.headers | {"API-Version": "4.3"})

    with NetboxProxy(lab["url"], old) as proxy:
        done = play.create(nodes="x", netbox_url=proxy.url)
    assert done.returncode == 2 and "is too old: it is 4.3, and 4.4 or newer is needed" in done.message


def test_a_status_that_this_netbox_does_not_have(play, netbox, lab):
    """A NetBox can be configured to have other statuses (FIELD_CHOICES); then it refuses ours."""
    device, other = netbox.make(), netbox.make()

    def refuse(method, path, forward):
        if method != "PATCH":
            return forward()
        netbox_says = netbox.session.patch(lab["url"] + "/api/dcim/devices/", json=[{"id": device, "status": "no-such-status"}], timeout=60)
        return Answer(netbox_says.status_code, {"Content-Type": "application/json"}, netbox_says.content)

    with NetboxProxy(lab["url"], refuse) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
    assert done.returncode == 2 and "no-such-status is not a valid choice" in done.message, done.output
    assert netbox.status(device) == "planned"
    assert play.rows("SELECT status FROM subscriptions") == [{"status": "terminated"}]
    assert play.create(nodes=[device, other], confirm_config=True, netbox_moved=True).returncode == 0


@pytest.mark.parametrize("how", ["refused", "trusted", "unverified"])
def test_certificates_are_verified_unless_told_otherwise(play, netbox, lab, tmp_path, how):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate), *subject]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    settings = {"refused": {}, "trusted": {"ca_path": str(certificate)}, "unverified": {"validate_certs": False}}[how]
    with NetboxProxy(lab["url"], tls=context) as proxy:
        done = play.create("--check", nodes=netbox.make(), netbox_url=proxy.url, **settings)
    if how == "refused":
        assert done.returncode == 2 and "cannot be verified (self-signed certificate)" in done.message.replace(
            "self signed", "self-signed"
        ), done.output
    else:
        assert done.returncode == 0, done.output


def test_a_base_path_and_a_token_of_version_one(play, netbox, lab):
    """NetBox behind a reverse proxy that serves it below /netbox."""
    device = netbox.make()

    def below(method, path, forward):
        return forward() if path.startswith("/netbox/api/") else Answer(404, {"Content-Type": "text/plain"}, b"not here")

    with NetboxProxy(lab["url"], below, prefix="/netbox") as proxy:
        for token in ("admin_v1", "operator"):
            done = play.create("--check", nodes=device, netbox_url=proxy.url + "/netbox/", netbox_token=lab["tokens"][token])
            assert done.returncode == 0, done.output


@pytest.mark.parametrize("place", ["below a file", "a directory", "no store", "another database"])
def test_a_store_that_cannot_be_used(play, netbox, tmp_path, place):
    device = netbox.make()
    (tmp_path / "file").write_text("hello, this is no database at all" * 50, encoding="utf-8")
    subprocess.run(
        ["python3", "-c", "import sqlite3; c = sqlite3.connect('app.db'); c.execute('CREATE TABLE books (x)'); c.commit()"], cwd=tmp_path, check=True
    )
    store, sentence = {
        "below a file": (tmp_path / "file" / "store.db", "cannot be made: check that its directory can be written"),
        "a directory": (tmp_path, "is no file, so it cannot be a store"),
        "no store": (tmp_path / "file", "is no SQLite database, so it is no store"),
        "another database": (tmp_path / "app.db", "is a database, but no store of ours: it holds the table books"),
    }[place]
    done = play.create(nodes=device, confirm_config=True, store=str(store))
    assert done.returncode == 2 and sentence in done.message, done.output
    assert netbox.status(device) == "planned"


def test_a_store_of_another_netbox(play, netbox, lab):
    play.create(nodes=netbox.make(), confirm_config=True)
    device = netbox.make()
    with NetboxProxy(lab["url"]) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url)
        assert done.returncode == 2 and "belongs to the NetBox at " + lab["url"] in done.message
        assert netbox.status(device) == "planned"
        moved = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url, netbox_moved=True)
        assert moved.returncode == 0, moved.output


@pytest.mark.parametrize("retries", [0, 1])
def test_an_answer_that_was_lost_is_found_by_a_read_at_once_or_on_resume(play, netbox, lab, retries):
    """The claim arrives, its answer does not: NetBox is read again; if that is not allowed, the process is failed, and completes on resume."""
    device = netbox.make()

    def lose(method, path, forward):
        answer = forward()
        return None if method == "PATCH" else answer

    with NetboxProxy(lab["url"], lose) as proxy:
        done = play.create(nodes=device, confirm_config=True, netbox_url=proxy.url, netbox_retries=retries)
        assert [method for method, path in proxy.requests].count("PATCH") == 1 + retries  # the claim, and the update
        if retries:
            assert done.returncode == 0 and netbox.status(device) == "active", done.output
            assert len([message for message in netbox.messages(device) if message]) == 2
            return
        assert done.returncode == 2 and "connection was closed" in done.message, done.output
        assert netbox.status(device) == "staged"
        [process] = play.rows("SELECT * FROM processes")
        assert (process["status"], process["step"]) == ("failed", "store_process_subscription")
        proxy.fault = None
        resumed = play.resume(process["process_id"], confirm_config=True, netbox_url=proxy.url, netbox_token=lab["tokens"]["admin"])
    assert resumed.returncode == 0, resumed.output
    assert netbox.status(device) == "active"


def test_every_filter_that_is_taken_without_asking_is_one_of_netbox(netbox):
    schema = netbox.session.get(netbox.url + "/api/schema/", params={"format": "json"}, timeout=120).json()
    known = {parameter["name"] for parameter in schema["paths"]["/api/dcim/devices/"]["get"]["parameters"]}
    taken = filters._KNOWN | {f"{field}__{lookup}" for field in filters._TEXT for lookup in filters._LOOKUPS}
    assert taken - known == set()


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"device_filter": {"site__ic": "loc3"}}, "has no filter site__ic; did you mean"),
        ({"device_filter": {"cluster": "x"}}, "has no filter cluster; did you mean"),
        ({"device_filter": {"site": []}}, "the filter site in device_filter needs a value"),
        ({"device_filter": {"site": ["loc1", ""]}}, "the filter site in device_filter needs a value"),
        ({"device_filter": {"name": "x"}, "nodes": "y"}, "device_filter must not hold name together with nodes"),
        ({"nodes": "[1,"}, "begins like JSON, and is none"),
        ({"nodes": 999999}, "NetBox has no device with the id 999999"),
        ({"nodes": 1, "lease_minutes": -5}, "Lease_minutes must be 0 or more"),
        ({"nodes": 1, "netbox_timeout": 0}, "Netbox_timeout must be 1 or more"),
        ({"nodes": 1, "netbox_retries": -1}, "Netbox_retries must be 0 or more"),
        ({"nodes": 1, "customer_id": "x" * 201}, "Customer_id must have 1 to 200 characters"),
        ({"nodes": 1, "netbox_token": "a\nb"}, "Netbox_token holds what no token has"),
        ({"nodes": 1, "store": "mysql://u:p@h/d"}, "URL cannot be used"),
        ({"nodes": 1, "store": "postgresql://u:sek@ret@127.0.0.1:1/db"}, "URL cannot be used"),
    ],
)
def test_a_choice_or_a_setting_that_means_nothing_is_refused(enrol, choice, sentence):
    said = []
    done = call_module("initial_input_form", enrol.settings | choice, check_mode=True, said=said)
    assert done["failed"] and sentence.lower() in done["msg"].lower(), done
    assert not [text for text in (json.dumps(done), *said) if "sek@" in text or "ret@" in text]


def test_fifty_long_names_in_other_scripts_fit_into_requests(play):
    names = [f"東京データセンター第一棟ルーター{number:03}" for number in range(50)]
    done = play.create("--check", nodes=names)
    assert done.returncode == 2 and "50 nodes: 50 failed" in done.message


def test_check_mode_says_where_the_store_or_the_configs_cannot_be_written(play, netbox, tmp_path):
    device = netbox.make()
    (tmp_path / "file").write_text("", encoding="utf-8")
    below = str(tmp_path / "file" / "x")
    assert "cannot be made: check that" in play.create("--check", nodes=device, store=below).message
    assert f"node_config_dir names {below}, which cannot be written" in play.create("--check", nodes=device, node_config_dir=below).message


def test_a_store_that_is_a_word_garbles_nothing(play, netbox):
    done = play.create(nodes=netbox.make(), store="running", confirm_config=True)
    assert done.returncode == 0 and not re.search(r"(?<!\*)\*{8}(?!\*)", done.output), done.output
    assert (play.directory / "running").exists()


def test_no_family_required_on_the_command_line(play, netbox):
    done = play.create("-e", "required_families=[]", "--check", nodes=netbox.make(ipv4=None, ipv6=None))
    assert done.returncode == 0, done.output
