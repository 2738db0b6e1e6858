-- The CMDB's tables. docs/cmdb.md says what may be read from them; nothing else may write to them.

-- One row for each machine, guarded by fence and version. A machine that was found to be another one
-- is a redirect: merged_into says to which, and the row stays, so that its fence stays.
CREATE TABLE machine (
  id          text PRIMARY KEY,
  created     bigint NOT NULL,            -- the token of its first write: who is older
  merged_into text,
  rules       text NOT NULL,              -- by which the record was made
  record      jsonb NOT NULL,             -- attribute -> value: what the rules made of state
  state       text NOT NULL,              -- what each source says, as State writes it
  conflicts   int NOT NULL,               -- attributes about which sources that count disagree
  fence       bigint NOT NULL,
  version     bigint NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 85);
CREATE INDEX machine_by_rules ON machine (rules);

-- Strong keys. The primary key decides which machine has one.
CREATE TABLE identity_key (
  kind       text NOT NULL,
  value      text NOT NULL,
  machine_id text NOT NULL,
  PRIMARY KEY (kind, value)
);
CREATE INDEX identity_key_by_machine ON identity_key (machine_id);

-- Which machines with strong keys state a weak key: one or many.
CREATE TABLE weak_claim (
  kind       text NOT NULL,
  value      text NOT NULL,
  machine_id text NOT NULL,
  PRIMARY KEY (kind, value, machine_id)
);
CREATE INDEX weak_claim_by_machine ON weak_claim (machine_id);

-- Where the reports live that have no strong key, by the weak key that stands for them: with the one
-- machine that claims it, else with a machine of its own.
CREATE TABLE weak_home (
  kind       text NOT NULL,
  value      text NOT NULL,
  machine_id text NOT NULL,
  PRIMARY KEY (kind, value)
);

-- The ledger: each report that was ever acknowledged, once.
CREATE TABLE report (
  id          text PRIMARY KEY,
  source      text NOT NULL,
  observed_at timestamptz NOT NULL,
  machine_id  text NOT NULL,
  version     bigint NOT NULL,            -- the machine's version that took it in
  outdated    boolean NOT NULL,           -- said nothing that was not known newer
  body        text NOT NULL               -- keys and attributes, as Report writes them
);
CREATE INDEX report_by_machine ON report (machine_id);

-- What each version changed.
CREATE TABLE history (
  machine_id text NOT NULL,
  version    bigint NOT NULL,
  fence      bigint NOT NULL,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  cause      text NOT NULL,               -- reports, join, move, rules
  reports    text[] NOT NULL,
  diff       text NOT NULL,               -- JSON: attribute -> [before, after], null for absent
  PRIMARY KEY (machine_id, version)
);

-- Input that can never be merged.
CREATE TABLE dead_letter (
  id       text PRIMARY KEY,              -- digest of file, line and reason
  file     text NOT NULL,
  line     bigint NOT NULL,               -- 0: the whole file
  category text NOT NULL,
  reason   text NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE rule_set (
  id           text PRIMARY KEY,
  body         text NOT NULL,
  installed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE rules_in_force (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id  text NOT NULL REFERENCES rule_set
);
