-- in:  KEYS lock; ARGV claim, leaseFor in ms
-- out: {'renewed'} | {'gone'}
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%d+|([^|]*)|') ~= ARGV[1] then return {'gone'} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'renewed'}
