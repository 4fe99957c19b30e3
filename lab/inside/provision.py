# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run by the lab in NetBox's Python: users and tokens into a new database, then the demo data into a copy of it."""

from __future__ import annotations

import json
import sys

import django

OPERATOR_VIEWS = ["core.objectchange", "dcim.device", "dcim.devicerole", "dcim.devicetype", "dcim.interface", "dcim.location",
                  "dcim.manufacturer", "dcim.platform", "dcim.region", "dcim.site", "extras.tag", "ipam.ipaddress", "tenancy.tenant"]


def main() -> None:
    orders = json.load(sys.stdin)
    django.setup()

    from django.core.management import call_command

    if orders["check_migrations"]:
        call_command("migrate", "--check", verbosity=0)
    create_users(orders["admin"], orders["tokens"])
    mark()
    copy_database(orders["database"], orders["demo_database"])

    import demo_data

    print(json.dumps({"devices": demo_data.load()}))


def create_users(admin: dict, tokens: dict) -> None:
    from users.models import User

    superuser = User.objects.create_superuser(username=admin["username"], password=admin["password"])
    operator, reader, nobody = (User.objects.create_user(username=name) for name in ("operator", "reader", "nobody"))
    permit("view what nodeflow reads", ["view"], OPERATOR_VIEWS, [operator, reader])
    permit("change devices", ["change"], ["dcim.device"], [operator])
    permit("write journals", ["view", "add"], ["extras.journalentry"], [operator])
    for name, user in {"admin": superuser, "operator": operator, "read_only": reader, "none": nobody}.items():
        add_token(user, name, tokens[name])
    add_token(operator, "write_disabled", tokens["write_disabled"], write_enabled=False)
    add_token(superuser, "admin_v1", tokens["admin_v1"])


def mark() -> None:
    """Make the tag by which the playbook reset knows a NetBox that it may put back."""
    from extras.models import Tag

    Tag.objects.create(name="nodeflow lab", slug="nodeflow-lab", description="This NetBox is a lab; nodeflow.orchestrator.reset may put it back")


def permit(name: str, actions: list, models: list, users: list) -> None:
    from core.models import ObjectType
    from users.models import ObjectPermission

    permission = ObjectPermission.objects.create(name=name, actions=actions)
    permission.object_types.set([ObjectType.objects.get_by_natural_key(*model.split(".")) for model in models])
    permission.users.set(users)


def add_token(user: object, name: str, secret: str, write_enabled: bool = True) -> None:
    """Add a token: a v2 token is written nbt_<key>.<token>, anything else is a v1 token."""
    from users.models import Token

    key, dot, plaintext = secret.removeprefix("nbt_").partition(".")
    fields = {"version": 2, "key": key, "token": plaintext} if dot else {"version": 1, "token": secret}
    token = Token(user=user, description=f"lab: {name}", write_enabled=write_enabled, **fields)
    token.full_clean()
    token.save()


def copy_database(name: str, copy: str) -> None:
    """Make a copy of the database in use, and go on in the copy."""
    from django.db import connection

    for database, statements in (("postgres", [f'CREATE DATABASE "{copy}" TEMPLATE "{name}"']), (copy, [])):
        connection.close()
        connection.settings_dict["NAME"] = database
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


if __name__ == "__main__":
    main()
