# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom to trust for TLS: the authorities of ca_path, or of the environment, or of the system."""

from __future__ import annotations

import os
import ssl
import typing as t

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NetboxError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._libraries import requests

__all__ = ["TlsAdapter", "verifying"]

_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables of the environment that name authorities to trust instead of the system's, in the order in which they count."""

_KNOWN_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep their authorities, for a Python whose OpenSSL was built to look elsewhere."""


def verifying(ca_path: str | None, alone: bool = True) -> ssl.SSLContext:
    """Make a context that verifies servers. It trusts ``ca_path`` alone, where that is given: a file or a directory of certificates; or not ``alone``.

    Raises NetboxError where what ``ca_path`` or the environment names holds no certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as curl does: a trusted authority need not be a root
    if ca_path:
        _load(context, ca_path, "ca_path")
        if alone:
            return context
    for variable in _BUNDLE_VARIABLES:
        if os.environ.get(variable):
            _load(context, os.environ[variable], f"{variable} in the environment")
            return context
    _load_system(context)
    return context


def _load_system(context: ssl.SSLContext) -> None:
    """Trust what OpenSSL trusts by default, else what is found where systems keep it, else what comes with Python's libraries."""
    paths = ssl.get_default_verify_paths()
    named = os.environ.get(paths.openssl_cafile_env)
    if named:
        _load(context, named, f"{paths.openssl_cafile_env} in the environment")
    else:
        _try_to_load(context, paths.openssl_cafile)
    directories = (os.environ.get(paths.openssl_capath_env) or paths.openssl_capath).split(os.pathsep)
    found = [path for path in directories if os.path.isdir(path) and _try_to_load(context, path)]
    if not found and not context.cert_store_stats()["x509"] and not any(_try_to_load(context, path) for path in _KNOWN_BUNDLES):
        _load(context, requests.utils.DEFAULT_CA_BUNDLE_PATH, "the package certifi")


def _is_hashed(directory: str) -> bool:
    """Return whether OpenSSL finds certificates in a directory: under the hashes of their subjects, ``5ed36f99.0``."""
    return os.path.isdir(directory) and any(name.endswith(".0") for name in os.listdir(directory))


def _load(context: ssl.SSLContext, path: str, setting: str) -> None:
    """Trust a file, or what lies in a directory. Raises NetboxError, which names the setting."""
    if not os.path.exists(path):
        raise NetboxError(f"{setting} names {path}, which does not exist")
    if not _try_to_load(context, path):
        raise NetboxError(f"{setting} names {path}, in which no certificate can be read; it must be in PEM format")


def _try_to_load(context: ssl.SSLContext, path: str) -> bool:
    """Trust a file, or what lies in a directory; False where no certificate can be read there."""
    try:
        if not os.path.isdir(path):
            context.load_verify_locations(cafile=path)
            return True
        if _is_hashed(path):
            context.load_verify_locations(capath=path)
            return True
        files = sorted(entry.path for entry in os.scandir(path) if entry.is_file())
    except OSError:  # ssl.SSLError is one
        return False
    loaded = [file for file in files if _try_to_load(context, file)]
    return bool(loaded)


class TlsAdapter(requests.adapters.HTTPAdapter):
    """Verifies by one context, and by nothing else: requests would add the authorities that it brings along, or that its variables name."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Give the context to each connection."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        """Give the context to each connection through a proxy, and to that with a proxy that speaks TLS."""
        kwargs["ssl_context"] = self._context
        if proxy.lower().startswith("https:"):
            kwargs["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **kwargs)

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        """Leave the context as it is."""
        conn.cert_reqs = "CERT_REQUIRED"

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Send a request. ``verify`` would be a path, where the environment has one."""
        return super().send(request, *args, **{**kwargs, "verify": True})
