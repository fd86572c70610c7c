"""Personal data of single persons: the erasure list, and everything it has to reach.

A request arrives as a file in the inbox (`inbox.py`), is entered in `secrets.privacy_requests` and
`secrets.erased_subjects` (`erasure_list.py`, HMACs only), and is applied to landing, quarantine,
raw, the built tables and kept mart versions (`erasure.py`). From then on every page that is fetched
or replayed passes the list (`subjects.py`), so an erased value never comes back.
"""
