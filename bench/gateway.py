"""One gateway process: python -m bench.gateway PORT UPSTREAM DATA_DIR [REDIS]."""

import logging
import sys
from pathlib import Path

import structlog
import uvicorn

from proxy.upstream import UpstreamSettings
from tests.gateway import Setup, open_gateway


async def main(port: int, upstream: str, data_dir: Path, redis_url: str) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    setup = Setup(
        UpstreamSettings(base_urls=(upstream,), mp_base_url=upstream), data_dir, redis_url
    )
    async with open_gateway(setup) as gateway:
        config = uvicorn.Config(
            gateway.relay,
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            access_log=False,
            log_level="error",
            server_header=False,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    redis = sys.argv[4] if len(sys.argv) > 4 else ""
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), redis))
