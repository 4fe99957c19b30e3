# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom TLS to NetBox trusts: ca_path, what the environment names, or what the system has."""

from __future__ import annotations

import os
import pathlib
import shutil
import ssl
import subprocess
import typing as t

import pytest
import requests

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox import tls
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._netbox.tls import TlsAdapter, verifying


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A directory with two certificates, and what is none."""
    place = tmp_path_factory.mktemp("certificates")
    for name in ("one", "two"):
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-days", "2"]
        subprocess.run([*made, "-keyout", str(place / f"{name}.key"), "-out", str(place / f"{name}.pem")], check=True, capture_output=True)
        (place / f"{name}.key").unlink()
    (place / "both.txt").write_text((place / "one.pem").read_text() + (place / "two.pem").read_text(), encoding="utf-8")
    (place / "none.txt").write_text("no certificate", encoding="utf-8")
    (place / "empty").mkdir()
    (place / "hashed").mkdir()
    shutil.copy(place / "one.pem", place / "hashed" / "5ed36f99.0")
    return place


def trusted(context: ssl.SSLContext) -> list[str]:
    """Whom it trusts, by name."""
    return sorted(dict(part[0] for part in one["subject"])["commonName"] for one in context.get_ca_certs())


@pytest.mark.parametrize(
    ("path", "names"),
    [("one.pem", ["one"]), ("both.txt", ["one", "two"]), ("", ["one", "two"]), ("hashed", []), ("none.txt", None), ("empty", None), ("nowhere", None)],
)
@pytest.mark.parametrize("variable", ["ca_path", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_whom_tls_trusts(monkeypatch: pytest.MonkeyPatch, certificates: pathlib.Path, variable: str, path: str, names: list[str] | None) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    place = str(certificates / path)
    if variable != "ca_path":
        monkeypatch.setenv(variable, place)
    try:
        context = verifying(place if variable == "ca_path" else None)
        assert trusted(context) == names
        assert (context.verify_mode, context.check_hostname, context.minimum_version) == (ssl.CERT_REQUIRED, True, ssl.TLSVersion.TLSv1_2)
        assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    except NetboxError as error:
        setting = variable if variable == "ca_path" else f"{variable} in the environment"
        why = "which does not exist" if path == "nowhere" else "in which no certificate can be read; it must be in PEM format"
        assert names is None and str(error) == f"{setting} names {place}, {why}"


def test_the_first_of_the_variables_counts_and_ca_path_alone_or_with_it(monkeypatch: pytest.MonkeyPatch, certificates: pathlib.Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "one.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificates / "two.pem"))
    assert trusted(verifying(None)) == ["one"]
    assert trusted(verifying(str(certificates / "two.pem"))) == ["two"]
    assert trusted(verifying(str(certificates / "two.pem"), alone=False)) == ["one", "two"]


def test_without_any_the_systems_authorities_count(monkeypatch: pytest.MonkeyPatch, certificates: pathlib.Path) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(certificates / "empty"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "one.pem"))
    assert trusted(verifying(None)) == ["one"]
    monkeypatch.setenv("SSL_CERT_DIR", f"{certificates / 'nowhere'}{os.pathsep}{certificates / 'hashed'}")
    assert trusted(verifying(None)) == ["one"]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "nowhere"))
    with pytest.raises(NetboxError, match="SSL_CERT_FILE in the environment names .*nowhere, which does not exist"):
        verifying(None)


@pytest.mark.parametrize(
    ("file", "directory", "bundle", "certifi", "names"),
    [
        ("one.pem", "nowhere", "two.pem", "two.pem", ["one"]),
        ("one.pem", "hashed", "two.pem", "two.pem", ["one"]),
        ("nowhere", "", "nowhere", "nowhere", ["one", "two"]),
        ("nowhere", "nowhere{0}{1}/empty{0}{1}", "nowhere", "nowhere", ["one", "two"]),
        ("nowhere", "hashed", "two.pem", "two.pem", []),
        ("nowhere", "one.pem", "two.pem", "one.pem", ["two"]),
        ("nowhere", "empty", "two.pem", "one.pem", ["two"]),
        ("none.txt", "empty", "none.txt", "one.pem", ["one"]),
        ("nowhere", "nowhere", "nowhere", "nowhere", None),
    ],
)
def test_where_a_system_keeps_its_authorities(  # pylint: disable=too-many-arguments,too-many-positional-arguments
    monkeypatch: pytest.MonkeyPatch, certificates: pathlib.Path, file: str, directory: str, bundle: str, certifi: str, names: list[str] | None
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    known = ssl.get_default_verify_paths()
    directory = directory.format(os.pathsep, certificates)
    built = known._replace(openssl_cafile=str(certificates / file), openssl_capath=str(certificates / directory))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: built)
    monkeypatch.setattr(tls, "_KNOWN_BUNDLES", (str(certificates / "nowhere"), str(certificates / bundle)))
    monkeypatch.setattr(requests.utils, "DEFAULT_CA_BUNDLE_PATH", str(certificates / certifi))
    if names is None:
        with pytest.raises(NetboxError) as error:
            verifying(None)
        assert str(error.value) == f"the package certifi names {certificates / certifi}, which does not exist"
    else:
        assert trusted(verifying(None)) == names


def test_requests_does_not_choose_whom_to_trust(monkeypatch: pytest.MonkeyPatch, certificates: pathlib.Path) -> None:
    sent: list[t.Any] = []
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", lambda self, request, *args, **kwargs: sent.append([request, args, kwargs]) or "answer")
    adapter = TlsAdapter(verifying(str(certificates / "one.pem")))
    assert t.cast(str, adapter.send("request", False, verify="/of/the/environment", timeout=5)) == "answer"
    assert sent == [["request", (False,), {"verify": True, "timeout": 5}]]
    adapter.init_poolmanager(3, maxsize=4, block=True)
    assert (adapter.poolmanager.connection_pool_kw["maxsize"], adapter.poolmanager.connection_pool_kw["block"]) == (4, True)


def test_one_context_verifies_and_nothing_else(certificates: pathlib.Path) -> None:
    context = verifying(str(certificates / "one.pem"))
    adapter = TlsAdapter(context)
    assert adapter.poolmanager.connection_pool_kw["ssl_context"] is context
    plain, tls = adapter.proxy_manager_for("http://proxy.test"), adapter.proxy_manager_for("HTTPS://proxy.test")
    assert plain.connection_pool_kw["ssl_context"] is context and plain.proxy_config.ssl_context is None
    assert tls.connection_pool_kw["ssl_context"] is context and tls.proxy_config.ssl_context is context
    pool = type("Pool", (), {"cert_reqs": None})()
    adapter.cert_verify(pool, "https://x", "/elsewhere", None)
    assert pool.cert_reqs == "CERT_REQUIRED"
