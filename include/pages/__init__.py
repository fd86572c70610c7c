"""The pages people read inside Airflow: made on the server, read-only, guarded as its own.

`plugins/groundswell_pages.py` mounts `app.build_app`. A page is a router whose endpoints name the
Airflow permission they need (`guard`), read one snapshot of the warehouse (`reader`) and fill a
template (`rendering`). Nothing here writes, and no statement comes from the browser.
"""
