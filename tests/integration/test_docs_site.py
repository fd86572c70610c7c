"""`make docs`: one page, every mart as analysts know it, nothing from the internet."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from hand_made_marts import contracts, make_marts

from include import docs_site
from include.services.credentials import read_secrets


def documents_of(page: str) -> list[dict[str, Any]]:
    """Return what stands in the page: the manifest and the catalog."""
    decoder = json.JSONDecoder()
    starts = [match.start() for match in re.finditer(r'\{"metadata": ', page)]
    found = [decoder.raw_decode(page, start)[0] for start in starts]
    return [d for d in found if {"nodes", "sources"} <= d.keys()]


def test_texts_cannot_end_the_script_around_them() -> None:
    manifest = {"metadata": {}, "nodes": {"a": "</script><b>"}, "sources": {}}
    page = docs_site.render_site(manifest, {"metadata": {}, "nodes": {}, "sources": {}})
    assert "</script><b>" not in page
    assert documents_of(page)[0] == manifest


def test_the_page_asks_nobody_for_anything() -> None:
    page = docs_site.render_site({}, {})
    loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']([^\"']+)", page)
    assert [url for url in loaded if url.startswith(("http", "//", "${"))] == []
    assert "@import" not in page
    assert re.findall(r"url\([\"']?https?:", page) == []


@pytest.mark.long
def test_marts_stand_where_analysts_find_them(
    clean_warehouse: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir: Path = clean_warehouse.cluster.data_dir
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(data_dir))
    monkeypatch.setenv("GROUNDSWELL_POSTGRES_PORT", str(clean_warehouse.port))
    make_marts(clean_warehouse.dsn("transformer"), {})
    assert docs_site.main([]) == 0
    assert capsys.readouterr().out == f"{data_dir / 'docs' / 'index.html'}\n"
    path = data_dir / "docs" / "index.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = path.read_text()
    manifest, catalog = documents_of(page)
    marts = {n["name"]: key for key, n in manifest["nodes"].items() if n["schema"] == "marts"}
    assert marts.keys() == contracts().keys()
    assert not any(node["schema"] == "marts_next" for node in manifest["nodes"].values())
    columns = catalog["nodes"][marts["mart_creator_scorecard"]]["columns"]
    assert columns["roas"]["type"] == "numeric(18,6)"
    secrets = read_secrets(data_dir)
    assert secrets.transformer_password not in page
    # Where nothing answers there is a site as well.
    monkeypatch.setenv("GROUNDSWELL_POSTGRES_PORT", "1")
    assert docs_site.main([]) == 0
    assert "without the warehouse's catalog: none answers" in capsys.readouterr().out
    manifest, catalog = documents_of(path.read_text())
    described = manifest["nodes"][marts["mart_creator_scorecard"]]["columns"]
    assert described["roas"]["description"] == "net_revenue_amount / cost_amount"
    assert catalog["nodes"] == {}
