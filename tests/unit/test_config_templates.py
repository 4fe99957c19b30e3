# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engineer gets to paste into a router, for each platform, whatever NetBox holds."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar

from ansible_collections.nodeflow.orchestrator.plugins.lookup import node_configs

ROLE_TEMPLATES = Path(__file__).parents[2] / "roles" / "provide_config" / "templates"
COLLECTIONS = Path(node_configs.__file__).parents[5]
SUBSCRIPTION = "550e8400-e29b-41d4-a716-446655440000"


def address(interface, **on):
    if interface is None or isinstance(interface, dict):
        return interface
    value = ipaddress.ip_interface(interface)
    return on | {
        "interface": str(value),
        "address": str(value.ip),
        "prefix_length": value.network.prefixlen,
        "netmask": str(value.netmask),
        "hostmask": str(value.hostmask),
        "network": str(value.network),
    }


def node(platform="", name="loc1-core", ipv4="10.0.0.1/32", ipv6="2001:db8::1/128", **changes):
    return {
        "process_id": "p1",
        "subscription_id": SUBSCRIPTION,
        "device_id": 12,
        "name": name,
        "description": f"Node {name}",
        "site": "loc1",
        "role": "core",
        "platform": platform,
        "ipv4": address(ipv4),
        "ipv6": address(ipv6),
        **changes,
    }


def render(*nodes, directories=(), variables=None, vault_secrets=()):
    """Through the plugin itself, the way Ansible calls it."""
    loader = DataLoader()
    loader.set_vault_secrets(list(vault_secrets))
    variables = variables or {}
    lookup = node_configs.LookupModule(loader=loader, templar=Templar(loader=loader, variables=variables))
    lookup._load_name = "nodeflow.orchestrator.node_configs"
    options = yaml.safe_load(node_configs.DOCUMENTATION)["options"]
    constants.config.initialize_plugin_configuration_definitions("lookup", lookup._load_name, options)
    return lookup.run([list(nodes)], variables, directories=[str(path) for path in (*directories, ROLE_TEMPLATES)])


def config(*args, **kwargs):
    (result,) = render(*args, **kwargs)
    assert "error" not in result, result["error"]
    return result["config"]


HEADER = f"Node loc1-core, subscription {SUBSCRIPTION}\n"

BOTH = {
    "cisco_ios": "! "
    + HEADER
    + """\
hostname loc1-core
!
interface Loopback0
 description Node loc1-core
 ip address 10.0.0.1 255.255.255.255
 ipv6 address 2001:db8::1/128
!
""",
    "cisco_iosxr": "! "
    + HEADER
    + """\
hostname loc1-core
!
interface Loopback0
 description Node loc1-core
 ipv4 address 10.0.0.1 255.255.255.255
 ipv6 address 2001:db8::1/128
!
""",
    "arista_eos": "! "
    + HEADER
    + """\
hostname loc1-core
!
interface Loopback0
 description Node loc1-core
 ip address 10.0.0.1/32
 ipv6 address 2001:db8::1/128
!
""",
    "frr": "! "
    + HEADER
    + """\
hostname loc1-core
!
interface lo
 description Node loc1-core
 ip address 10.0.0.1/32
 ipv6 address 2001:db8::1/128
exit
!
""",
    "juniper_junos": "# "
    + HEADER
    + """\
set system host-name loc1-core
set interfaces lo0 unit 0 description "Node loc1-core"
set interfaces lo0 unit 0 family inet address 10.0.0.1/32
set interfaces lo0 unit 0 family inet6 address 2001:db8::1/128
""",
    "nokia_sros": "# "
    + HEADER
    + """\
/configure system name "loc1-core"
/configure router "Base" interface "system" admin-state enable
/configure router "Base" interface "system" description "Node loc1-core"
/configure router "Base" interface "system" ipv4 primary address 10.0.0.1 prefix-length 32
/configure router "Base" interface "system" ipv6 address 2001:db8::1 prefix-length 128
""",
    "default": "# "
    + HEADER
    + """\
# There is no template for the platform of this node (default). These are its settings in plain words.
host name: loc1-core
loopback description: Node loc1-core
loopback IPv4: 10.0.0.1/32
loopback IPv6: 2001:db8::1/128
""",
}
PLATFORMS = sorted(BOTH)

REMOVAL = {
    "cisco_ios": "no interface Loopback0\n!\n",
    "cisco_iosxr": "no interface Loopback0\n!\n",
    "arista_eos": "no interface Loopback0\n!\n",
    "frr": "interface lo\n no description\n no ip address 10.0.0.1/32\n no ipv6 address 2001:db8::1/128\nexit\n!\n",
    "juniper_junos": """\
delete interfaces lo0 unit 0 description
delete interfaces lo0 unit 0 family inet address 10.0.0.1/32
delete interfaces lo0 unit 0 family inet6 address 2001:db8::1/128
""",
    "nokia_sros": """\
/configure router "Base" interface "system" delete description
/configure router "Base" interface "system" ipv4 delete primary
/configure router "Base" interface "system" ipv6 delete address 2001:db8::1
""",
    "default": """\
# There is no template for the platform of this node (default). These are the settings to remove, in plain words.
loopback IPv4: 10.0.0.1/32
loopback IPv6: 2001:db8::1/128
""",
}

# What a line with an address holds, and what stands there for 10.0.0.1/24.
IPV4_LINE = {
    "cisco_ios": (" ip address", " ip address 10.0.0.1 255.255.255.0"),
    "cisco_iosxr": (" ipv4 address", " ipv4 address 10.0.0.1 255.255.255.0"),
    "arista_eos": (" ip address", " ip address 10.0.0.1/24"),
    "frr": (" ip address", " ip address 10.0.0.1/24"),
    "juniper_junos": ("family inet ", "set interfaces lo0 unit 0 family inet address 10.0.0.1/24"),
    "default": ("IPv4", "loopback IPv4: 10.0.0.1/24"),
}


def without(text, mark):
    return "".join(line for line in text.splitlines(keepends=True) if mark not in line)


def test_every_template_of_the_role_is_in_this_table():
    assert sorted(path.stem for path in ROLE_TEMPLATES.iterdir()) == sorted([*PLATFORMS, *(f"{platform}.removal" for platform in PLATFORMS)])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_node_with_both_addresses(platform):
    assert config(node(platform)) == BOTH[platform]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_node_that_is_taken_out_of_service(platform):
    comment = BOTH[platform][0]
    assert config(node(platform, removal=True)) == f"{comment} {HEADER.rstrip()}: out of service\n" + REMOVAL[platform]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_node_with_only_ipv4_gets_no_ipv6_line(platform):
    assert config(node(platform, ipv6=None)) == without(without(BOTH[platform], "2001:db8"), "ipv6")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_node_with_only_ipv6_gets_no_ipv4_line(platform):
    assert config(node(platform, ipv4=None)) == without(BOTH[platform], "10.0.0.1")


@pytest.mark.parametrize("platform", sorted(IPV4_LINE))
def test_a_prefix_length_is_written_the_platforms_own_way(platform):
    mark, expected = IPV4_LINE[platform]
    lines = config(node(platform, ipv4="10.0.0.1/24")).splitlines()
    assert [line for line in lines if mark in line] == [expected]


def test_sros_puts_an_address_that_is_no_host_address_on_a_loopback_since_system_refuses_it():
    assert config(node("nokia_sros", ipv4="10.0.0.1/24", ipv6=None)) == "# " + HEADER + """\
/configure system name "loc1-core"
/configure router "Base" interface "loopback0" admin-state enable
/configure router "Base" interface "loopback0" description "Node loc1-core"
/configure router "Base" interface "loopback0" loopback
/configure router "Base" interface "loopback0" ipv4 primary address 10.0.0.1 prefix-length 24
"""


def on(name, ipv4="10.0.0.1/32", ipv6="2001:db8::1/128", is_loopback=True):
    """The addresses of a node on the interface that NetBox has for them."""
    return {"ipv4": address(ipv4, interface_name=name, is_loopback=is_loopback), "ipv6": address(ipv6, interface_name=name, is_loopback=is_loopback)}


# What stands for the platform's usual loopback, and what for the interface that NetBox has; its name there.
NAMED = {
    "cisco_ios": ("Loopback0", "Loopback7", "Loopback7"),
    "cisco_iosxr": ("Loopback0", "Loopback7", "Loopback7"),
    "arista_eos": ("Loopback0", "Loopback7", "Loopback7"),
    "frr": ("interface lo\n", "interface lo7\n", "lo7"),
    "juniper_junos": ("lo0 unit 0", "lo0 unit 7", "lo0.7"),
}


@pytest.mark.parametrize("platform", sorted(NAMED))
def test_the_interface_has_the_name_that_netbox_has_for_it(platform):
    usual, here, name = NAMED[platform]
    assert config(node(platform, **on(name))) == BOTH[platform].replace(usual, here)
    assert config(node(platform, removal=True, **on(name))).partition("out of service\n")[2] == REMOVAL[platform].replace(usual, here)
    assert config(node(platform, **on(""))) == BOTH[platform]


def test_junos_without_a_unit_has_the_first_and_sros_deletes_what_is_not_the_system_interface():
    assert "set interfaces lo1 unit 0 family inet " in config(node("juniper_junos", **on("lo1")))
    lines = config(node("nokia_sros", **on("lo-7"))).splitlines()
    assert '/configure router "Base" interface "lo-7" loopback' in lines and not [line for line in lines if '"system"' in line]
    assert config(node("nokia_sros", **on("system"))) == BOTH["nokia_sros"]
    removal = config(node("nokia_sros", removal=True, **on("lo-7"))).splitlines()[1:]
    assert removal == ['/configure router "Base" delete interface "lo-7"']
    assert 'interface "loopback0" loopback' in config(node("nokia_sros", **on("system", ipv4="10.0.0.1/24")))
    assert "loopback name: Lo7\n" in config(node("default", **on("Lo7"))) and "loopback name: Lo7\n" in config(node("default", removal=True, **on("Lo7")))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_no_loopback_gets_its_addresses_alone_and_keeps_them(platform):
    named = "Mgmt1.0" if platform == "juniper_junos" else "Mgmt1"
    text = config(node(platform, **on(named, is_loopback=False)))
    assert "Mgmt1" in text and "10.0.0.1" in text and "2001:db8::1" in text
    assert not [line for line in text.splitlines()[1:] if "description" in line or "lo0" in line or "Loopback0" in line or '"system"' in line]
    lines = config(node(platform, removal=True, **on(named, is_loopback=False))).splitlines()
    assert not [line for line in lines if line.strip() and line[0] not in "!#"], lines


@pytest.mark.parametrize("platform", sorted({*PLATFORMS} - {"default"}))
def test_the_removal_of_what_netbox_does_not_have_any_more_deletes_nothing_and_says_so(platform):
    text = config(node(platform, removal=True, **on("", is_loopback=False)))
    assert "! NetBox does not say which interface has 10.0.0.1/32 and 2001:db8::1/128, so it stays as it is" in text.replace("#", "!")
    assert not [line for line in text.splitlines() if line.strip() and line[0] not in "!#"]


def test_without_a_template_the_addresses_are_listed_also_where_netbox_does_not_have_them_any_more():
    lines = config(node("default", removal=True, **on("", is_loopback=False))).splitlines()
    assert lines[2:] == ["loopback IPv4: 10.0.0.1/32", "loopback IPv6: 2001:db8::1/128"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_addresses_on_two_interfaces_are_set_on_two(platform):
    both = {"ipv4": on("lo1")["ipv4"], "ipv6": on("lo2")["ipv6"]}
    text = config(node(platform, **both))
    first, second = text.index("lo1"), text.index("lo2")
    assert first < text.index("10.0.0.1") < second < text.index("2001:db8::1")
    removal = config(node(platform, removal=True, **both))
    assert "lo1" in removal and "lo2" in removal


def test_an_interface_that_cannot_be_deleted_loses_what_was_set():
    lines = config(node("cisco_ios", removal=True, **on("Tunnel 7"))).splitlines()[1:]
    assert lines == ["interface Tunnel 7", " no description", " no ip address 10.0.0.1 255.255.255.255", " no ipv6 address 2001:db8::1/128", "!"]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("removal", [False, True])
@pytest.mark.parametrize("name", ["{{ 7*7 }}", "{% raw %}", "lo 0", "lo0\nno router bgp 1", "lo0\u2028reload", "#jinja2: x", 'lo"; reboot'])
def test_no_name_of_an_interface_is_evaluated_or_adds_a_line(platform, name, removal):
    harmless = config(node(platform, removal=removal, **on("LO0")))
    text = config(node(platform, removal=removal, **on(name)))
    kept = platform in ("cisco_ios", "cisco_iosxr", "arista_eos") and removal and name[:2] != "lo"
    assert len(text.splitlines()) == len(harmless.splitlines()) + (3 if kept else 0)
    assert "49" not in text and not [line for line in text.splitlines() if line.startswith(("no router", "reload"))]


@pytest.mark.parametrize(
    ("addresses", "name"), [(on("lo1"), "lo1"), ({"ipv4": None, "ipv6": on("lo2")["ipv6"]}, "lo2"), ({}, ""), ({"ipv4": None, "ipv6": None}, "")]
)
def test_a_template_knows_the_name_of_the_loopback(tmp_path, addresses, name):
    write(tmp_path / "mine.j2", "[{{ node.loopback }}] {{ node.loopbacks | map(attribute='name') | join(',') }}")
    assert config(node("mine", **addresses), directories=[tmp_path]) == f"[{name}] {name}".rstrip() + ("" if name else " ") + "\n"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_node_without_a_name_gets_no_host_name_line(platform):
    lines = config(node(platform, name="", description="Node 12")).splitlines()
    assert not [line for line in lines if "host" in line.replace("loopback", "") or "system name" in line]
    assert any("Node 12" in line for line in lines[1:])


HOSTILE = [
    # name, its host name, its description, the same in quotes
    ("core 1", "core-1", "core 1", "core 1"),
    ('core "A"', "core-A", 'core "A"', "core 'A'"),
    ("core\\", "core", "core\\", "core/"),
    ("東京-核心", "東京-核心", "東京-核心", "東京-核心"),
    ("Zürich; reboot", "Zürich-reboot", "Zürich; reboot", "Zürich; reboot"),
    ("a\nno router bgp 1", "a-no-router-bgp-1", "a no router bgp 1", "a no router bgp 1"),
    ("a\r\u2028\x85b", "a-b", "a   b", "a   b"),
    ("a\u202eb", "a-b", "a b", "a b"),
    ("{{ 7*7 }}", "7-7", "{{ 7*7 }}", "{{ 7*7 }}"),
    ("{% raw %}", "raw", "{% raw %}", "{% raw %}"),
    ("{# gone #}", "gone", "{# gone #}", "{# gone #}"),
    ("#jinja2: trim_blocks: False", "jinja2-trim_blocks-False", "#jinja2: trim_blocks: False", "#jinja2: trim_blocks: False"),
]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("name", "hostname", "plain", "quoted"), HOSTILE)
def test_no_name_can_break_a_config_or_add_to_it(platform, name, hostname, plain, quoted):
    shown = quoted if platform in ("juniper_junos", "nokia_sros") else plain
    expected = [
        line.replace("Node loc1-core", f"Node {shown}") if "Node loc1-core" in line else line.replace("loc1-core", hostname)
        for line in BOTH[platform].split("\n")
    ]
    assert config(node(platform, name=name)).split("\n") == expected


# Which template


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("platform", "files", "wanted"),
    [
        ("cisco_ios", [], "role/cisco_ios.j2"),
        ("cisco-ios", [], "role/cisco_ios.j2"),
        ("", [], "role/default.j2"),
        ("unknown", [], "role/default.j2"),
        ("../templates/frr", [], "role/default.j2"),
        ("cisco_ios", ["a/cisco_ios.j2", "b/cisco_ios.j2"], "a/cisco_ios.j2"),
        ("cisco_ios", ["b/cisco_ios.j2"], "b/cisco_ios.j2"),
        ("cisco_ios", ["b/cisco-ios.j2"], "b/cisco-ios.j2"),
        ("cisco-ios", ["a/cisco_ios.j2", "a/cisco-ios.j2"], "a/cisco-ios.j2"),
        ("cisco_ios", ["a/default.j2"], "role/cisco_ios.j2"),
        ("unknown", ["b/default.j2"], "b/default.j2"),
        ("", ["a/default.j2", "b/default.j2"], "a/default.j2"),
    ],
)
def test_the_first_template_wins_and_the_platform_comes_before_the_default(tmp_path, platform, files, wanted):
    for directory in ("a", "b"):
        (tmp_path / directory).mkdir()
    for file in files:
        write(tmp_path / file, file)
    (result,) = render(node(platform), directories=[tmp_path / "a", tmp_path / "b"])
    assert result["template"].replace(str(ROLE_TEMPLATES), "role").replace(f"{tmp_path}/", "") == wanted


def test_a_relative_directory_is_next_to_the_playbook_or_else_in_the_working_directory(tmp_path, monkeypatch):
    write(tmp_path / "play/mine/frr.j2", "next to the playbook")
    write(tmp_path / "work/mine/frr.j2", "in the working directory")
    monkeypatch.chdir(tmp_path / "work")
    assert config(node("frr"), directories=["mine"], variables={"playbook_dir": str(tmp_path / "play")}) == "next to the playbook\n"
    assert config(node("frr"), directories=["mine"], variables={"playbook_dir": str(tmp_path)}) == "in the working directory\n"


def test_a_directory_that_does_not_exist_renders_nothing_with_other_templates(tmp_path):
    (result,) = render(node("frr"), directories=[tmp_path / "typo"])
    assert result == {
        "process_id": "p1",
        "template": "",
        "error": f"The template directory {tmp_path}/typo does not exist (looked for {tmp_path}/typo). "
        "Create it, or correct the list of template directories.",
    }


# What a template may do


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{ node.name | regex_replace('(.*)-(.*)', '\\\\2.\\\\1') }}", "core.loc1\n", id="Ansible's filters"),
        pytest.param("as {{ bgp_as }}", "as 64512\n", id="Ansible's variables"),
        pytest.param("{{ lookup('env', 'MY_SECRET') }}", "s3cret\n", id="Ansible's lookups"),
        pytest.param("{% include 'ntp.j2' %}", "ntp 192.0.2.1 for loc1-core\n", id="include"),
        pytest.param("{% import 'macros.j2' as m %}{{ m.line('x') }}", "line x\n", id="import"),
        pytest.param("{% extends 'base.j2' %}{% block body %}{{ node.name }}{% endblock %}", "base loc1-core\n", id="extends"),
        pytest.param("{% include 'templates/frr.j2' %}\n\nline", BOTH["frr"] + "line\n", id="the role's own, and more"),
        pytest.param("#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ node.name ]] {{ x }}\n", "loc1-core {{ x }}\n", id="header"),
        pytest.param("{% raw %}{{ 7*7 }}{% endraw %}", "{{ 7*7 }}\n", id="raw"),
        pytest.param("{{ node.ipv4.prefix_length }}", "32\n", id="a number alone"),
        pytest.param("", "", id="empty"),
        pytest.param("a\n\n\n", "a\n", id="line breaks at the end"),
    ],
)
def test_a_template_may_use_what_ansible_has(tmp_path, monkeypatch, text, expected):
    monkeypatch.setenv("MY_SECRET", "s3cret")
    write(tmp_path / "frr.j2", text)
    write(tmp_path / "ntp.j2", "ntp 192.0.2.1 for {{ node.name }}\n")
    write(tmp_path / "macros.j2", "{% macro line(x) %}line {{ x }}{% endmacro %}")
    write(tmp_path / "base.j2", "base {% block body %}{% endblock %}\n")
    variables = {"bgp_as": 64512, "ansible_search_path": [str(ROLE_TEMPLATES.parent)]}
    assert config(node("frr"), directories=[tmp_path], variables=variables) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ no_such_variable }} x", "'no_such_variable' is undefined"),
        ("{{ node.vlan }}", "object of type 'dict' has no attribute 'vlan'"),
        ("a\n{% if %}", "Syntax error in template: Expected an expression, got 'end of statement block' (line 2)"),
        ("a\n\n{{ node.name | nonsense }}", "Syntax error in template: No filter named 'nonsense' (line 3)"),
        ("{% include 'broken.j2' %}", "unexpected '}' (line 2 of {directory}/broken.j2)"),
        ("#jinja2: trim_blocks: False\n{{ nothing }}", "'nothing' is undefined"),
        ("{{ 1 / 0 }} x", "division by zero"),
    ],
)
def test_a_bad_template_stops_its_own_nodes_and_says_which_and_why(tmp_path, text, reason):
    write(tmp_path / "frr.j2", text)
    write(tmp_path / "broken.j2", "a\n{{ }")
    good = node("cisco_ios", process_id="good")
    results = render(good, node("frr", process_id="bad"), good, directories=[tmp_path])
    assert [set(result) - {"process_id", "template"} for result in results] == [{"config"}, {"error"}, {"config"}]
    error = results[1]["error"]
    assert results[1]["process_id"] == "bad"
    assert error.startswith(f"The config of loc1-core (loc1, 12) could not be rendered from the template {tmp_path}/frr.j2: ")
    assert error.endswith(reason.replace("{directory}", str(tmp_path)) + ".")


def test_a_template_may_be_a_vault(tmp_path):
    secret = VaultSecret(b"password")
    vault = VaultLib([("default", secret)])
    write(tmp_path / "frr.j2", vault.encrypt("secret of {{ node.name }}\n", secret).decode())
    assert config(node("frr"), directories=[tmp_path], vault_secrets=[("default", secret)]) == "secret of loc1-core\n"


def test_a_template_that_fails_for_one_node_is_good_for_the_next(tmp_path):
    write(tmp_path / "frr.j2", "{{ node.ipv4.address }} {{ node.process_id }}")
    results = render(node("frr", ipv4=None), node("frr", process_id="p2"), directories=[tmp_path])
    assert "error" in results[0]
    assert results[1]["config"] == "10.0.0.1 p2\n"


def test_what_a_macro_counts_is_of_one_node_alone(tmp_path):
    """Sequence numbers of an access list, say: they must not go on where those of the node before ended."""
    write(tmp_path / "macros.j2", "{% set ns = namespace(n=0) %}{% macro seq() %}{% set ns.n = ns.n + 10 %}{{ ns.n }}{% endmacro %}\n")
    write(tmp_path / "frr.j2", "#jinja2: lstrip_blocks: True\n{% import 'macros.j2' as m %}{{ m.seq() }} {{ m.seq() }}\n")
    results = render(*(node("frr", name) for name in ("a", "b", "c")), directories=[tmp_path])
    assert [result["config"] for result in results] == ["10 20\n"] * 3


# Through ansible-playbook: there, what Ansible does to a result afterwards counts as well


NAMES = ["{{ 7*7 }}", "{% raw %}", "{{ lookup('pipe', 'touch pwned') }}"]
LITERAL = ["{% raw %}{{ 7*7 }}{% endraw %}", "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n{{ 7*7 }}"]


def test_ansible_playbook_never_evaluates_what_netbox_holds_or_what_a_template_has_written(tmp_path):
    nodes = [node("cisco_ios", name=name) for name in NAMES] + [node("literal_0"), node("literal_1"), node()]
    write(tmp_path / "nodes.json", json.dumps(nodes))
    write(tmp_path / "mine/literal_0.j2", LITERAL[0])
    write(tmp_path / "mine/literal_1.j2", LITERAL[1])
    write(tmp_path / "mine/default.j2", "{{ nothing_of_that_name }}")
    *hostile, raw, header, bad = run_playbook(tmp_path)
    for name, result in zip(NAMES, hostile, strict=True):
        assert f" description Node {name}\n" in result["config"]
    assert raw["config"] == header["config"] == "{{ 7*7 }}\n"
    assert bad["error"].endswith("mine/default.j2: 'nothing_of_that_name' is undefined.")
    assert not (tmp_path / "pwned").exists()


def run_playbook(directory):
    """What a task gets that is given the rendered nodes of nodes.json."""
    task = {
        "ansible.builtin.copy": {"content": "{{ rendered | to_json }}", "dest": str(directory / "out.json"), "mode": "0600"},
        "vars": {
            "nodes": "{{ lookup('ansible.builtin.file', 'nodes.json') | from_json }}",
            "rendered": f"{{{{ query('nodeflow.orchestrator.node_configs', nodes, directories=['mine', '{ROLE_TEMPLATES}']) }}}}",
        },
    }
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    write(directory / "play.yml", yaml.safe_dump([play]))
    run = subprocess.run(
        ["ansible-playbook", "play.yml"],
        cwd=directory,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_LOCALHOST_WARNING": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads((directory / "out.json").read_text(encoding="utf-8"))


def test_the_example_in_the_documentation_is_true(tmp_path):
    page = (ROLE_TEMPLATES.parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
    template, rendered = (re.findall(f"```{language}\n(.*?)```", page, re.DOTALL)[0] for language in ("jinja", "text"))
    write(tmp_path / "cisco_ios.j2", template)
    assert config(node("cisco_ios"), directories=[tmp_path], variables={"ntp_servers": ["192.0.2.1", "192.0.2.2"]}) == rendered
