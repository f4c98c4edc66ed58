from pathlib import Path

from cache.stats import CacheStatistics
from core.metrics import Metrics
from jobs.library_settings import LibrarySettings
from proxy.upstream import UpstreamSettings
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from server.library import open_library
from store.engine import Database
from store.images import UploadedImages
from store.library import LibraryFilter
from tests.gateway import Setup, open_gateway
from tests.jobs.journals import audit_of


async def test_all_of_wechats_lists_can_be_read(database: Database, tmp_path: Path) -> None:
    stats = CacheStatistics(Metrics()).register("image", "database")
    audit = audit_of(database)
    uploaded = UploadedImages(database, stats, clock=lambda: 1.0)
    async with run_sandbox(SandboxSettings()) as sandbox:
        upstream = UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url)
        async with (
            open_gateway(Setup(upstream, tmp_path)) as gateway,
            open_library(LibrarySettings(), database, gateway.calls, uploaded, audit) as library,
        ):
            for kind in ("draft", "publication", "material"):
                wanted = LibraryFilter(account="main", kind=kind)
                listed = await library.page(wanted, before=None, limit=9)
                assert (listed.rows, listed.freshness.error) == ([], None)
                assert listed.freshness.synced_at is not None
        asked = {path: sum(n.values()) for path, n in sandbox.calls.by_account().items()}
        assert asked["/cgi-bin/material/batchget_material"] == 4
