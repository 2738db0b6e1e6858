-- KEYS[1] the lock, ARGV[1] the owner that releases it
-- answers the owner that was found, or nil; deletes the lock only if that is the one that releases
local found = redis.call('GET', KEYS[1])
if found == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return found
