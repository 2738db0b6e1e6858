-- in: table and id with a space between them, token, version read; as text
-- out: one row; the next statement on the table, in this transaction, may write this record
SELECT set_config('holdfast.record', ?, true), set_config('holdfast.fence', ?, true), set_config('holdfast.version', ?, true)
