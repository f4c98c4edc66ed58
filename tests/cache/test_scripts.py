from redis.asyncio import Redis

from cache.scripts import Script


async def test_a_script_goes_by_its_digest_and_survives_being_forgotten(redis: Redis) -> None:
    script = Script("return {KEYS[1], ARGV[1]}")
    assert await script.run(redis, ["k"], ["v"]) == [b"k", b"v"]
    evals = (await redis.info("commandstats"))["cmdstat_eval"]["calls"]
    assert await script.run(redis, ["k"], [1]) == [b"k", b"1"]
    assert (await redis.info("commandstats"))["cmdstat_eval"]["calls"] == evals
    await redis.script_flush()
    assert await script.run(redis, ["k"], [b"\x00"]) == [b"k", b"\x00"]
