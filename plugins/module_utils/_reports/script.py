# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JavaScript of the report: fills the frame from the data, a page of rows at a time. Whatever the data are, they become text and nothing else."""

from __future__ import annotations

__all__ = ["SCRIPT"]

SCRIPT = r"""
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const LIFECYCLES = ["initial", "provisioning", "active", "migrating", "disabled", "terminated"];
const OPEN = ["failed", "suspended", "interrupted"];
const STATUSES = [...OPEN, "running", "completed", "aborted"];
const BADGES = new Set([...LIFECYCLES, ...STATUSES, "success"]);
const HOW = {
  failed: "Once the reason is gone, continue it with:",
  suspended: "It waits for a person. Once its config is in place, continue it with:",
  interrupted: "Its run is gone. Continue it with:",
};

/** Letters of a word that a column has room for. */
const LONGEST_WORD = 44;

/** The URL of the NetBox to link to; null where there is none, or it is none that a page should link to. */
const NETBOX = /^https?:\/\//.test(data.netbox_url ?? "") ? data.netbox_url : null;

const sum = (counts) => Object.values(counts).reduce((one, other) => one + other, 0);
const at = (id) => document.getElementById(id);
const number = (count) => count.toLocaleString("en");
const compare = new Intl.Collator("en", { numeric: true }).compare;

/** A new element. Children that are no elements become text; null is left out. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The rows of a table of the data as objects. */
const unpack = (table) => table.rows.map((row) => Object.fromEntries(table.columns.map((name, place) => [name, row[place]])));

/** What is wrong with a row that cannot be read; null where nothing is. */
const problem = (one) => (one.problem ? make("small", null, `cannot be read: ${one.problem}`) : null);

const badge = (word) => make("span", { class: "badge" + (BADGES.has(word) ? " " + word : "") }, word);

/** What the products show of the objects of NetBox that their subscriptions stand for. */
const VIEWS = data.views;
const LABEL = VIEWS[0]?.label ?? "description";
const capital = (word) => word[0].toUpperCase() + word.slice(1);
const NOUN = VIEWS.map((view) => capital(view.noun)).join(" or ") || "Name";

/** The ids of the object of a row, one a product: null but for its own. */
const ids = (one) => VIEWS.map((view) => one[view.id]);
const anId = (one) => ids(one).find((id) => id !== null) ?? null;

/** The objects that a validation did not find in NetBox any more: they have no page there. */
const gone = new Set();
for (const one of data.findings === null ? [] : unpack(data.findings)) {
  for (const view of VIEWS) if (one.problem === view.gone) gone.add(`${view.endpoint}/${one[view.id]}`);
}

/** The name of a row's object, with a link to its page where NetBox has one. */
function linked(name, one) {
  const text = make("bdi", null, name);
  const view = VIEWS.find((some) => Number.isInteger(one[some.id]));
  const place = view && `${view.endpoint}/${one[view.id]}`;
  if (!NETBOX || !view || gone.has(place)) return text;
  return make("a", { href: `${NETBOX}/${place}/`, rel: "noopener noreferrer" }, text);
}

/** What a finding is about, in words. */
const subject = (finding) => (Object.hasOwn(data.problems, finding.problem) ? data.problems[finding.problem] : finding.problem);

function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  let rest = seconds;
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return `${count} ${unit}`;
  });
  return parts.join(" ");
}

/** What stands below a title where not all is on the page, and how to list the rest. */
function leftOut(items, total, noun, which, how) {
  if (items.length >= total) return [];
  return [make("p", { class: "quiet" }, `This page has ${number(items.length)} of ${number(total)} ${noun}: ${which}. Search and filters find these alone. `,
    how ? "All of them are listed by:" : "The result of the validation has all."), ...(how ? [command(how)] : [])];
}

/** Items that are searched, filtered and shown a page at a time. `show` draws the items of one page into `body`. */
class List {
  constructor({ section, noun, items, words, of, size, body, show }) {
    Object.assign(this, { noun, items, size, show, of, page: 0, chosen: null, order: null });
    this.texts = items.map((item) => words(item).filter((word) => word !== null && word !== undefined).join("\n").toLowerCase());
    this.input = make("input", { type: "search", id: section + "-search", autocomplete: "off", spellcheck: "false", input: () => this.draw(0) });
    this.filters = [];
    this.status = make("p", { role: "status", class: "quiet" });
    this.buttons = [["First", () => 0], ["Previous", () => this.page - 1], ["Next", () => this.page + 1], ["Last", () => this.pages - 1]].map(
      ([label, to]) => [make("button", { type: "button", click: () => this.go(to()) }, label), to]
    );
    at(section).append(
      make("div", { class: "search" }, make("label", { for: this.input.id }, `Search ${noun}`), this.input),
      body,
      make("nav", { class: "pages", "aria-label": `Pages of ${noun}` }, ...this.buttons.map(([button]) => button), this.status)
    );
  }

  /** Buttons that leave those of one kind, with how many the store has. */
  filterBy(label, kinds, before, known) {
    const counts = new Map([...kinds.map((kind) => [kind, 0]), ...Object.entries(known)]);
    this.filters = [[null, sum(known)], ...counts].map(([kind, count]) => {
      const press = () => this.choose(this.chosen === kind ? null : kind);
      return [kind, make("button", { type: "button", click: press }, kind === null ? "all" : badge(kind), " ", make("b", null, number(count)))];
    });
    before.after(make("div", { class: "filters", role: "group", "aria-label": label }, ...this.filters.map(([, button]) => button)));
    return counts;
  }

  choose(kind) {
    this.chosen = kind;
    this.draw(0);
  }

  /** Show the one item, whatever was asked for before. */
  find(text) {
    this.input.value = text;
    this.choose(null);
  }

  go(page) {
    if (page >= 0 && page < this.pages && page !== this.page) this.draw(page);
  }

  draw(page) {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = this.items.filter((item, place) => {
      if (this.chosen !== null && this.of(item) !== this.chosen) return false;
      return words.every((word) => this.texts[place].includes(word));
    });
    if (this.order) found = this.order(found);
    this.pages = Math.max(1, Math.ceil(found.length / this.size));
    this.page = page;
    const start = page * this.size;
    const shown = found.slice(start, start + this.size);
    this.show(shown);
    this.status.textContent = shown.length
      ? `${number(start + 1)} to ${number(start + shown.length)} of ${number(found.length)}`
      : this.items.length ? "Nothing is found" : `There are no ${this.noun}`;
    for (const [button, to] of this.buttons) {
      const page = to();
      button.setAttribute("aria-disabled", String(page < 0 || page >= this.pages || page === this.page));
    }
    for (const [kind, button] of this.filters) button.setAttribute("aria-pressed", String(kind === this.chosen));
  }
}

/** How a cell may be broken: an address never, other texts between words, and within a word that no column has room for. */
function width(text) {
  if (text.split(/[\s-]/).some((word) => word.length > LONGEST_WORD)) return "long";
  return /^[\da-f.:]+\/\d+$/i.test(text) ? "whole" : "";
}

/** A List as a table. `columns` are [label, what it is sorted by, what a cell shows]. */
function table(columns, options) {
  const body = make("tbody", { role: "rowgroup" });
  const heads = columns.map(([label, key]) =>
    make("th", { scope: "col", role: "columnheader" }, make("button", { type: "button", click: () => sort(label, key) }, label)));
  const frame = make("table", { role: "table", "aria-labelledby": options.section + "-title" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads)), body);
  const list = new List({ ...options, body: frame, show });
  addEventListener("resize", fit);

  function show(items) {
    body.replaceChildren(...items.map(row));
    fit();
  }

  function row(item) {
    const cells = columns.map(([label, key, cell]) => {
      const element = make("td", { role: "cell", "data-label": label }, (cell ?? key)(item));
      element.className = width(element.textContent);
      return element;
    });
    return make("tr", { role: "row" }, ...cells);
  }

  /** Columns where no word must be broken for them; else a card for each row. */
  function fit() {
    frame.classList.remove("cards");
    frame.classList.toggle("cards", frame.scrollWidth > frame.parentElement.clientWidth);
  }

  function sort(label, key) {
    const place = columns.findIndex(([name]) => name === label);
    const down = heads[place].getAttribute("aria-sort") === "ascending";
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[place].setAttribute("aria-sort", down ? "descending" : "ascending");
    list.order = (items) => items
      .map((item) => [String(key(item) ?? ""), item])
      .sort(([one], [other]) => (one === "") - (other === "") || (down ? compare(other, one) : compare(one, other)))
      .map(([, item]) => item);
    list.draw(0);
  }
  return list;
}

const subscriptions = unpack(data.subscriptions);
const processes = unpack(data.processes).sort((one, other) => rank(one) - rank(other) || compare(other.updated, one.updated));

function rank(process) {
  const place = STATUSES.indexOf(process.status);
  return place >= 0 && place < 4 ? place : 4;
}

const names = new Map(subscriptions.map((one) => [one.subscription_id, one.name]));

/** Which other subscriptions one uses, and which use it, by their names, the first few of them. */
function relations(one) {
  const some = (words, ids) => {
    if (!ids) return null;
    const rest = ids.length > 5 ? ` and ${number(ids.length - 5)} more` : "";
    return make("small", null, `${words} ${ids.slice(0, 5).map((id) => names.get(id) ?? id).join(", ")}${rest}`);
  };
  return [some("uses", one.depends_on), some("in use by", one.in_use_by)];
}

/** What stands for a subscription: its name, and the id of its object in NetBox, if it has one. */
function cellOf(one) {
  const id = anId(one);
  return make("div", null, linked(one.name, one), id === null ? null : make("small", null, `id ${id}`), ...relations(one), problem(one));
}

const subscriptionList = table(
  [
    [NOUN, (one) => one.name, cellOf],
    ...VIEWS.flatMap((view) => view.facts).map((name) => [capital(name), (one) => one[name]]),
    ["Lifecycle", (one) => one.status, (one) => make("div", null, badge(one.status), one.note ? make("small", null, one.note) : null)],
    ["In sync", (one) => (one.insync ? "yes" : "no")],
    ...VIEWS.flatMap((view) => view.fields).map(([heading, name]) => [heading, (one) => one[name]]),
    ["Customer", (one) => one.customer_id],
    ["Since", (one) => one.since],
    ["Process", (one) => one.process_status, (one) => one.process_id === null ? null : toProcess(one)],
  ],
  {
    section: "subscriptions", noun: "subscriptions", items: subscriptions, size: 25, of: (one) => one.status,
    words: (one) => [one.name, ...ids(one), ...VIEWS.flatMap((view) => view.facts).map((name) => one[name]), one.status,
      ...VIEWS.flatMap((view) => view.fields).map(([, name]) => one[name]), one.customer_id, one.note, one.subscription_id, one.process_id, one.problem],
  }
);

const onPage = new Set(processes.map((one) => one.process_id));

/** A button that leads to a subscription's latest process, if that is on the page. */
function toProcess(subscription) {
  if (!onPage.has(subscription.process_id)) return badge(subscription.process_status);
  const label = `${subscription.process_status}: the latest process of ${subscription.name}`;
  const go = () => showProcess(subscription.process_id);
  return make("button", { type: "button", class: "link", "aria-label": label, click: go }, badge(subscription.process_status));
}

const processBody = make("ul", { class: "processes" });
const processList = new List({
  section: "processes", noun: "processes", items: processes, size: 10, body: processBody, of: (one) => one.status,
  words: (one) => [one[LABEL], ...ids(one), one.process_id, one.subscription_id, one.status, one.workflow, one.step, one.error, one.actor,
    one.problem, one.run_id],
  show: (items) => processBody.replaceChildren(...items.map(card)),
});

/** One process. Its steps are made when they are opened; what somebody must do stands before them. */
function card(process) {
  const head = make("span", { class: "head" }, badge(process.status), " ", make("bdi", null, process[LABEL]), " ",
    make("span", { class: "quiet" }, [process.workflow, process.step ? `at ${process.step}` : null, process.updated].filter(Boolean).join(", ")));
  const open = process.continue_with !== null;
  const held = process.status === "running" && process.lease_until ? make("span", { class: "quiet" }, `, held until ${process.lease_until} UTC`) : null;
  head.append(...[held, problem(process)].filter(Boolean));
  const details = make("details", { toggle: fill }, make("summary", null, ...(open ? ["Steps of ", make("bdi", null, process[LABEL])] : [head])));

  function fill() {
    if (details.open && details.childElementCount === 1) details.append(facts(process), timeline(process));
  }
  return make("li", null, ...(open ? [head, todo(process)] : []), details);
}

function todo(process) {
  const why = process.error ? make("p", null, process.error) : null;
  const aborting = process.continue_with === process.abort_with;
  const how = make("p", null, aborting ? "It is being aborted. Finish that with:" : HOW[process.status] ?? "Continue it with:");
  const or = aborting ? [] : [make("p", null, "Or give it up with:"), command(process.abort_with)];
  return make("div", { class: "todo" }, why, how, command(process.continue_with), ...or);
}

/** A command line and a button that copies it; where a browser does not let it, it is selected. */
function command(line) {
  const code = make("code", null, line);
  const button = make("button", { type: "button", "aria-label": `Copy: ${line}`, click: copy }, "Copy");

  async function copy() {
    try {
      await navigator.clipboard.writeText(line);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
  }
  return make("p", null, code, button);
}

function facts(process) {
  const rows = [
    ["Process", process.process_id], ["Subscription", process.subscription_id], [NOUN, linked(process[LABEL], process)],
    ["Workflow", `${process.workflow} (${process.target})`], ["Begun", process.started], ["Last change", process.updated],
    ["Completed", process.completed], ["Asked for by", process.requester], ["Confirmed by", process.confirmed_by], ["Last by", process.actor],
    ["Held by its run until", process.lease_until && `${process.lease_until} UTC`], ["Run", process.run_id],
    ["Error", process.continue_with ? null : process.error],
  ];
  return make("dl", null, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", null, name), make("dd", null, value)]));
}

function timeline(process) {
  const steps = unpack({ columns: data.step_columns, rows: process.steps });
  const longest = Math.max(...steps.map((step) => step.seconds), 0.001);
  const entries = steps.map((step) => {
    const bar = make("span", { class: "took", "aria-hidden": "true" });
    bar.style.width = `${Math.max(0, (100 * step.seconds) / longest)}%`;
    const words = [`attempt ${step.attempt}`, step.seconds === null ? null : duration(step.seconds), step.started, step.actor];
    const class_ = ["success", "failed", "suspended"].includes(step.status) ? "of-" + step.status : null;
    return make("li", { class: class_ }, make("b", null, step.step), " ", badge(step.status), " ",
      make("span", { class: "quiet" }, words.filter(Boolean).join(", ")),
      step.error ? make("p", null, step.error) : null, bar);
  });
  const last = steps.at(-1);
  const waitsHere = last && last.step === process.step && last.status !== "success";
  if (process.step && !waitsHere) {
    entries.push(make("li", { class: "of-next" }, make("b", null, process.step), make("span", { class: "quiet" }, " comes next")));
  }
  return make("ol", { class: "timeline", "aria-label": "Steps" }, ...entries);
}

/** Show one process, open, and go there. */
function showProcess(id) {
  processList.find(id);
  const details = processBody.querySelector("details");
  if (!details) return;
  details.open = true;
  details.scrollIntoView({ block: "center" });
  details.querySelector("summary").focus();
}

const totals = { subscriptions: sum(data.counts.subscriptions), processes: sum(data.counts.processes) };
const toContinue = OPEN.reduce((sum, status) => sum + (data.counts.processes[status] ?? 0), 0);
const seen = processes.filter((one) => OPEN.includes(one.status)).length;
const unseen = seen < toContinue ? ` (${number(toContinue - seen)} of which are not on it)` : "";
const INFO = "ansible localhost -m nodeflow.orchestrator.";
at("subscriptions-title").after(...leftOut(subscriptions, totals.subscriptions, "subscriptions",
  "those that must be continued, then those at which a process works, then those that changed last",
  INFO + "subscription_info -a 'dest=subscriptions.csv format=csv'"));
at("processes-title").after(...leftOut(processes, totals.processes, "processes",
  `those that must be continued${unseen}, then those that run, then those that did something last`, INFO + "process_info -a 'dest=processes.csv format=csv'"));
subscriptionList.filterBy("Subscriptions by lifecycle", LIFECYCLES, at("subscriptions-title"), data.counts.subscriptions);
const counts = processList.filterBy("Processes by status", STATUSES, at("processes-title"), data.counts.processes);
const open = OPEN.reduce((sum, status) => sum + counts.get(status), 0);
at("subscriptions-count").textContent = number(totals.subscriptions);
at("processes-count").textContent = number(totals.processes) + (open ? `, ${number(open)} to continue` : "");
if (NETBOX) {
  at("netbox").append("What the store knows of the NetBox at ", make("a", { href: NETBOX + "/", rel: "noopener noreferrer" }, NETBOX), ".");
}
if (data.findings === null) {
  at("drift-count").textContent = "not validated";
  at("validated").textContent = "Not validated: the report was not given what a validation found.";
} else {
  const findings = unpack(data.findings);
  const when = data.validated_at ? ` at ${data.validated_at}` : "";
  at("drift-count").textContent = number(data.counts.findings);
  at("validated").textContent = findings.length ? `What a validation${when} found to differ:` : `A validation${when} found no difference.`;
  at("validated").after(...leftOut(findings, data.counts.findings, "findings", "the first ones"));
  if (findings.length) {
    const value = (it) => (it === null ? "" : String(it));
    table(
      [
        [NOUN, (one) => one[LABEL], (one) => linked(one[LABEL], one)],
        ["Problem", subject],
        ["Store", (one) => value(one.store)],
        ["NetBox", (one) => value(one.netbox)],
        ["What is wrong", (one) => one.message],
      ],
      {
        section: "drift", noun: "findings", items: findings, size: 25, of: (one) => one.problem,
        words: (one) => [one[LABEL], ...ids(one), one.problem, subject(one), one.store, one.netbox, one.message, one.subscription_id],
      }
    ).draw(0);
  }
}
subscriptionList.draw(0);
processList.draw(0);
// NetBox's custom link names a subscription behind the #.
const named = location.hash.slice(1);
const leftThere = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(named) && subscriptions.length < totals.subscriptions;
if (leftThere || subscriptions.some((one) => one.subscription_id === named)) {
  subscriptionList.find(named);
  processList.find(named);
}
document.documentElement.dataset.ready = "true";
"""
