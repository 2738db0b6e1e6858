-- in: {table} {id} {fence} {version}; run it with your migrations, as the table's owner; it may run again, and has to when partitions came
-- out: a function {table}_guard and triggers: the table and its partitions refuse every write that was not announced by allow_next.sql, with LK001 (stale token), LK002 (another version) or LK003
-- One statement: whoever runs it again, and however, leaves no moment without the triggers.
DO $holdfast$
DECLARE
  part regclass;
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_proc
    WHERE oid = to_regprocedure('{table}_guard()') AND prosrc NOT LIKE '%holdfast.record%'
  ) THEN
    RAISE EXCEPTION 'There is a function {table}_guard that is not Holdfast''s: give it another name'
      USING ERRCODE = 'duplicate_function';
  END IF;

  CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $guard$
  DECLARE
    allowed text := current_setting('holdfast.record', true);
    token bigint;
    version_read bigint;
  BEGIN
    IF TG_WHEN = 'AFTER' AND TG_LEVEL = 'STATEMENT' THEN -- it is over, whatever it wrote
      PERFORM set_config('holdfast.record', '', true);
      RETURN NULL;
    END IF;
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
      RAISE EXCEPTION 'Records of {table} are not deleted, because the fence goes with them: mark them deleted'
        USING ERRCODE = 'LK003';
    END IF;
    IF allowed IS DISTINCT FROM coalesce(pg_partition_root(TG_RELID), TG_RELID)::oid || ' ' || new.{id}::text THEN
      RAISE EXCEPTION 'A write to {table} needs token and version: % is announced, not this table''s %',
        coalesce(nullif(substring(allowed FROM ' (.*)'), ''), 'nothing'), new.{id}
        USING ERRCODE = 'LK003';
    END IF;
    token := current_setting('holdfast.fence')::bigint;
    version_read := current_setting('holdfast.version')::bigint;
    IF TG_WHEN = 'AFTER' THEN -- the row as it is stored
      IF new.{fence} IS DISTINCT FROM token OR new.{version} IS DISTINCT FROM version_read + 1 THEN
        RAISE EXCEPTION 'Another trigger changed {fence} or {version}: {table} %', new.{id}
          USING ERRCODE = 'LK003';
      END IF;
      RETURN NULL;
    END IF;
    IF token < 1 OR token >= 9007199254740992
        OR token > extract(epoch FROM clock_timestamp() + interval '400 days') * 1000000 THEN
      RAISE EXCEPTION 'Token % is below 1, from 2^53 on, or more than 400 days ahead of the clock', token
        USING ERRCODE = 'LK003';
    END IF;
    IF TG_OP = 'UPDATE' THEN
      IF new.{id}::text <> old.{id}::text THEN
        RAISE EXCEPTION 'Records of {table} keep their {id}, because the fence would go with them'
          USING ERRCODE = 'LK003';
      END IF;
      IF old.{fence} > token THEN
        RAISE EXCEPTION 'A newer holder was here: {table} %, token %, stored fence %', new.{id}, token, old.{fence}
          USING ERRCODE = 'LK001';
      END IF;
      IF old.{fence} IS NULL OR old.{version} IS NULL THEN
        RAISE EXCEPTION 'No holder is let in, as nobody knows who wrote last: {table} %, {fence} or {version} is null', new.{id}
          USING ERRCODE = 'LK003';
      END IF;
      IF old.{version} <> version_read THEN
        RAISE EXCEPTION 'The record changed since it was read: {table} %, token %, version read %, stored version %',
          new.{id}, token, version_read, old.{version}
          USING ERRCODE = 'LK002';
      END IF;
    ELSIF version_read <> 0 THEN
      RAISE EXCEPTION 'The record changed since it was read: {table} %, token %, version read %, no such record',
        new.{id}, token, version_read
        USING ERRCODE = 'LK002';
    END IF;
    new.{fence} := token;
    new.{version} := version_read + 1;
    RETURN new;
  END
  $guard$;

  DROP TRIGGER IF EXISTS holdfast_guard ON {table};
  CREATE TRIGGER holdfast_guard BEFORE INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE PROCEDURE {table}_guard();

  -- Triggers before the row that come later by their name may change it once more.
  DROP TRIGGER IF EXISTS holdfast_guard_stored ON {table};
  CREATE TRIGGER holdfast_guard_stored AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE PROCEDURE {table}_guard();

  -- A partition inherits the triggers of rows, and none of statements.
  FOR part IN SELECT '{table}'::regclass UNION SELECT relid FROM pg_partition_tree('{table}') LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS holdfast_guard_truncate ON %s', part);
    EXECUTE format(
      'CREATE TRIGGER holdfast_guard_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE PROCEDURE {table}_guard()',
      part);
    EXECUTE format('DROP TRIGGER IF EXISTS holdfast_guard_end ON %s', part);
    EXECUTE format(
      'CREATE TRIGGER holdfast_guard_end AFTER INSERT OR UPDATE ON %s FOR EACH STATEMENT EXECUTE PROCEDURE {table}_guard()',
      part);
  END LOOP;
END
$holdfast$;
