# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's nginx and tinyproxy on loopback, and an authority for their certificates: what stands between people and their NetBox."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time
import typing as t

from packages import install
from processes import free_port

_NGINX = """
user {login}; worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    {servers}
}}
"""


class Nginx:
    """A running nginx."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._log = directory / "access.log"

    def asked(self, count: int) -> list[str]:
        """The lines of its access log, once there are ``count``: it writes them after it has answered."""
        for _attempt in range(100):
            lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
            if len(lines) >= count:
                break
            time.sleep(0.05)
        return lines


@contextlib.contextmanager
def nginx(directory: pathlib.Path, *servers: tuple[int, str]) -> t.Iterator[Nginx]:
    """Run nginx with servers, each a port (TLS where the second begins with ``ssl_certificate``) and what stands in its block."""
    directory.mkdir(exist_ok=True)
    blocks = [f"server {{ listen 127.0.0.1:{port}{' ssl' if block.startswith('ssl_') else ''}; {block} }}" for port, block in servers]
    config = directory / "nginx.conf"
    config.write_text(_NGINX.format(login=pwd.getpwuid(os.getuid()).pw_name, directory=directory, servers="\n".join(blocks)), encoding="utf-8")
    with _running([_program("nginx"), "-p", str(directory), "-c", str(config), "-e", str(directory / "error.log")], *[port for port, _block in servers]):
        yield Nginx(directory)


@contextlib.contextmanager
def tinyproxy(directory: pathlib.Path, *lines: str) -> t.Iterator[str]:
    """Run a forward proxy with further lines of configuration; gives ``HOST:PORT``."""
    directory.mkdir(exist_ok=True)
    port = free_port()
    config = directory / "tinyproxy.conf"
    config.write_text("\n".join([f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 20", *lines, ""]), encoding="utf-8")
    with _running([_program("tinyproxy"), "-d", "-c", str(config)], port):
        yield f"127.0.0.1:{port}"


class Authority:
    """An authority of one's own, ``certificate``, made by the few lines of openssl that people use: without any extension that is not needed."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.certificate = directory / "authority.pem"
        new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        self._openssl(
            *f"req -x509 {new_key} -days 2 -subj /CN=Company -keyout {directory}/authority.key -out {self.certificate}".split(),
            *["-config", str(self._file("ca.conf", "[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=CA:TRUE\n"))],
        )

    def server(self, name: str = "IP:127.0.0.1") -> str:
        """The lines of nginx for a server with a certificate of this authority."""
        key, request, certificate = (self.directory / f"server.{end}" for end in ("key", "csr", "pem"))
        self._openssl(*f"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout {key} -out {request}".split())
        extension = self._file("server.conf", f"subjectAltName={name}\n")
        signing = f"-CA {self.certificate} -CAkey {self.directory}/authority.key -CAcreateserial -days 2 -extfile {extension}"
        self._openssl(*f"x509 -req -in {request} -out {certificate} {signing}".split())
        return f"ssl_certificate {certificate}; ssl_certificate_key {key};"

    def hashed(self, directory: pathlib.Path) -> pathlib.Path:
        """A new directory below ``directory`` as OpenSSL wants it, with the certificate in it."""
        made = directory / "hashed"
        made.mkdir()
        shutil.copy(self.certificate, made / "authority.pem")
        self._openssl("rehash", str(made))
        return made

    def _file(self, name: str, text: str) -> pathlib.Path:
        (self.directory / name).write_text(text, encoding="utf-8")
        return self.directory / name

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _program(name: str) -> str:
    found = _which(name)
    if not found:
        install(name)
        found = _which(name)
    assert found, f"Debian's package {name} has no such program"
    return found


def _which(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def _running(command: list[str], *ports: int) -> t.Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for port in ports:
            _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _attempt in range(200):
        assert process.poll() is None, f"{process.args!r} ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")
