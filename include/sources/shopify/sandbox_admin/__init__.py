"""The part of Shopify's published Admin schema that our queries reach; see `trim.py`."""
