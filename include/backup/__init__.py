"""Backups that can be restored: `python -m include.backup save | check | restore DIR`.

Snapshots of creators' counters exist only in what we landed, no API gives them again: so a backup
is the warehouse together with landing, Airflow's metadata, the campaign files of the data folder
and `secrets.json`, whose keys the rows depend on. It is one folder of mode 0700:

    warehouse.dump, airflow.dump   pg_dump's custom format, of one snapshot each
    landing.tar                    every landed file
    files.tar                      campaigns, privacy requests, the sandbox's state
    secrets.json                   mode 0600; left out with --without-secrets
    backup.json                    written last: sizes, hashes, rows and checksum of every table

A folder without `backup.json` is no backup. The warehouse is dumped before landing is read, so
every page that a row names is in the backup; services may run on meanwhile.
"""
