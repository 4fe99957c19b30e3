# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML of the report: its frame. The script fills it from the data.

It is Python and no file of HTML because Ansible ships only Python with an ordinary module. So do its style and its script.
"""

from __future__ import annotations

__all__ = ["MARKUP"]

MARKUP = r"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta http-equiv="x-dns-prefetch-control" content="off">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="nodeflow.orchestrator.report">
<title>Subscriptions and processes</title>
<link rel="icon" href="data:,">
<style>$style</style>
</head>
<body>
<a class="skip" href="#main">Skip to the subscriptions</a>
<header>
<h1>Subscriptions and processes</h1>
<p id="netbox"></p>
<p>Written <time id="written" datetime="$written">$written_text</time>. Later runs of the report leave the page as it is while nothing changes.
All times are in UTC.</p>
<nav aria-label="Sections"><ul>
<li><a href="#subscriptions">Subscriptions <b id="subscriptions-count"></b></a></li>
<li><a href="#processes">Processes <b id="processes-count"></b></a></li>
<li><a href="#drift">Drift <b id="drift-count"></b></a></li>
</ul></nav>
</header>
<noscript><p>This page needs JavaScript: the browser reads the data that is in the page and loads nothing else.</p></noscript>
<main id="main" tabindex="-1">
<section id="subscriptions" tabindex="-1" aria-labelledby="subscriptions-title">
<h2 id="subscriptions-title">Subscriptions</h2>
</section>
<section id="processes" tabindex="-1" aria-labelledby="processes-title">
<h2 id="processes-title">Processes</h2>
</section>
<section id="drift" tabindex="-1" aria-labelledby="drift-title">
<h2 id="drift-title">Drift</h2>
<p id="validated"></p>
</section>
</main>
<script type="application/json" id="data">$data</script>
<script>$script</script>
</body>
</html>
"""
