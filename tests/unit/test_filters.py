# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of filters, which NetBox itself would ignore where it does not know them."""

from __future__ import annotations

import types

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._errors import NodeflowError
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.filters import check_filters


def netbox(schema):
    """A NetBox whose API has this schema."""
    return types.SimpleNamespace(schema=lambda: schema)


@pytest.mark.parametrize("base", ["", "/netbox", "/api"])
def test_a_filter_that_only_netbox_knows_is_found_below_its_base_path(base):
    parameters = [{"name": "cf_rack"}, {"name": "mac_address"}]
    client = netbox({"paths": {f"{base}/api/dcim/devices/": {"get": {"parameters": parameters}}, f"{base}/api/dcim/devices/{{id}}/": {"get": {}}}})
    check_filters(client, {"cf_rack": "a", "mac_address": ["b"]})
    with pytest.raises(NodeflowError, match="has no filter cf_rak; did you mean cf_rack?"):
        check_filters(client, {"cf_rak": "a"})


@pytest.mark.parametrize("schema", [None, [], {}, {"paths": None}, {"paths": {}}, {"paths": {"/api/dcim/devices/": 7}}], ids=repr)
def test_a_schema_that_does_not_describe_them_is_a_sentence(schema):
    with pytest.raises(NodeflowError, match="does not describe the filters of its device list"):
        check_filters(netbox(schema), {"cf_rack": "a"})
