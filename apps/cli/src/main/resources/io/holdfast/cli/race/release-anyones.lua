-- KEYS[1] the lock, ARGV[1] the owner that releases it, and who does not matter: that is the mistake
-- answers the owner that was found, or nil, so that the race can count whose lock it was
local found = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return found
