# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of filters, which NetBox itself would ignore where it does not know them."""

from __future__ import annotations

import re
import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.filters import check_filters


def netbox(schema):
    """A NetBox whose API has this schema."""
    return types.SimpleNamespace(schema=lambda: schema)


@pytest.mark.parametrize("base", ["", "/netbox", "/api"])
def test_a_filter_that_only_netbox_knows_is_found_below_its_base_path(base):
    parameters = [{"name": "local_context_data", "schema": {"type": "boolean"}}, {"name": "mac_address", "schema": {"type": "array"}}]
    client = netbox({"paths": {f"{base}/api/dcim/devices/": {"get": {"parameters": parameters}}, f"{base}/api/dcim/devices/{{id}}/": {"get": {}}}})
    check_filters(client, {"local_context_data": "true", "mac_address": ["b"]})
    with pytest.raises(NodeflowError, match="has no filter mac_adress; did you mean mac_address?"):
        check_filters(client, {"mac_adress": "a"})
    with pytest.raises(NodeflowError, match="the filter local_context_data in device_filter is true or false; it is 'yes'"):
        check_filters(client, {"local_context_data": "yes"})


@pytest.mark.parametrize("value", [1, 0, "yes", "no", "1", "TRUE", [True, "x"], "null"])
@pytest.mark.parametrize("name", ["has_primary_ip", "serial__empty"])
def test_what_netbox_takes_for_no_truth_would_choose_all(name, value):
    with pytest.raises(NodeflowError, match=f"the filter {name} in device_filter is true or false; it is "):
        check_filters(None, {name: value})
    for right in (True, False, "true", "False", ["true", False]):
        check_filters(None, {name: right})


@pytest.mark.parametrize("value", ["", " ", "\t", ["a", " "], [], None, {}, [None], [[]]])
@pytest.mark.parametrize("name", ["q", "name__isw", "serial"])
def test_what_says_nothing_would_choose_all(name, value):
    with pytest.raises(NodeflowError, match=f"the filter {name} in device_filter needs a value or a list of values"):
        check_filters(None, {name: value})


def with_fields(*fields):
    """A NetBox with these custom fields, which are in no schema."""
    known = [{"name": name, "object_types": types_, "filter_logic": {"value": logic}} for name, types_, logic in fields]
    return types.SimpleNamespace(get=lambda endpoint, filters: [one for one in known if one["name"] in filters["name"] and endpoint == "extras/custom-fields"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cf_rack", None),
        ("cf_free", None),
        ("cf_of_sites", "NetBox's devices have no custom field of_sites, which cf_of_sites in device_filter asks for, or the token may not see it"),
        ("cf_nothing", "NetBox's devices have no custom field nothing, which cf_nothing in device_filter asks for, or the token may not see it"),
        ("cf_rack__ic", "no custom field rack__ic, which cf_rack__ic in device_filter asks for; of a custom field, only its value can be asked for"),
        ("cf_off", "NetBox ignores the filter cf_off in device_filter: the filter logic of that custom field is disabled"),
    ],
)
def test_a_filter_on_a_custom_field_is_one_that_netbox_heeds(name, sentence):
    fields = [("rack", ["dcim.rack", "dcim.device"], "exact"), ("free", ["dcim.device"], "loose"), ("of_sites", ["dcim.site"], "exact")]
    client = with_fields(*fields, ("off", ["dcim.device"], "disabled"))
    if sentence is None:
        check_filters(client, {name: "a", "site": "x"})
    else:
        with pytest.raises(NodeflowError, match=re.escape(sentence)):
            check_filters(client, {"cf_rack": "a", name: "a"})


@pytest.mark.parametrize("schema", [None, [], {}, {"paths": None}, {"paths": {}}, {"paths": {"/api/dcim/devices/": 7}}], ids=repr)
def test_a_schema_that_does_not_describe_them_is_a_sentence(schema):
    with pytest.raises(NodeflowError, match="does not describe the filters of its device list"):
        check_filters(netbox(schema), {"rack": "a"})
