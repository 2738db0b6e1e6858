-- in: a prefix of hexadecimal digits twice, how many at most
-- out: machines whose ids begin so, redirects too; g comes after every hexadecimal digit
SELECT id FROM machine WHERE id >= ? AND id < ? || 'g' ORDER BY id LIMIT ?
