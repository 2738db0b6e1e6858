-- in: the table, as the writer names it, the record's id, token, version read; as text
-- out: one row; the next statement on the table, in this transaction, may write this record
SELECT set_config('holdfast.record', ?::regclass::oid || ' ' || ?, true), set_config('holdfast.fence', ?, true), set_config('holdfast.version', ?, true)
