-- in:  KEYS lock
-- out: {'free'} | {'held', token, label, ms or -1} | {'foreign', ms or -1}; never the claim
local held = redis.call('GET', KEYS[1])
if not held then return {'free'} end
local left = redis.call('PTTL', KEYS[1])
local token, claim, label = string.match(held, '^(%d+)|(%w+)|([ -~]*)$')
if token and #token <= 16 and (claim == 'kept' or #claim == 32) then return {'held', token, label, left} end
return {'foreign', left}
