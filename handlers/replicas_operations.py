"""What `/openapi.json` says of replicas."""

from typing import Any

from handlers.openapi import Operation
from handlers.replicas import ReplicaList, ReplicaView

_REPLICA: dict[str, Any] = {
    "id": "rep_06h07z6nxmd948z1se7rzbetyc",
    "name": "gate-1/0.0.0.0:8080#1",
    "host": "gate-1",
    "pid": 4242,
    "role": "all",
    "state": "running",
    "version": "0.1.0",
    "config": "5f0c0a1b2c3d4e5f",
    "listen": "0.0.0.0:8080",
    "jobs": 2,
    "redis": "up",
    "clock_ahead_s": 0.004,
    "supervised": True,
    "this": True,
    "started_at": "2026-12-01T00:00:00.000Z",
    "beat_at": "2026-12-01T00:05:00.000Z",
}

REPLICAS = Operation(
    "同一数据库上的所有实例 / all processes on this database",
    "admin",
    answer=ReplicaList,
    answer_example={"items": [_REPLICA], "next_cursor": None},
    errors=(401, 403, 503),
    description="`gone` 是没有道别就消失的，保留 7 天。"
    "`gone` ended without saying so; what has ended is kept for 7 days.",
)
RESTART = Operation(
    "换一个新进程，新的先应答，旧的再结束 / another in its place, which answers before it ends",
    "admin",
    status=202,
    answer=ReplicaView,
    answer_example=_REPLICA,
    errors=(401, 403, 404, 409, 503),
)
