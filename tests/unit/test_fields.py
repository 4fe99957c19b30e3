# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each side has the fields that the table of shared fields says it has."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.device import Device
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.drift import PROBLEMS
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.fields import LOOPBACKS, OF_NETBOX, SHARED
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.model import FAMILIES, NodeBlock
from ansible_collections.nodeflow.orchestrator.plugins.module_utils._node.payload import DevicePayload


@pytest.mark.parametrize("field", SHARED.values(), ids=lambda field: field.name)
def test_both_sides_have_the_field(field):
    assert field.node is None or field.node in NodeBlock.model_fields
    assert field.netbox in DevicePayload.model_fields
    assert field.device in {one.name for one in dataclasses.fields(Device)}
    assert field.name in PROBLEMS and OF_NETBOX[field.netbox] is field


def test_each_family_has_its_loopback():
    assert tuple(LOOPBACKS) == FAMILIES
