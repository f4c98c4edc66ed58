from collections.abc import Iterable, Mapping
from typing import Any

# Backends that all processes look into: what fills them is not to be counted twice.
_SHARED = frozenset({"redis", "database"})
_FILLS = ("entries", "bytes", "capacity")

Snapshot = dict[str, Any]


def merged(own: Snapshot, others: Iterable[Snapshot]) -> Snapshot:
    """The statistics of all processes as one; what cannot be summed is `own`'s."""
    snapshots = [own, *others]
    rows: dict[tuple[str, str], Snapshot] = {}
    for snapshot in snapshots:
        for row in snapshot["caches"]:
            key = (row["cache"], row["backend"])
            rows[key] = _row(rows[key], row) if key in rows else row
    return {
        **own,
        "since": min(snapshot["since"] for snapshot in snapshots),
        "processes": len(snapshots),
        "caches": list(rows.values()),
        "calls": [row for snapshot in snapshots for row in snapshot.get("calls", [])],
        "tokens": _tokens([snapshot.get("tokens", {}) for snapshot in snapshots]),
    }


def _row(one: Snapshot, other: Snapshot) -> Snapshot:
    accounts = dict(one["accounts"])
    for account, counts in other["accounts"].items():
        accounts[account] = _summed(accounts[account], counts) if account in accounts else counts
    together = max if one["backend"] in _SHARED else sum
    fills = {
        name: together(known) if known else None
        for name in _FILLS
        for known in [[n for n in (one[name], other[name]) if n is not None]]
    }
    return {**one, **fills, "accounts": accounts}


def _summed(one: Mapping[str, Any], other: Mapping[str, Any]) -> Snapshot:
    """Counts of one account in two processes; the ratio is made anew."""
    sums: Snapshot = {}
    for name, n in one.items():
        if name == "ratio":
            continue
        if isinstance(n, dict):
            sums[name] = {key: _summed(inner, other[name][key]) for key, inner in n.items()}
        else:
            sums[name] = n + other[name]
    if "hits" in sums:
        asked = sums["hits"] + sums["misses"]
        sums["ratio"] = round(sums["hits"] / asked, 4) if asked else None
    return sums


def _tokens(described: list[Mapping[str, Any]]) -> Snapshot:
    """By account: the youngest token that any process knows of, the refreshes of all."""
    tokens: Snapshot = {}
    for told in described:
        for account, token in told.items():
            known = tokens.get(account)
            tokens[account] = token if known is None else _token(known, token)
    return tokens


def _token(one: Mapping[str, Any], other: Mapping[str, Any]) -> Snapshot:
    causes = {**one["refreshes"], **other["refreshes"]}
    refreshes = {
        cause: one["refreshes"].get(cause, 0) + other["refreshes"].get(cause, 0) for cause in causes
    }
    youngest = min(
        (one, other), key=lambda token: float("inf") if token["age_s"] is None else token["age_s"]
    )
    return {**youngest, "refreshes": refreshes}
