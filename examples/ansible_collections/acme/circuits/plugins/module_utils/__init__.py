# What a store's readers import on first sight of acme.circuits.Circuit: it registers the product.
from ansible_collections.acme.circuits.plugins.module_utils import circuit  # noqa: F401
