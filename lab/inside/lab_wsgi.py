# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetBox's WSGI application with its static files, which in production a web server in front of it would serve."""

from __future__ import annotations

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.cache import cache
from django.db import connections
from netbox.wsgi import application as netbox

application = StaticFilesHandler(netbox)

# gunicorn forks its workers from here: they must not share what loading NetBox has opened.
connections.close_all()
cache.close()
