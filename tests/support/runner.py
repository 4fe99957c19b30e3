# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of ansible-runner, as AWX starts them: each from a private data directory of its own, of which nothing stays."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t

from player import STARTED, Played, Player
from step_names import step_of

__all__ = ["GRACE", "Job", "Runner", "as_nobody", "cancel"]

GRACE = 10
"""Seconds that a mesh waits between SIGINT and SIGKILL."""

_OF_THE_NODE = ("PATH", "HOME", "TMPDIR")
"""Environment variables that the execution node has; all others are the job's, from env/envvars."""

_RUNNER = [sys.executable, "-m", "ansible_runner"]

_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro / && shift && exec unshare --user --map-user=54321 --map-group=54321 "$@"'


@dataclasses.dataclass
class Job(Played):
    """What a job did, as its events tell. ``status`` is runner's word for it; empty where the job was killed before it could say."""

    status: str = ""
    events: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)

    @property
    def artifacts(self) -> dict[str, t.Any]:
        """What AWX hands to the next job as extra variables: what the play set with set_stats."""
        stats = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(stats[-1].get("artifact_data") or {}) if stats else {}


class Runner(Player):
    """Runs ansible-runner against the lab: ``run``, or where ``streamed``, ``transmit | worker | process``, as three processes."""

    streamed = False

    def start(self, playbook: str, *arguments: str, environment: dict[str, str] | None = None, **variables: t.Any) -> subprocess.Popen[str]:
        """Start a job; the process is that which an execution node runs. ``arguments`` are those of ansible-playbook."""
        job = pathlib.Path(tempfile.mkdtemp(prefix="job-", dir=self.directory))
        full = self.full_environment(job / "results.jsonl") | {"ANSIBLE_CALLBACKS_ENABLED": "moments"} | (environment or {})
        full = {name: value for name, value in full.items() if value is not None}
        node = {name: full.pop(name) for name in (*self.base, *_OF_THE_NODE) if name in full}
        for name in ("env", "project", "inventory"):
            (job / name).mkdir()
        for name, content in (("envvars", json.dumps(full)), ("extravars", json.dumps(variables)), ("cmdline", shlex.join(arguments))):
            (job / "env" / name).write_text(content, encoding="utf-8")
        (job / "inventory" / "hosts").write_text("localhost ansible_connection=local\n", encoding="utf-8")
        said = (job / "said").open("w", encoding="utf-8")
        what = [str(job), "--ident", "job"]

        def begin(command: str, *more: str, stdin: t.Any = subprocess.DEVNULL, stdout: t.Any = said) -> subprocess.Popen[str]:
            words = [*self.prefix, *_RUNNER, command, *more]
            STARTED.append(subprocess.Popen(words, env=node, cwd=job, text=True, start_new_session=True, stdin=stdin, stdout=stdout, stderr=said))
            return STARTED[-1]

        if not self.streamed:
            run = begin("run", *what, "-p", playbook)
            run.job = (job, [run])  # type: ignore[attr-defined]
            return run
        first = begin("transmit", *what, "-p", playbook, stdout=subprocess.PIPE)
        elsewhere = job.with_name(job.name + "-worker")  # not within what is transmitted: the worker makes and deletes it meanwhile
        worker = begin("worker", "--private-data-dir", str(elsewhere), "--delete", stdin=first.stdout, stdout=subprocess.PIPE)
        last = begin("process", *what, stdin=worker.stdout)
        for end in (first.stdout, worker.stdout):
            t.cast(t.IO[str], end).close()  # the next process has it
        worker.job = (job, [first, worker, last])  # type: ignore[attr-defined]
        return worker

    def finish(self, process: subprocess.Popen[str]) -> Job:
        """Wait for it, read what it left, and delete that. No secret of the lab may be in its output or its events."""
        job, processes = process.job  # type: ignore[attr-defined]
        for one in processes:
            one.wait(timeout=600)
        artifacts = job / "artifacts" / "job"
        texts = {name: _text(artifacts / name) for name in ("stdout", "stderr", "status", "rc")}
        said = _text(job / "said")
        events = [json.loads(_text(file)) for file in (artifacts / "job_events").glob("*.json") if "partial" not in file.name]
        events.sort(key=lambda event: int(event["counter"]))
        for place in (job, job.with_name(job.name + "-worker")):
            shutil.rmtree(place, ignore_errors=place != job)
        self.secrets.check(texts["stdout"], texts["stderr"], json.dumps(events), *([] if self.streamed else [said]))
        results: dict[str, dict[str, t.Any]] = {}
        for event in events:
            if event["event"] in ("runner_on_ok", "runner_on_failed"):
                failed = {"failed": True} if event["event"] == "runner_on_failed" else {}
                results[step_of(event["event_data"]["task"])] = event["event_data"]["res"] | failed
        return Job(int(texts["rc"] or processes[-1].returncode), texts["stdout"] or said, results, texts["status"], events)

    def __call__(self, playbook: str, *arguments: str, **variables: t.Any) -> Job:
        """Run a job to its end."""
        return self.finish(self.start(playbook, *arguments, **variables))


def cancel(run: subprocess.Popen[str], whom: t.Callable[[subprocess.Popen[str]], int] | None = None) -> float:
    """End a job as a mesh does: SIGINT to its process group, ten seconds to obey, SIGKILL. What is left of it goes with its container.

    Args:
        run: The job.
        whom: Names the process whose group gets the SIGINT; it is runner's own where that is not given.

    Returns:
        The seconds that it took.
    """
    began = time.monotonic()
    os.killpg(whom(run) if whom else run.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(GRACE)
    for pid in [run.pid, *_of_job(run.job[0])]:  # type: ignore[attr-defined]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    run.wait()
    return time.monotonic() - began


def _of_job(job: pathlib.Path) -> t.Iterator[int]:
    """The pids of what works for a job. Once their parent is gone, nothing but their environment tells Ansible's workers from others."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.fsencode(job) in (entry / "environ").read_bytes():
                    yield int(entry.name)


def as_nobody(writable: pathlib.Path) -> list[str]:
    """The prefix of a command that is to run as in a container: a user id without a name, and nothing can be written but below ``writable``."""
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _READ_ONLY, "sh", str(writable)]


def _text(file: pathlib.Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
