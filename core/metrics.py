from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

_LAG_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """All that `/metrics` shows. One object a process, made by the composition root.

    Labels hold only names that are bounded by the catalogue and the configuration: never a URL,
    a token or a caller's text.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the page
        self.registry = CollectorRegistry()
        self._count_requests(self.registry)
        self._count_calls(self.registry)
        self._count_work(self.registry)
        self._count_telling(self.registry)

    def _count_requests(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "wxgate_requests", "HTTP requests answered", ["route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "wxgate_request_seconds", "time to answer a request", ["route"], registry=registry
        )
        self.connections_cut = Counter(
            "wxgate_connections_cut",
            "connections ended without an answer from a handler, by reason",
            ["reason"],
            registry=registry,
        )
        self.tunnels = Gauge("wxgate_forward_tunnels", "tunnels that are open", registry=registry)
        self.tunnel_bytes = Counter(
            "wxgate_forward_tunnel_bytes",
            "what went through tunnels that have ended, by direction (sent, received)",
            ["direction"],
            registry=registry,
        )
        self.loop_lag = Histogram(
            "wxgate_loop_lag_seconds",
            "how late the event loop was, looked at ten times a second",
            buckets=_LAG_BUCKETS,
            registry=registry,
        )
        self.errors = Counter(
            "wxgate_errors",
            "answers that say an error, by whose it is (wechat, wxgate) and its category",
            ["source", "category"],
            registry=registry,
        )

    def _count_calls(self, registry: CollectorRegistry) -> None:
        self.upstream_calls = Counter(
            "wxgate_upstream_calls",
            "calls to WeChat by path and errcode (http_N or failure class without one)",
            ["path", "errcode"],
            registry=registry,
        )
        self.upstream_seconds = Histogram(
            "wxgate_upstream_seconds", "time WeChat took", ["path"], registry=registry
        )
        self.breakers = Gauge(
            "wxgate_upstream_breaker",
            "whether an account's calls to a host are held back (0 no, 0.5 probing, 1 yes)",
            ["account", "host"],
            registry=registry,
        )
        self.retries = Counter(
            "wxgate_upstream_retries",
            "repeats by class of failure (not_sent, busy, unknown); spent: none was left",
            ["account", "why"],
            registry=registry,
        )
        self.tokens = Counter(
            "wxgate_token_refreshes",
            "access_tokens fetched, by cause (cold, ahead, invalid) and outcome",
            ["account", "cause", "outcome"],
            registry=registry,
        )

    def _count_work(self, registry: CollectorRegistry) -> None:
        self.cache = Counter(
            "wxgate_cache_events", "hits, misses and so on", ["cache", "event"], registry=registry
        )
        self.redis_up = Gauge(
            "wxgate_redis_up",
            "whether Redis answers, or memory has taken over (1, 0), by kind and purpose",
            ["kind", "purpose"],
            registry=registry,
        )
        self.redis_switches = Gauge(
            "wxgate_redis_switches",
            "how often Redis went away or came back since the start",
            ["kind", "purpose"],
            registry=registry,
        )
        self.throttled = Counter(
            "wxgate_throttled", "calls refused by a limit of ours", ["rule"], registry=registry
        )
        self.words = Counter(
            "wxgate_words", "sensitive words found in articles", ["level"], registry=registry
        )
        self.disk_used = Gauge(
            "wxgate_disk_used_ratio", "of the disk that data_dir is on, 0 to 1", registry=registry
        )
        self.backups = Counter(
            "wxgate_backups", "backups of the store, by outcome", ["outcome"], registry=registry
        )
        self.backup_at = Gauge(
            "wxgate_backup_timestamp_seconds", "when the last one was made", registry=registry
        )
        self.jobs = Counter(
            "wxgate_jobs", "jobs that reached a state", ["kind", "state"], registry=registry
        )
        self.jobs_active = Gauge(
            "wxgate_jobs_active", "jobs being worked on by this process", registry=registry
        )

    def _count_telling(self, registry: CollectorRegistry) -> None:
        self.pushes = Counter(
            "wxgate_pushes",
            "what WeChat pushed, by account and outcome (taken, repeated, refused, unreadable,"
            " checked)",
            ["account", "outcome"],
            registry=registry,
        )
        self.deliveries = Counter(
            "wxgate_webhook_deliveries",
            "attempts to tell a webhook, by outcome (delivered, failed, dead)",
            ["outcome"],
            registry=registry,
        )
        self.notifications = Counter(
            "wxgate_notifications",
            "what came of notifications, by channel and outcome (sent, failed, dead, needs_review,"
            " suppressed)",
            ["channel", "outcome"],
            registry=registry,
        )
        self.happenings = Counter(
            "wxgate_happenings",
            "what happened that people may be told of, by event; ends are not counted",
            ["event"],
            registry=registry,
        )
        self.alerts_open = Gauge(
            "wxgate_alerts_open",
            "alerts that are not resolved, by event and severity, as this process saw them last",
            ["event", "severity"],
            registry=registry,
        )
        self.happenings_dropped = Counter(
            "wxgate_happenings_dropped",
            "what nobody is told of, because too much waited to be written down",
            registry=registry,
        )

    def render(self) -> bytes:
        """The text exposition of every metric."""
        return generate_latest(self.registry)
