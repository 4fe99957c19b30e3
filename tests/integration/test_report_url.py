# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports and exports that are put to a URL, on a real nginx: for jobs, whose files go with their container."""

from __future__ import annotations

import json

import pytest

from filled_store import NETBOX, FilledStore
from in_process import call_module
from json_server import JsonHandler, serving
from processes import free_port
from web_servers import Authority, nginx

PASSWORD, TOKEN, SIGNATURE = "s3cr3t-pass/word@", "s3cr3t-token", "X-Signature=s3cr3tsignature"
SECRETS = ("s3cr3t", "X-Signature")

FILES = """
root {files}; client_max_body_size 50m; dav_methods PUT;
location /dav/ {{ dav_methods PUT; auth_basic "files"; auth_basic_user_file {passwords}; }}
location /token/ {{ dav_methods PUT; if ($http_authorization != "Bearer {token}") {{ return 401; }} }}
location /signed/ {{ dav_methods PUT; if ($args != "{signature}") {{ return 403; }} limit_except PUT {{ deny all; }} }}
location /small/ {{ dav_methods PUT; client_max_body_size 10; }}
location /moved/ {{ return 307 /dav/other.html?{signature}; }}
location /full/ {{ return 507; }}
location /apache/ {{ return 409; }}
location /none/ {{ return 404; }}
location /static/ {{ dav_methods off; }}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """What is served, over http and https, and the authority."""
    directory = tmp_path_factory.mktemp("web")
    files = directory / "files"
    for name in ("dav", "token", "signed", "small", "static"):
        (files / name).mkdir(parents=True)
    (directory / "passwords").write_text(f"ann:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
    block = FILES.format(files=files, passwords=directory / "passwords", token=TOKEN, signature=SIGNATURE)
    (directory / "ca").mkdir()
    authority = Authority(directory / "ca")
    plain, tls = free_port(), free_port()
    with nginx(directory / "nginx", (plain, block), (tls, authority.server() + block)) as running:
        yield {"files": files, "http": f"http://127.0.0.1:{plain}", "https": f"https://127.0.0.1:{tls}", "ca": str(authority.certificate), "nginx": running}


@pytest.fixture
def run(tmp_path):
    """Runs a module on a store with three subscriptions. No secret may be in its result."""
    store = FilledStore(tmp_path / "store.db", 3, lambda number: "completed")

    def run_module(module, check_mode=False, **options):
        said = []
        result = call_module(module, {"store": store.location, "netbox_retries": 0} | options, check_mode, said=said)
        assert not any(secret in json.dumps([result, said]) for secret in SECRETS)
        return result

    return run_module


def put(running):
    return [line.split('"')[1].split("?")[0] for line in running.asked(0) if '"PUT ' in line]


LOGINS = {
    "dav": {"dest_user": "ann", "dest_password": PASSWORD},
    "token": {"dest_token": TOKEN},
    "signed": {"dest_query": SIGNATURE},
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("place", sorted(LOGINS))
def test_a_report_is_put_where_one_logs_in_and_stays_if_it_shows_the_same(server, run, place, scheme):
    url = f"{server[scheme]}/{place}/{scheme}.html"
    given = {"dest": url, "ca_path": server["ca"]} | LOGINS[place]
    file = server["files"] / place / f"{scheme}.html"
    expected = run("report", check_mode=True, **given)
    assert expected["changed"] and "would be written" in expected["msg"] and not file.exists()
    assert expected["ansible_stats"]["data"] == {"nodeflow_report_url": None}
    first = run("report", **given)
    assert (first["changed"], first["dest"], first["url"]) == (True, url, url), first
    assert first["ansible_stats"]["data"] == {"nodeflow_report_url": url}
    content = file.read_bytes()
    assert content.startswith(b"<!")
    again = run("report", **given)
    assert again["changed"] is (place == "signed")  # where one may only write, what is there is not known
    assert file.read_bytes() == content or place == "signed"


@pytest.mark.parametrize(("module", "format_"), [("subscription_info", "csv"), ("process_info", "json")])
def test_an_export_is_put_to_a_url_too(server, run, module, format_):
    given = {"dest": f"{server['http']}/dav/{module}.{format_}", "format": format_} | LOGINS["dav"]
    first = run(module, **given)
    assert first["changed"] and first["count"] == 3 and first["url"] == given["dest"]
    assert (server["files"] / "dav" / f"{module}.{format_}").stat().st_size > 500
    assert not run(module, **given)["changed"]


def test_a_login_in_the_url_is_taken_from_it(server, run):
    result = run("report", dest=server["http"].replace("//", "//ann:s3cr3t-pass%2Fword%40@") + "/dav/own.html")
    assert result["changed"] and result["url"] == server["http"] + "/dav/own.html"
    assert run("report", dest=f"{server['http']}/signed/own.html?{SIGNATURE}")["url"] == server["http"] + "/signed/own.html"


@pytest.mark.parametrize(
    ("path", "options", "sentence"),
    [
        ("/dav/x.html", {}, "refuses the login (401): give dest_user and dest_password, or dest_token"),
        ("/dav/x.html", {"dest_user": "ann", "dest_password": "s3cr3t-wrong"}, "refuses the login (401)"),
        ("/token/x.html", {"dest_token": "s3cr3t-wrong"}, "refuses the login (401)"),
        ("/signed/x.html", {"dest_query": "X-Signature=s3cr3twrong"}, "403 Forbidden: the login may not write there; a presigned URL may have run out"),
        ("/apache/no/x.html", {}, "409 Conflict: the directory that it should be in is not there"),
        ("/none/x.html", {}, "404 Not Found: there is no such place, or the login may not see it"),
        ("/small/x.html", {}, "413 Request Entity Too Large: the file is larger than that server takes"),
        ("/static/x.html", {}, "405 Not Allowed: no file can be put there"),
        ("/full/x.html", {}, "507 Insufficient Storage: that server has no room left"),
        ("/moved/x.html", {}, "leads to another place (307), where no file is put"),
        ("/dav/", {}, "Dest takes the URL of a file, with its name"),
        ("/token/x.html", {"dest_token": TOKEN, "dest_user": "ann"}, "dest_token and dest_user are two ways to log in"),
        ("/dav/x.html", {"dest_password": PASSWORD}, "dest_password needs dest_user as well"),
        ("/token/x.html", {"dest_token": "s3cr3t\ntoken"}, "dest_token holds what no token has"),
        ("/dav/x.html", {"mode": "0644"}, "Mode is for a file on this machine"),
    ],
)
def test_what_goes_wrong_is_a_sentence(server, run, path, options, sentence):
    result = run("report", dest=server["http"] + path, **options)
    assert result["failed"] and sentence in result["msg"], result["msg"]


@pytest.mark.parametrize("dest", ["ftp://files/x.html", "http:///x.html", "http://h:99999/x.html", "s3://bucket/x.html"])
def test_what_is_no_such_url_is_refused(run, dest):
    assert "Dest takes the path of a file, or a URL like" in run("report", dest=dest)["msg"]


def test_a_server_that_is_not_there_or_not_trusted_is_told(server, run):
    url = f"http://127.0.0.1:{free_port()}/x.html"
    assert run("report", dest=url)["msg"] == f"{url} cannot be reached: the connection was refused; is it running, and is that its port?"
    url = f"{server['https']}/token/trust.html"
    untrusted = run("report", dest=url, dest_token=TOKEN)
    assert untrusted["msg"].startswith(f"the certificate of {url} cannot be verified".capitalize()) and "name the CA in ca_path" in untrusted["msg"]
    assert run("report", dest=url, dest_token=TOKEN, validate_certs=False)["changed"]


def test_a_server_that_is_busy_is_asked_again(run):
    asked = []

    class Busy(JsonHandler):
        """Is busy twice, then takes the file."""

        def do_GET(self):
            self.send_error(404)

        def do_PUT(self):
            asked.append((self.path, self.headers["Content-Type"]))
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503 if len(asked) < 3 else 201)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Busy) as url:
        assert run("report", dest=f"{url}/x.html", dest_query=SIGNATURE, netbox_retries=3)["changed"]
    assert asked == [(f"/x.html?{SIGNATURE}", "text/html")] * 3


@pytest.mark.parametrize("keywords", [{}, {"environment": {"A": "b"}}], ids=["in-process", "ordinary"])
def test_no_output_has_the_login_or_the_signature(play, server, tmp_path, keywords):
    play.store = FilledStore(tmp_path / "filled.db", 3, lambda number: "completed")
    play.environment |= {"NETBOX_URL": NETBOX, "ANSIBLE_SHOW_CUSTOM_STATS": "1"}
    signed = f"{server['http']}/signed/out.html?{SIGNATURE}"
    with_login = server["http"].replace("//", "//ann:s3cr3t-pass%2Fword%40@") + "/dav/out.json"
    tasks = [{"nodeflow.orchestrator.report": {"dest": "{{ dest }}"}, "vars": {"dest": url}, "ignore_errors": True} for url in (signed, signed + "x")]
    tasks += [{"nodeflow.orchestrator.subscription_info": {"dest": "{{ dest }}"}, "vars": {"dest": with_login}}]
    done = play.tasks("\n".join(f"- {json.dumps(one | keywords)}" for one in tasks), "-vvv", "--diff")
    assert done.returncode == 0 and done.recap["ignored"] == 1, done.output
    told = done.output + json.dumps(done.results)
    assert not any(secret in told for secret in SECRETS) and f"{server['http']}/signed/out.html" in told


def test_the_playbook_puts_the_report_and_hands_on_the_link(play, server, tmp_path):
    play.store = FilledStore(tmp_path / "filled.db", 3, lambda number: "completed")
    play.environment |= {"NETBOX_URL": NETBOX, "NODEFLOW_DEST_USER": "ann", "NODEFLOW_DEST_PASSWORD": PASSWORD, "ANSIBLE_SHOW_CUSTOM_STATS": "1"}
    url = f"{server['http']}/dav/playbook.html"
    done = play("nodeflow.orchestrator.report", report_dest=url)
    assert done.returncode == 0 and f'"nodeflow_report_url": "{url}"' in done.output.replace("'", '"'), done.output
    assert done.recap["changed"] == 1 and play("nodeflow.orchestrator.report", report_dest=url).recap["changed"] == 0
    vanishing = tmp_path / "artifacts" / "1"
    vanishing.mkdir(parents=True)
    play.environment["AWX_ISOLATED_DATA_DIR"] = str(vanishing)
    done = play("nodeflow.orchestrator.report", report_dest=str(tmp_path / "lost.html"))
    assert "lost.html lies in a directory that goes with the job of AWX" in " ".join(done.output.split())
    assert '"nodeflow_report_url": null' in done.output
