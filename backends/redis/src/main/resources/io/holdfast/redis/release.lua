-- in:  KEYS lock, counter; ARGV claim, last token used or 0, keepFor in ms, channel, name
-- out: {'released'} | {'unannounced'} (released, but the hint was refused) | {'gone'}
local held = redis.call('GET', KEYS[1])
if not held then return {'gone'} end
local first, claim, label = string.match(held, '^(%d+)|([^|]*)|(.*)$')
if claim ~= ARGV[1] then return {'gone'} end

-- Tokens of the span that nobody saw go back: as long as the lock was ours, so was the counter.
-- Only a saving, so a server without memory for it still releases.
local used = tonumber(ARGV[2])
if used >= tonumber(first) then
  local last = tonumber(redis.pcall('GET', KEYS[2]) or '') or 0
  if used < last then redis.pcall('SET', KEYS[2], ARGV[2], 'KEEPTTL') end
end

if tonumber(ARGV[3]) > 0 then
  -- 'kept' is no claim's id: from here on nobody can renew or release it.
  redis.call('SET', KEYS[1], first .. '|kept|' .. label, 'PX', ARGV[3])
  return {'released'}
end
redis.call('DEL', KEYS[1])
local told = redis.pcall('PUBLISH', ARGV[4], ARGV[5])
return {type(told) == 'table' and 'unannounced' or 'released'}
