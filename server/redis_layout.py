"""What the doctor looks at where several servers are one Redis: the Sentinels, the Cluster."""

from redis.exceptions import AuthenticationError, RedisError

from cache.cluster import slots_of
from cache.nodes import ALL_SLOTS, FollowedNodes
from cache.redis_url import Address
from cache.sentinel import Sentinels
from core.errors import Text
from server.findings import Finding, fail, warn

NAME = "redis"

_CLUSTER_DISABLED = "cluster support disabled"
_NO_SUCH_MASTER = "No such master"


async def examine_layout(nodes: FollowedNodes) -> Finding | None:
    """What is wrong with how its servers hold together, if anything is."""
    await nodes.refresh()
    if isinstance(nodes.layout, Sentinels):
        return await _examine_sentinels(nodes.layout)
    return await _examine_cluster(nodes)


async def _examine_sentinels(sentinels: Sentinels) -> Finding | None:
    told = await sentinels.ask()
    states = [state for state in told.values() if not isinstance(state, Exception)]
    silent = {at: why for at, why in told.items() if isinstance(why, Exception)}
    if not states:
        return _no_sentinel(silent, sentinels.service)
    if all(state["is_odown"] or state["is_sdown"] for state in states):
        return fail(
            NAME,
            Text("Sentinel 都说主节点已下线", "the Sentinels say that the master is down"),
            Text(*[f"redis-cli -p 26379 SENTINEL CKQUORUM {sentinels.service}"] * 2),
        )
    if silent:
        names = ", ".join(map(_named, silent))
        return warn(
            NAME,
            Text(f"Sentinel {names} 没有应答", f"no answer from the Sentinels {names}"),
            Text("启动它们，或从 redis.url 里删掉", "start them, or take them out of redis.url"),
        )
    if not any(state["num-slaves"] for state in states):
        return warn(
            NAME,
            Text("没有副本，主节点坏了无处可换", "there is no replica to take the master's place"),
            Text("加一个副本：REPLICAOF 主节点", "add one: REPLICAOF the master"),
        )
    return None


def _no_sentinel(silent: dict[Address, Exception], service: str) -> Finding:
    reasons = list(silent.values())
    if any(isinstance(why, AuthenticationError) for why in reasons):
        return fail(
            NAME,
            Text("Sentinel 不认这个密码", "the Sentinels refuse the password"),
            Text(*['[redis]\nsentinel_password = "…"'] * 2),
        )
    if any(_NO_SUCH_MASTER in str(why) for why in reasons):
        return fail(
            NAME,
            Text(f"Sentinel 不认识 {service}", f"the Sentinels know no master {service}"),
            Text(
                "redis.url 最后写主节点的名字；redis-cli -p 26379 SENTINEL MASTERS 会列出来",
                "redis.url ends with the master's name: redis-cli -p 26379 SENTINEL MASTERS",
            ),
        )
    return fail(
        NAME,
        Text("没有一个 Sentinel 应答", "no Sentinel answers"),
        Text(
            "检查 redis.url 里的地址；Sentinel 的端口一般是 26379",
            "check the addresses in redis.url; a Sentinel's port is 26379 as a rule",
        ),
    )


async def _examine_cluster(nodes: FollowedNodes) -> Finding | None:
    for node in nodes.all():
        try:
            well, owners = await slots_of(node.redis, node.address)
        except (RedisError, OSError):
            continue  # said of the server itself
        kept = sum(owner.last - owner.first + 1 for owner in owners)
        if kept < ALL_SLOTS or not well:
            at, missing = _named(node.address), ALL_SLOTS - kept
            return fail(
                NAME,
                Text(
                    f"集群不正常：{missing} 个槽没有节点",
                    f"the Cluster is not well: {missing} slots have no node",
                ),
                Text(*[f"redis-cli --cluster check {at}"] * 2),
            )
    if not nodes.all():
        return _no_cluster(nodes.unknown)
    return None


def _no_cluster(reason: str) -> Finding:
    if _CLUSTER_DISABLED in reason:
        return fail(
            NAME,
            Text("这个 Redis 不是集群", "this Redis is no Cluster"),
            Text('url = "redis://…"', 'url = "redis://…"'),
        )
    return fail(
        NAME,
        Text("集群没有一个节点应答", "no node of the Cluster answers"),
        Text("检查 redis.url 里的地址与密码", "check the addresses and password in redis.url"),
    )


def unreachable(kind: str, address: Address) -> Finding:
    """The server that the others name does not answer from here."""
    at = _named(address)
    option = "cluster-announce-ip" if kind == "cluster" else "replica-announce-ip"
    return fail(
        NAME,
        Text(f"{at} 没有应答", f"{at} does not answer"),
        Text(
            f"它可能坏了；若从本机到不了这个地址（容器、NAT），在它的配置里写 {option}",
            f"it may be down; if this machine cannot reach that address (containers, NAT), set "
            f"{option} in its configuration",
        ),
    )


def _named(address: Address) -> str:
    host, port = address
    return f"{host}:{port}"
