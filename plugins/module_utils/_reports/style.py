# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CSS of the report: light and dark, wide and narrow. Every text has a contrast of 4.5 or more to what is behind it."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = r"""
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f8fa; --text: #1b1f24; --muted: #57606a; --line: #d0d7de; --link: #0550ae;
  --good: #116329; --good-back: #dafbe1; --bad: #a40e26; --bad-back: #ffebe9; --wait: #6b4300; --wait-back: #fff8c5;
  --gone: #6639ba; --gone-back: #fbefff; --else: #4b535c; --else-back: #eaeef2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --panel: #161b22; --text: #e6edf3; --muted: #9ea7b1; --line: #30363d; --link: #79c0ff;
    --good: #7ee787; --good-back: #12261e; --bad: #ffa198; --bad-back: #2a171b; --wait: #e3b341; --wait-back: #272115;
    --gone: #d2a8ff; --gone-back: #271a40; --else: #b1bac4; --else-back: #21262d;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 120rem; padding: 1rem; background: var(--page); color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 0 0 .75rem; }
section { margin-top: 2rem; }
section:focus, main:focus { outline: none; }
header p, .quiet { color: var(--muted); }
header p { margin: 0; }
a, button.link { color: var(--link); }
code { font: .875rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; padding: .5rem 1rem; background: var(--page); }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; list-style: none; margin: .5rem 0 0; padding: 0; }
button, input { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: .35rem .75rem; }
button { cursor: pointer; }
button[aria-disabled=true] { color: var(--muted); cursor: default; }
button[aria-pressed=true] { border-color: var(--link); box-shadow: inset 0 0 0 1px var(--link); }
button.link { border: 0; padding: 0; background: none; text-decoration: underline; text-align: left; }
.filters { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: .75rem; }
.filters b { font-variant-numeric: tabular-nums; margin-left: .25rem; }
.search { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin-bottom: .75rem; }
.search input { flex: 1 1 12rem; max-width: 30rem; min-width: 0; }
.pages { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: .75rem; }
.pages p { margin: 0; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
td.whole { white-space: nowrap; }
td.long { overflow-wrap: anywhere; min-width: 20ch; }
th { background: var(--panel); padding: .2rem; }
th button { border: 0; background: none; font-weight: 600; padding: .2rem .4rem; white-space: nowrap; }
th[aria-sort=ascending] button::after { content: " \2191"; content: " \2191" / ""; }
th[aria-sort=descending] button::after { content: " \2193"; content: " \2193" / ""; }
td small { display: block; color: var(--muted); }
bdi, td, dd { unicode-bidi: isolate; }
.badge { display: inline-block; padding: 0 .5rem; border-radius: 1rem; font-size: .875rem; color: var(--else); background: var(--else-back); }
.active, .completed, .success { color: var(--good); background: var(--good-back); }
.failed { color: var(--bad); background: var(--bad-back); }
.suspended, .provisioning { color: var(--wait); background: var(--wait-back); }
.interrupted, .running, .migrating { color: var(--gone); background: var(--gone-back); }
.processes { list-style: none; margin: 0; padding: 0; }
.processes > li { border: 1px solid var(--line); border-radius: 6px; margin-bottom: .5rem; padding: .5rem .75rem; overflow-wrap: anywhere; }
summary { cursor: pointer; }
.head bdi { font-weight: 600; margin: 0 .25rem; }
.todo { margin: .5rem 0; padding: .5rem .75rem; background: var(--panel); border-radius: 6px; }
.todo p { margin: 0 0 .25rem; }
.todo button { margin-left: .5rem; padding: 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .75rem; margin: .75rem 0; }
dt { color: var(--muted); }
dd { margin: 0; }
.timeline { list-style: none; margin: .5rem 0 0 .4rem; padding: 0; border-left: 2px solid var(--line); }
.timeline li { position: relative; padding: .25rem 0 .5rem 1rem; }
.timeline li::before {
  content: ""; position: absolute; left: -.45rem; top: .6rem; width: .75rem; height: .75rem; border-radius: 50%; background: var(--muted);
}
.timeline li.of-success::before { background: var(--good); }
.timeline li.of-failed::before { background: var(--bad); }
.timeline li.of-suspended::before { background: var(--wait); }
.timeline li.of-next::before { background: var(--page); border: 2px solid var(--muted); }
.timeline p { margin: 0; }
.took { display: block; height: 4px; min-width: 2px; border-radius: 2px; background: var(--muted); margin-top: .25rem; }
[hidden] { display: none; }
table.cards, .cards tbody, .cards tr, .cards td { display: block; }
.cards thead tr { display: flex; flex-wrap: wrap; }
.cards th { border: 0; background: none; }
.cards th button { border: 1px solid var(--line); }
.cards tbody tr { border: 1px solid var(--line); border-radius: 6px; margin-top: .5rem; padding: .25rem .25rem; }
.cards td { display: grid; grid-template-columns: 7rem 1fr; border: 0; padding: .15rem .35rem; min-width: 0; white-space: normal; overflow-wrap: anywhere; }
.cards td::before { content: attr(data-label); color: var(--muted); }
.cards td > * { grid-column: 2; justify-self: start; }
@media (max-width: 60rem) {
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .35rem; }
}
"""
