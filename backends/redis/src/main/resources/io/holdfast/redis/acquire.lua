-- in:  KEYS lock, counter; ARGV claim, label, leaseFor in ms, span, tokenAbove
-- out: {'granted', first token, span, ms} | {'refused', ms} | {'forever'} | {'counter'} | {'ahead'}
-- The lock is 'token|claim|label'; the counter is the last token of the latest grant.
local hour, days400 = 3600000, 400 * 86400 * 1000000
local lease, span, above = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local held = redis.call('GET', KEYS[1])
if held then
  local first, claim = string.match(held, '^(%d+)|([^|]*)|')
  if claim ~= ARGV[1] then
    local left = redis.call('PTTL', KEYS[1])
    if left < 0 then return {'forever'} end
    return {'refused', math.max(left, 1)}
  end
  -- Asked again: the same tokens, and the lease begins anew. Nobody moved the counter meanwhile.
  redis.call('PEXPIRE', KEYS[1], lease)
  local last = tonumber(redis.call('GET', KEYS[2]) or first) or first
  return {'granted', first, math.max(1, math.min(span, last - first + 1)), lease}
end

local previous = redis.call('GET', KEYS[2]) or '0'
if not string.match(previous, '^%d+$') then return {'counter'} end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local first = math.max(tonumber(previous) + 1, above + 1, now)
local last = first + (span - 1)
-- From 2^53 on a double skips whole numbers, so nothing may be added first and taken off again.
if last >= 2 ^ 53 and above < tonumber(previous) then return {'counter'} end
if last >= 2 ^ 53 or above > now + days400 then return {'ahead'} end

-- Once the counter is gone the clock must be past all its tokens, with an hour to spare.
local keep = hour + math.max(lease, math.ceil((last - now) / 1000))
redis.call('SET', KEYS[2], string.format('%.0f', last), 'PX', string.format('%.0f', keep))
local token = string.format('%.0f', first)
redis.call('SET', KEYS[1], token .. '|' .. ARGV[1] .. '|' .. ARGV[2], 'PX', lease)
return {'granted', token, span, lease}
