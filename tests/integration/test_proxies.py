# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between people and their NetBox: web servers that redirect, TLS of a company's own, proxies, a ~/.netrc. With real ones."""

from __future__ import annotations

import json
import re
import ssl
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError, NetboxUncertain
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import client as client_file
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import tls
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.client import NetboxClient
from netbox_proxy import Answer, NetboxProxy
from processes import free_port
from web_servers import Authority, nginx, tinyproxy

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Of this machine's own settings none."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.fixture
def connect(lab):
    """A client, for a URL or the lab's own."""

    def connected(url=None, **settings):
        return NetboxClient(url or lab["url"], lab["tokens"]["admin"], **({"retries": 0} | settings))

    return connected


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority that no machine trusts."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def devices(netbox):
    """Devices that stay planned."""
    return netbox.make_many(7)


def passing(lab, *lines):
    """An nginx that passes all on to NetBox, as most people write it."""
    return f"location / {{ proxy_pass {lab['url']}; {' '.join(lines)} }}"


REQUESTS = {
    "a listing": lambda client, device: client.get("dcim/devices", {"id": [device]}),
    "the schema": lambda client, device: client.schema(),
    "a change": lambda client, device: client.patch("dcim/devices", [{"id": device, "status": "staged"}]),
    "an object": lambda client, device: client.create("extras/journal-entries", [{"comments": "x"}]),
    "a config": lambda client, device: client.post(f"dcim/devices/{device}/render-config", {}),
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_request_is_redirected(lab, netbox, devices, connect, authority, tmp_path, status):
    device = devices[0]
    plain, secure = free_port(), free_port()
    redirecting = (plain, f"return {status} https://user:secret@127.0.0.1:{secure}$request_uri;")
    with nginx(tmp_path / "nginx", redirecting, (secure, authority.server() + passing(lab))) as server:
        client = connect(f"http://127.0.0.1:{plain}", ca_path=str(authority.certificate))
        for number, request in enumerate(REQUESTS.values(), 1):
            with pytest.raises(NetboxError, match=f"^netbox_url redirects to https://127.0.0.1:{secure}; name that one. The token") as raised:
                request(client, device)
            assert isinstance(raised.value, NetboxUncertain) == (status == 303 and number > 2)
            asked = server.asked(number)
            assert len(asked) == number and all(f'" {status} ' in line for line in asked), asked
    assert netbox.status(device) == "planned"


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("https://other.example.org$request_uri", "netbox_url redirects to https://other.example.org; name that one. The token has gone out unencrypted"),
        ("http://other.example.org:8080/netbox$request_uri", "netbox_url redirects to http://other.example.org:8080/netbox; name that one"),
        ("http://other.example.org/netbox/api/dcim/devices?token=secret", "netbox_url redirects to http://other.example.org/netbox; name that one"),
        ("//other.example.org/", "netbox_url redirects to http://other.example.org; name that one"),
        ("https://sso.example.org/login?next=$request_uri", "netbox_url redirects to https://sso.example.org/login; name that one, if it is NetBox itself"),
        ("/api/dcim/devices", "redirects requests to itself (307) instead of answering them"),
        ("$scheme://$http_host$request_uri", "redirects requests to itself (307) instead of answering them"),
        ("ftp://x/", "redirects requests (307) to no usable address"),
        ("http://[::1", "redirects requests (307) to no usable address"),
    ],
)
def test_a_redirect_says_what_to_name(connect, tmp_path, location, sentence):
    port = free_port()
    where = location if location.startswith("$") or "://" in location else f"$scheme:{location}" if location.startswith("//") else location
    block = f"absolute_redirect off; location / {{ return 307 {where}; }}"
    with nginx(tmp_path / "nginx", (port, block)), pytest.raises(NetboxError) as raised:
        connect(f"http://127.0.0.1:{port}").get("dcim/devices", {"id": [1]})
    assert sentence in str(raised.value) and "secret" not in str(raised.value)


def test_what_sets_netbox_up_is_not_redirected(play, lab, netbox, authority, tmp_path):
    """setup_netbox said changed, and NetBox had no custom field: the POST had become a GET."""
    plain, secure = free_port(), free_port()
    redirecting = (plain, f"location / {{ if ($request_method = POST) {{ return 301 https://127.0.0.1:{secure}$request_uri; }} proxy_pass {lab['url']}; }}")
    settings = {"netbox_custom_field": "never_made", "netbox_token": lab["tokens"]["admin"], "ca_path": str(authority.certificate)}
    with nginx(tmp_path / "nginx", redirecting, (secure, authority.server() + passing(lab))):
        done = play("nodeflow.orchestrator.setup_netbox", netbox_url=f"http://127.0.0.1:{plain}", **settings)
    assert done.returncode == 2 and f"netbox_url redirects to https://127.0.0.1:{secure}; name that one" in done.message, done.output
    assert netbox.call("GET", "extras/custom-fields", name="never_made")["count"] == 0


def instead_of(method, answer):
    """A fault: requests of a method get what ``answer`` makes of a listing of the same objects, and NetBox never sees them."""

    def fault(asked, path, forward):
        return forward() if asked != method else Answer(200, {"Content-Type": "application/json"}, answer)

    return fault


@pytest.mark.parametrize(
    "answer", [b'{"count": 0, "next": null, "previous": null, "results": []}', b"[]", b'[{"id": 1}, {"id": 2}]', b"{}", b'[{"name": "x"}]']
)
def test_a_listing_in_answer_to_a_write_is_no_success(lab, connect, netbox, devices, answer):
    device = devices[0]
    with NetboxProxy(lab["url"], instead_of("POST", answer)) as proxy:
        with pytest.raises(NetboxUncertain, match="with something else than the 1 objects|with something else than the objects"):
            connect(proxy.url).create("extras/journal-entries", [{"assigned_object_type": "dcim.device", "assigned_object_id": device, "comments": "x"}])
    with NetboxProxy(lab["url"], instead_of("PATCH", answer)) as proxy:
        client = connect(proxy.url)
        client.get("dcim/devices", {"id": [device]})  # which tells its version, and so that it would have refused what it passes over
        with pytest.raises(NetboxUncertain, match="is it a NetBox"):
            client.patch("dcim/devices", [{"id": device, "status": "staged"}])
    assert netbox.status(device) == "planned"


def test_an_answer_that_has_other_values_than_were_written_is_no_success(lab, connect, netbox):
    device = netbox.make()
    as_it_is = connect().get("dcim/devices", {"id": [device]})
    with NetboxProxy(lab["url"], instead_of("PATCH", json.dumps(as_it_is).encode())) as proxy, pytest.raises(NetboxUncertain, match="status stayed as before"):
        connect(proxy.url).patch("dcim/devices", [{"id": device, "status": "staged"}])
    changed = connect().patch("dcim/devices", [{"id": device, "status": "staged", "comments": " x ", "tags": [], "changelog_message": "x"}])
    assert changed[0]["status"]["value"] == "staged"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refusal_does_not_hold_up_the_request_after_it(lab, devices, connect, authority, scheme):
    """gunicorn reads on to the end of a body that NetBox did not want, and swallows the next request if that is already there."""
    context = None
    if scheme == "https":
        authority.server()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.directory / "server.pem", authority.directory / "server.key")

    def refuses_writes(method, path, forward):
        return forward() if method == "GET" else Answer(403, {}, b'{"detail": "no"}', last=True)

    with NetboxProxy(lab["url"], refuses_writes, tls=context) as proxy:
        client = connect(proxy.url, timeout=5, ca_path=str(authority.certificate))
        for dummy in range(2):
            assert [item["id"] for item in client.get("dcim/devices", {"id": devices[:1]})] == devices[:1]
            for name in ("a change", "an object", "a config"):
                with pytest.raises(NetboxError, match="the token may not do this"):
                    REQUESTS[name](client, devices[0])
        assert len(proxy.requests) == 8


@pytest.mark.parametrize(
    "headers",
    ["proxy_set_header Host 127.0.0.1:9;", "proxy_set_header Host $host;", "proxy_set_header X-Forwarded-Proto http;"],
)
def test_pages_are_asked_for_at_our_own_url(lab, connect, devices, authority, environment, tmp_path, headers):
    """NetBox's link to the next page leads to another host, port or scheme, as it was told by a proxy that does not say where it is itself."""
    environment.setattr(client_file, "PAGE_SIZE", 2)
    port = free_port()
    with nginx(tmp_path / "nginx", (port, authority.server() + passing(lab, headers))) as server:
        found = connect(f"https://127.0.0.1:{port}", ca_path=str(authority.certificate)).get("dcim/devices", {"id": devices, "fields": "id"})
        assert {item["id"] for item in found} == set(devices) and len(server.asked(4)) == 4


@pytest.mark.parametrize("prefix", ["/netbox", "/a/b"])
def test_pages_below_a_path_that_the_proxy_strips(lab, connect, devices, environment, tmp_path, prefix):
    environment.setattr(client_file, "PAGE_SIZE", 2)
    port = free_port()
    block = f"location {prefix}/ {{ proxy_pass {lab['url']}/; }}"
    with nginx(tmp_path / "nginx", (port, block)) as server:
        found = connect(f"http://127.0.0.1:{port}{prefix}").get("dcim/devices", {"id": devices, "fields": "id"})
        assert {item["id"] for item in found} == set(devices) and len(server.asked(4)) == 4


@pytest.mark.parametrize("following", ["null", "5", '"garbage"', '"/api/dcim/devices/?limit=2&offset=2"', '"http://127.0.0.1:9/"', "{}", '""'])
def test_whatever_the_link_to_the_next_page_is(lab, connect, devices, environment, following):
    environment.setattr(client_file, "PAGE_SIZE", 2)

    def other_link(method, path, forward):
        answer = forward()
        return answer._replace(body=re.sub(rb'"next":("[^"]*"|null)', f'"next":{following}'.encode(), answer.body))

    with NetboxProxy(lab["url"], other_link) as proxy:
        found = connect(proxy.url).get("dcim/devices", {"id": devices, "fields": "id"})
    assert {item["id"] for item in found} == set(devices)


def test_a_server_that_always_gives_the_same_page(lab, connect, devices, environment):
    environment.setattr(client_file, "PAGE_SIZE", 2)
    first = []

    def same(method, path, forward):
        first.append(forward())
        return first[0]

    with NetboxProxy(lab["url"], same) as proxy, pytest.raises(NetboxError, match="listing that does not end: it counts 7 objects, and listed 2"):
        connect(proxy.url).get("dcim/devices", {"id": devices, "fields": "id"})
    assert len(first) == 2


@pytest.mark.parametrize("entry", ["machine 127.0.0.1 login somebody password secret", "default login somebody password secret"])
@pytest.mark.parametrize("place", ["NETRC", "HOME"])
def test_netrc_does_not_replace_the_token(connect, devices, environment, tmp_path, entry, place):
    file = tmp_path / ".netrc"
    file.write_text(entry + "\n", encoding="utf-8")
    file.chmod(0o600)
    environment.setenv(place, str(file if place == "NETRC" else tmp_path))
    assert connect().get("dcim/devices", {"id": devices[:1]})
    assert connect().patch("dcim/devices", [{"id": devices[0], "comments": "x"}])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "the system's file", "the system's directory"])
def test_an_authority_that_the_system_trusts_is_trusted(lab, connect, devices, authority, environment, tmp_path, variable):
    device, port = devices[0], free_port()
    hashed = authority.hashed(tmp_path)
    with nginx(tmp_path / "nginx", (port, authority.server() + passing(lab))):
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(NetboxError, match=r"cannot be verified \(.*certificate.*\); name the CA in ca_path"):
            connect(url).get("dcim/devices", {"id": [device]})
        if variable.startswith("the system's"):
            default = ssl.get_default_verify_paths()
            of_file = variable.endswith("file")
            path = {"openssl_cafile": str(authority.certificate) if of_file else "/no", "openssl_capath": "/no" if of_file else str(hashed)}
            environment.setattr(tls.ssl, "get_default_verify_paths", lambda: default._replace(**path))
        else:
            environment.setenv(variable, str(hashed if variable.endswith("DIR") else authority.certificate))
        assert connect(url).get("dcim/devices", {"id": [device]})


def test_ca_path_counts_alone_and_may_be_a_file_or_any_directory(lab, connect, devices, authority, environment, tmp_path):
    device, port = devices[0], free_port()
    (tmp_path / "other").mkdir()
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "company.crt").write_bytes(authority.certificate.read_bytes())
    other = Authority(tmp_path / "other")
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        environment.setenv(variable, str(other.certificate))
    with nginx(tmp_path / "nginx", (port, authority.server() + passing(lab))):
        url = f"https://127.0.0.1:{port}"
        for path in (authority.certificate, authority.hashed(tmp_path), tmp_path / "plain"):
            assert connect(url, ca_path=str(path)).get("dcim/devices", {"id": [device]})
        for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            environment.setenv(variable, str(authority.certificate))
        with pytest.raises(NetboxError, match="cannot be verified"):
            connect(url, ca_path=str(other.certificate)).get("dcim/devices", {"id": [device]})
        assert connect(url, validate_certs=False, ca_path=str(other.certificate)).get("dcim/devices", {"id": [device]})


def test_create_node_trusts_what_the_system_trusts(play, lab, netbox, authority, tmp_path):
    device, port = netbox.make(), free_port()
    play.environment |= {"SSL_CERT_FILE": str(authority.certificate), "REQUESTS_CA_BUNDLE": None}
    with nginx(tmp_path / "nginx", (port, authority.server() + passing(lab))):
        done = play.create(nodes=device, confirm_config=True, netbox_url=f"https://127.0.0.1:{port}")
    assert done.returncode == 0 and netbox.status(device) == "active", done.output


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ca_path"])
@pytest.mark.parametrize(("content", "sentence"), [(None, "names {0}, which does not exist"), ("hello", "names {0}, in which no certificate can be read")])
def test_a_bundle_that_is_none_is_named(connect, environment, tmp_path, variable, content, sentence):
    file = tmp_path / "bundle.pem"
    if content:
        file.write_text(content, encoding="utf-8")
    settings = {"ca_path": str(file)} if variable == "ca_path" else {}
    environment.setenv(variable, str(file))
    with pytest.raises(NetboxError) as raised:
        connect("https://127.0.0.1:9", **settings)
    assert str(raised.value).startswith(variable) and sentence.format(file) in str(raised.value)


def test_without_a_store_of_the_system_that_of_the_libraries_counts(environment):
    default = ssl.get_default_verify_paths()
    environment.setattr(tls.ssl, "get_default_verify_paths", lambda: default._replace(openssl_cafile="/no", openssl_capath="/no"))
    environment.setattr(tls, "_KNOWN_BUNDLES", ())
    assert tls.verifying(None).cert_store_stats()["x509"] > 20


@pytest.mark.parametrize(
    ("name", "scheme", "sentence"),
    [
        ("DNS:netbox.example.org", "https", "give netbox_url the host name that it was made for"),
        (None, "https", "does NetBox speak https on that port?"),
        ("IP:127.0.0.1", "http", "if it wants https, say so in netbox_url"),
    ],
)
def test_what_is_wrong_with_a_tls_connection(lab, connect, authority, tmp_path, name, scheme, sentence):
    port = free_port()
    block = (authority.server(name) if name else "") + passing(lab)
    with nginx(tmp_path / "nginx", (port, block)), pytest.raises(NetboxError, match=re.escape(sentence)):
        connect(f"{scheme}://127.0.0.1:{port}", ca_path=str(authority.certificate)).get("dcim/devices", {"id": [1]})


@pytest.fixture(params=["http", "https"])
def behind(request, lab, authority, tmp_path, environment, connect):
    """A NetBox by http and by https that is reached through a proxy: ``connect``, ``url`` and the ``variable`` that names the proxy."""
    port = free_port()
    block = (authority.server() if request.param == "https" else "") + passing(lab)
    variable = request.param.upper() + "_PROXY"

    def through(proxy, **settings):
        environment.setenv(variable, proxy)
        return connect(url, ca_path=str(authority.certificate), **settings)

    with nginx(tmp_path / "nginx", (port, block)):
        url = f"{request.param}://127.0.0.1:{port}"
        yield types.SimpleNamespace(connect=through, url=url, variable=variable, scheme=request.param)


def says(client):
    """What the client says of a listing that fails."""
    with pytest.raises(NetboxError) as raised:
        client.get("dcim/devices", {"id": [1]})
    return str(raised.value)


def test_a_proxy_is_used_and_logged_in_to(behind, devices, environment, tmp_path):
    device = devices[0]
    with tinyproxy(tmp_path / "proxy", "BasicAuth user geheim") as proxy:
        assert behind.connect(f"http://user:geheim@{proxy}").get("dcim/devices", {"id": [device]})
        assert behind.connect(f"user:geheim@{proxy}").patch("dcim/devices", [{"id": device, "comments": "y"}])
        environment.setenv("NO_PROXY", "127.0.0.1")
        assert behind.connect("http://127.0.0.1:9").get("dcim/devices", {"id": [device]})


def test_a_proxy_that_wants_a_login(behind, tmp_path):
    with tinyproxy(tmp_path / "proxy", "BasicAuth user geheim") as proxy:
        for given in ("", "user:falsch@"):
            said = says(behind.connect(f"http://{given}{proxy}", retries=5))
            assert said.startswith(f"the proxy http://{proxy} ({behind.variable})") and "as http://USER:PASSWORD@HOST:PORT" in said, said
            assert ("401 " in said or "407 " in said) and "falsch" not in said and "check netbox_token" not in said, said


def test_a_proxy_that_forbids_the_host(behind, tmp_path):
    (tmp_path / "filter").write_text("nowhere\n", encoding="utf-8")
    with tinyproxy(tmp_path / "proxy", f'Filter "{tmp_path}/filter"', "FilterDefaultDeny Yes") as proxy:
        said = says(behind.connect(f"http://{proxy}", retries=5))
    assert said.startswith(f"the proxy http://{proxy} ({behind.variable})") and "403" in said, said
    assert "needs the permission" not in said and "check netbox_token" not in said


def test_a_proxy_that_cannot_be_reached(behind):
    said = says(behind.connect("http://user:geheim@127.0.0.1:9"))
    assert said == f"the proxy http://127.0.0.1:9 ({behind.variable}) cannot be reached: the connection was refused; is it running, and is that its port?"
    said = says(behind.connect("http://user:geheim@no-such-proxy.invalid:3128", retries=5))
    assert said.startswith(f"the proxy http://no-such-proxy.invalid:3128 ({behind.variable}) cannot be reached: its name"), said


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_a_socks_proxy_without_the_library(behind, scheme):
    said = says(behind.connect(f"{scheme}://user:geheim@127.0.0.1:9", retries=5))
    assert said.startswith(f"the proxy {scheme}://127.0.0.1:9 ({behind.variable}) needs a library that is missing: install PySocks"), said


@pytest.mark.parametrize(
    "proxy", ["ftp://h:1", "http://", "http://h:port", "http://u:pa/ss@h:1", "http://u:12/geheim@h:1", "http://u:1#geheim@h:1", "http://[::1"]
)
def test_a_proxy_whose_url_cannot_be_right(behind, proxy):
    with pytest.raises(NetboxError, match=f"the proxy for {behind.url} must read like http://proxy.example.org:3128; what {behind.variable} holds") as raised:
        behind.connect(proxy)
    assert "geheim" not in str(raised.value)


REFUSED = {
    401: "asks for a login of its own, before NetBox has seen the token",
    403: "does not let the request through to NetBox; the token and its permissions are not the reason",
    407: "asks for a user and password",
    414: "large_client_header_buffers",
    502: "with 502 Bad Gateway",
}


@pytest.mark.parametrize("status", REFUSED)
def test_an_error_that_is_not_netboxs(connect, tmp_path, status):
    port = free_port()
    with nginx(tmp_path / "nginx", (port, f"location / {{ return {status}; }}")):
        said = says(connect(f"http://127.0.0.1:{port}"))
    assert REFUSED[status] in said and f"{status} " in said, said
    assert "needs the permission" not in said and "check netbox_token" not in said and not said.startswith("NetBox at")


def test_a_host_name_that_netbox_does_not_take_for_its_own(lab, connect, tmp_path):
    port = free_port()
    with nginx(tmp_path / "nginx", (port, passing(lab, "proxy_set_header Host gateway.invalid;"))):
        said = says(connect(f"http://127.0.0.1:{port}"))
    assert "400 Bad Request" in said and "ALLOWED_HOSTS" in said, said


def test_a_request_that_is_too_large_for_the_web_server_is_cut_in_two(play, lab, netbox, tmp_path):
    devices, port = netbox.make_many(8), free_port()
    limits = "client_max_body_size 600; client_header_buffer_size 600; large_client_header_buffers 4 700;"
    with nginx(tmp_path / "nginx", (port, limits + passing(lab))) as server:
        done = play.create(nodes=devices, confirm_config=True, netbox_url=f"http://127.0.0.1:{port}")
        assert any('" 413 ' in line or '" 400 ' in line for line in server.asked(1))
    assert done.returncode == 0, done.output
    assert set(netbox.statuses(devices).values()) == {"active"}
