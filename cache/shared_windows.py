import asyncio
import math
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, cast

from redis.asyncio import Redis

from cache.keys import Keys
from cache.redis import RedisAway, RedisLink
from cache.scripts import Script
from cache.windows import MemoryWindows, Rule, Standing, Verdict, shares_of, tightest_of
from core.clock import Clock
from core.tasks import TaskSet

_TIMEOUT_S = 0.05
_PRESENT_EVERY_S = 5.0
_PRESENT_S = 15.0
_SKEW_S = 1.0  # between the gateways' clocks
_US = 1_000_000  # finer than two calls can follow each other: no window is cut short
_OTHERS_BACK_S = 3.0  # the pause of their links' breakers, and a call to tell what they owe
_LOOKED_AT_ONCE = 100  # rules: Redis does nothing else meanwhile, and must answer in time
_MOST_OWED = 10_000  # rules; beyond, what was counted alone is forgotten

# All rules of a call in one step. The time is the gateways', never Redis' own: only the lives of
# keys are Redis', and those are relative. A gateway whose clock is a little behind takes the last
# call's time for now; if the clock was set back, calls from the future count as of now, so that a
# window never stands still.
#
# What it counts it has known since it was first asked, or since the server is another one: after a
# restart, a restore or a failover it may lack calls.
#
# KEYS: the windows, and since when they are known. ARGV: now in µs, whether to count, and for each
# window exact, count, period in µs, burst, and how many calls were admitted without Redis since.
# Answer: the longest wait, for how long it knows, and for each window wait, used, remaining and
# reset, all times in µs.
_JUDGE = Script("""
local clock, counting = tonumber(ARGV[1]), ARGV[2] == '1'
local SKEW = 1000000
local function number(value) return tonumber(value or '') end

local function log_of(key, kind, rule)
  if kind ~= 'none' and kind ~= 'list' then redis.call('DEL', key) end
  local now, last = clock, number(redis.call('LINDEX', key, -1))
  if last and last > now and last - now <= SKEW then now = last end
  local at = -1
  while last and last > now do
    redis.call('LSET', key, at, now)
    at = at - 1
    last = number(redis.call('LINDEX', key, at))
  end
  local first = redis.call('LINDEX', key, 0)
  while first and (number(first) or 0) <= now - rule.period do
    redis.call('LPOP', key)
    first = redis.call('LINDEX', key, 0)
  end
  local function add(n)
    for _ = 1, n do redis.call('RPUSH', key, now) end
    redis.call('PEXPIRE', key, (rule.period + SKEW) / 1000)
  end
  if rule.owed > 0 then add(rule.owed) end
  local used, wait = redis.call('LLEN', key), 0
  if used >= rule.count then
    wait = number(redis.call('LINDEX', key, used - rule.count)) + rule.period - now
  end
  return {wait = wait, take = function() add(1) end, standing = function()
    local used, first = redis.call('LLEN', key), number(redis.call('LINDEX', key, 0))
    return used, math.max(0, rule.count - used), first and first + rule.period - now or 0
  end}
end

local function flow_of(key, kind, rule)
  if kind ~= 'none' and kind ~= 'string' then redis.call('DEL', key) end
  local interval = rule.period / rule.count
  local most = rule.burst * interval
  local stored = kind == 'string' and number(redis.call('GET', key)) or 0
  local filled = math.min(math.max(stored - clock, 0), most)
  local function add(n)
    filled = math.min(filled + n * interval, most)
    redis.call('SET', key, string.format('%.3f', clock + filled), 'PX',
      math.ceil((filled + SKEW) / 1000))
  end
  if rule.owed > 0 or stored - clock > most then add(rule.owed) end
  local wait = filled - most + interval
  return {wait = wait > 0.001 and wait or 0, take = function() add(1) end, standing = function()
    local used = math.min(rule.burst, math.ceil((filled - 0.001) / interval))
    return used, rule.burst - used, math.ceil(filled)
  end}
end

local function known_for(key)
  local info = redis.pcall('INFO', 'server')
  local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)')
  if not run then return 0 end
  if redis.call('TYPE', key).ok ~= 'hash' then redis.call('DEL', key) end
  local born = redis.call('HMGET', key, 'run', 'born')
  local at = number(born[2])
  if born[1] ~= run or not at or at > clock + SKEW then
    redis.call('HSET', key, 'run', run, 'born', ARGV[1])
    at = clock
  end
  return math.max(0, clock - at)
end

local windows, longest = {}, 0
for i = 1, #KEYS - 1 do
  local key = KEYS[i]
  local at = 5 * i - 2
  local rule = {count = number(ARGV[at + 1]), period = number(ARGV[at + 2]),
                burst = number(ARGV[at + 3]), owed = number(ARGV[at + 4])}
  local window_of = ARGV[at] == '1' and log_of or flow_of
  windows[i] = window_of(key, redis.call('TYPE', key).ok, rule)
  longest = math.max(longest, windows[i].wait)
end
local answer = {math.ceil(longest), known_for(KEYS[#KEYS])}
for _, window in ipairs(windows) do
  if counting and longest == 0 then window.take() end
  local used, remaining, reset = window.standing()
  for _, value in ipairs({math.ceil(window.wait), used, remaining, reset}) do
    answer[#answer + 1] = value
  end
end
return answer
""")


class SharedWindows:
    """Windows of all gateways on one Redis: one command a call.

    Without Redis each gateway admits its part of what was left, and later its share: the rate
    divided by how many were there lately, or are expected. What it then admits is counted in Redis
    when that is back, except for a call whose command got no answer: it has perhaps been counted.
    Until all of that is told and over, each keeps to its share.
    """

    def __init__(
        self,
        link: RedisLink,
        keys: Keys,
        local: MemoryWindows,
        *,
        expected: Callable[[], int] = lambda: 1,
        clock: Clock = time.time,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._link = link
        self._keys = keys
        self._local = local  # of the calls that this gateway admitted, wherever they were judged
        self._clock = clock
        self._timeout_s = timeout_s
        self._me = secrets.token_hex(8)
        self._owed: dict[str, int] = {}
        self._apart_at = -math.inf  # when Redis was last known to be away
        self._known_since = -math.inf  # when Redis began to count, as it last said
        self._tasks = TaskSet()
        self._expected = expected
        self.gateways = expected()  # or more, if more were seen lately, this one too

    async def __aenter__(self) -> Self:
        """Begin to show that this gateway is there."""
        self._tasks.start(self._stay_present(), name="count gateways")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Leave."""
        await self._tasks.aclose()
        key = self._keys.gateways()
        with suppress(RedisAway):
            await self._link.run(lambda redis: redis.zrem(key, self._me), key)

    @property
    def shared(self) -> bool:
        """Whether Redis is there."""
        return self._link.up

    async def hit(self, rules: Sequence[Rule], *, doubted: bool = False) -> Verdict:
        """Judge and count one call; `doubted`: Redis is not to be believed alone."""
        if not rules:
            return Verdict(None, 0.0)
        share: Verdict | None = None
        if doubted or self._lately_apart(rules):
            share = self._local.hit_alone(rules, self.gateways)
            if share.wait_s:
                return share
        try:
            return await self.judge(rules, noted=share is not None)
        except RedisAway as away:
            verdict = share or self._local.hit_alone(rules, self.gateways)
            if not verdict.wait_s:
                self.owe(rules, away)
            return verdict

    async def judge(self, rules: Sequence[Rule], *, noted: bool = False) -> Verdict:
        """Have Redis alone judge and count one call. Raises RedisAway.

        `noted`: this gateway has counted the call for itself already.
        """
        owed = [self._owed.pop(rule.key, 0) for rule in rules]
        try:
            wait_us, known_us, *told = await self._judge(rules, owed)
        except RedisAway as away:
            if not self._link.up:
                self._apart_at = self._clock()
            if not away.sent:
                self._owe(rules, owed)
            raise
        standings = _standings(rules, told)
        self._local.note(standings, taken=not wait_us and not noted)
        self._known_since = self._clock() - known_us / _US
        if wait_us:
            waits = told[::4]
            refused = standings[waits.index(max(waits))]
            return Verdict(refused._replace(remaining=0), wait_us / _US)
        return Verdict(tightest_of(standings), 0.0)

    def owe(self, rules: Sequence[Rule], away: RedisAway) -> None:
        """A call was let through while Redis was `away`; it will be told of, unless it knows."""
        if not away.sent:
            self._owe(rules, [1] * len(rules))

    async def look(self, rules: Sequence[Rule]) -> list[Standing]:
        """How each window stands."""
        standings: list[Standing] = []
        try:
            for at in range(0, len(rules), _LOOKED_AT_ONCE):
                some = rules[at : at + _LOOKED_AT_ONCE]
                _, _, *told = await self._judge(some, [0] * len(some), count=False)
                standings += _standings(some, told)
        except RedisAway:
            return await self._local.look(shares_of(rules, self.gateways))
        return standings

    async def clear(self, rules: Sequence[Rule]) -> None:
        """Empty these windows; while Redis is away, those of this gateway alone."""
        await self._local.clear(rules)
        for rule in rules:
            self._owed.pop(rule.key, None)
        keys = [self._keys.window(rule.key) for rule in rules]
        if keys:
            with suppress(RedisAway):
                await self._link.run(lambda redis: redis.unlink(*keys), keys[0])

    def unknown(self, rules: Sequence[Rule]) -> list[Rule]:
        """Those of whose calls in the last period Redis may lack some, as it last said."""
        known_s = self._clock() - self._known_since
        return [rule for rule in rules if known_s < rule.rate.period_s + _SKEW_S]

    def _lately_apart(self, rules: Sequence[Rule]) -> bool:
        """Whether others may have admitted calls in these windows that Redis does not know yet."""
        since_s = self._clock() - self._apart_at
        return any(since_s < rule.rate.period_s + _OTHERS_BACK_S for rule in rules)

    def _owe(self, rules: Sequence[Rule], calls: Sequence[int]) -> None:
        for rule, n in zip(rules, calls, strict=True):
            if n and (rule.key in self._owed or len(self._owed) < _MOST_OWED):
                self._owed[rule.key] = self._owed.get(rule.key, 0) + n

    async def _judge(
        self, rules: Sequence[Rule], owed: list[int], *, count: bool = True
    ) -> list[int]:
        values: list[float] = [round(self._clock() * _US), int(count)]
        for (_, rate), n in zip(rules, owed, strict=True):
            values += (int(rate.exact), rate.count, rate.period_s * _US, rate.burst, n)
        keys = [*(self._keys.window(rule.key) for rule in rules), self._keys.windows_born()]

        async def judge(redis: Redis) -> list[int]:
            return cast("list[int]", await _JUDGE.run(redis, keys, values))

        return await self._link.run(judge, keys[0], timeout_s=self._timeout_s)

    async def _stay_present(self) -> None:
        while True:
            try:
                self.gateways = await self._link.run(self._show, self._keys.gateways())
            except RedisAway:  # those seen last are still the best guess then
                self.gateways = max(self.gateways, self._expected())
            await asyncio.sleep(_PRESENT_EVERY_S)

    async def _show(self, redis: Redis) -> int:
        now, key = self._clock(), self._keys.gateways()
        async with redis.pipeline(transaction=True) as pipeline:
            pipeline.zadd(key, {self._me: now})
            pipeline.zremrangebyscore(key, "-inf", now - _PRESENT_S)
            pipeline.zcard(key)
            pipeline.expire(key, round(4 * _PRESENT_S))
            answers = await pipeline.execute()
        return max(self._expected(), int(answers[2]))


def _standings(rules: Sequence[Rule], told: list[int]) -> list[Standing]:
    return [
        Standing(rule, used, remaining, reset_us / _US)
        for rule, used, remaining, reset_us in zip(
            rules, told[1::4], told[2::4], told[3::4], strict=True
        )
    ]
