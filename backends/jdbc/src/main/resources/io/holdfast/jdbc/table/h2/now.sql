cast(extract(epoch from current_timestamp) * 1000000 as bigint)
