-- in: {table} {id} {fence} {version}; run it with your migrations, as the table's owner; it may run again
-- out: a function {table}_guard and three triggers: the table refuses every write that was not announced by allow_next.sql, with LK001 (stale token), LK002 (another version) or LK003
CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $guard$
DECLARE
  allowed text := current_setting('holdfast.record', true);
  token bigint;
  version_read bigint;
BEGIN
  IF TG_WHEN = 'AFTER' THEN -- the statement is over, whatever it wrote
    PERFORM set_config('holdfast.record', '', true);
    RETURN NULL;
  END IF;
  IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
    RAISE EXCEPTION 'Records of {table} are not deleted, because the fence goes with them: mark them deleted'
      USING ERRCODE = 'LK003';
  END IF;
  IF allowed IS DISTINCT FROM '{table} ' || new.{id}::text THEN
    RAISE EXCEPTION 'A write to {table} needs token and version: % is announced, not % %',
      coalesce(nullif(allowed, ''), 'nothing'), '{table}', new.{id}
      USING ERRCODE = 'LK003';
  END IF;
  token := current_setting('holdfast.fence')::bigint;
  version_read := current_setting('holdfast.version')::bigint;
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
    IF old.{fence} IS NULL OR old.{fence} > token THEN
      RAISE EXCEPTION 'A newer holder was here: {table} %, token %, stored fence %', new.{id}, token, old.{fence}
        USING ERRCODE = 'LK001';
    END IF;
    IF old.{version} IS DISTINCT FROM version_read THEN
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

DROP TRIGGER IF EXISTS holdfast_guard_truncate ON {table};
CREATE TRIGGER holdfast_guard_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE PROCEDURE {table}_guard();

DROP TRIGGER IF EXISTS holdfast_guard_end ON {table};
CREATE TRIGGER holdfast_guard_end AFTER INSERT OR UPDATE ON {table}
  FOR EACH STATEMENT EXECUTE PROCEDURE {table}_guard();
