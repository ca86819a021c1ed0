"""A small shop: what its jobs work on."""

from shop.services import Shop, current_shop, open_shop

__all__ = ["Shop", "current_shop", "open_shop"]
