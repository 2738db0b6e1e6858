datediff_big(microsecond, '1970-01-01', sysutcdatetime())
