-- The staging database. Stages read tables and write tables; nothing else
-- connects them. Schema files only grow: a change is a new file.
-- Stamps are UTC text (2026-03-01T07:30:00.000Z) unless a comment says that
-- they are the vendor's own. Columns named payload are compressed and sealed.

-- One row a run, opened before anything else is done, closed whatever happens.
CREATE TABLE run (
  id           TEXT PRIMARY KEY,
  trigger      TEXT NOT NULL,                -- operator, schedule, demo
  started_at   TEXT NOT NULL,
  finished_at  TEXT NOT NULL DEFAULT '',
  exit_code    INTEGER NOT NULL DEFAULT -1,  -- -1 = still running, or killed
  note         TEXT NOT NULL DEFAULT '',
  dry          INTEGER NOT NULL DEFAULT 0,
  version      TEXT NOT NULL,
  rules        TEXT NOT NULL                 -- hash of config, lookups and field tables
) STRICT;

-- Leases: run (transform, load, report) and stream/<endpoint> (extract).
CREATE TABLE lease (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  since  TEXT NOT NULL,
  until  TEXT NOT NULL,
  wanted TEXT NOT NULL DEFAULT ''            -- who waits for it: a backfill then yields
) STRICT;

-- The call ledger: a row before each call to DrChrono, by whichever process.
CREATE TABLE call (
  id       INTEGER PRIMARY KEY,
  at_ms    INTEGER NOT NULL,                 -- Unix milliseconds
  run      TEXT NOT NULL,
  spender  TEXT NOT NULL,                    -- nightly, backfill, operator
  endpoint TEXT NOT NULL,
  purpose  TEXT NOT NULL,
  status   INTEGER NOT NULL DEFAULT 0        -- 0 = no answer (yet)
) STRICT;
CREATE INDEX call_at ON call (at_ms);
CREATE INDEX call_run ON call (run);

-- Small values that outlive a run: throttled_until, initial_load/rethink, ...
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- DrChrono's rotating token pair as a journal: a row a generation.
CREATE TABLE token (
  generation  INTEGER PRIMARY KEY,
  state       TEXT NOT NULL CHECK (state IN ('active', 'refreshing', 'spent', 'dead')),
  access      BLOB NOT NULL,                 -- sealed
  refresh     BLOB NOT NULL,                 -- sealed
  seed        BLOB NOT NULL,                 -- hash of the config's refresh token that it descends from
  obtained_at TEXT NOT NULL,
  expires_at  TEXT NOT NULL,
  scope       TEXT NOT NULL,
  note        TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX one_token ON token ((1)) WHERE state IN ('active', 'refreshing');

-- Where each endpoint's stream stands. lane: nightly, or a backfill's id.
CREATE TABLE stream (
  endpoint    TEXT NOT NULL,
  lane        TEXT NOT NULL,
  watermark   TEXT NOT NULL DEFAULT '',      -- the server's own stamp; only a drained stream moves it
  next        TEXT NOT NULL DEFAULT '',      -- path and query to go on from; '' = no drain is open
  since       TEXT NOT NULL DEFAULT '',      -- lower bound of the open drain
  newest      TEXT NOT NULL DEFAULT '',      -- largest stamp seen in the open drain
  page        INTEGER NOT NULL DEFAULT 0,
  rows        INTEGER NOT NULL DEFAULT 0,    -- of the open or last drain
  changed     INTEGER NOT NULL DEFAULT 0,    -- likewise
  caught      INTEGER NOT NULL DEFAULT 0,    -- changed rows that only the overlap brought
  state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'open', 'drained', 'unavailable', 'failed')),
  note        TEXT NOT NULL DEFAULT '',
  run         TEXT NOT NULL DEFAULT '',
  drained_at  TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (endpoint, lane)
) STRICT, WITHOUT ROWID;

-- Source records, as the vendor sent them.
CREATE TABLE record (
  id          INTEGER PRIMARY KEY,
  endpoint    TEXT NOT NULL,
  source_id   TEXT NOT NULL,
  seq         INTEGER NOT NULL,              -- change number: larger than any given before
  hash        BLOB NOT NULL,                 -- of the content, volatile fields left out
  updated_at  TEXT NOT NULL DEFAULT '',      -- the vendor's stamp, as sent
  patient     TEXT NOT NULL DEFAULT '',      -- what most records hang on, for joins
  doctor      TEXT NOT NULL DEFAULT '',
  parts       INTEGER NOT NULL DEFAULT 0,    -- objects of their own inside it: a patient's insurances
  verbose     INTEGER NOT NULL DEFAULT 0,
  gone        INTEGER NOT NULL DEFAULT 0,    -- missing from a complete full read, or deleted
  fault       TEXT NOT NULL DEFAULT '',      -- why it cannot be read; the payload is kept all the same
  first_run   TEXT NOT NULL,
  changed_run TEXT NOT NULL,
  payload     BLOB NOT NULL,
  UNIQUE (endpoint, source_id)
) STRICT;
CREATE INDEX record_seq ON record (endpoint, seq);
CREATE INDEX record_patient ON record (patient, endpoint) WHERE patient <> '';
CREATE INDEX record_doctor ON record (doctor, endpoint) WHERE doctor <> '';

-- Earlier versions of a record, without their content.
CREATE TABLE version (
  endpoint TEXT NOT NULL, source_id TEXT NOT NULL, seq INTEGER NOT NULL,
  hash BLOB NOT NULL, updated_at TEXT NOT NULL, run TEXT NOT NULL,
  PRIMARY KEY (endpoint, source_id, seq)
) STRICT, WITHOUT ROWID;

-- Ids seen by an open full read; what a complete one did not see is gone.
CREATE TABLE seen (
  endpoint TEXT NOT NULL, source_id TEXT NOT NULL,
  PRIMARY KEY (endpoint, source_id)
) STRICT, WITHOUT ROWID;

-- How far each shape has judged, and with which rules.
CREATE TABLE shape (
  destination TEXT NOT NULL, object TEXT NOT NULL,
  seq     INTEGER NOT NULL DEFAULT 0,
  context TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (destination, object)
) STRICT, WITHOUT ROWID;

-- One row for each source record at each destination as each object: what it
-- maps to, what the destination last acknowledged, and what became of it.
CREATE TABLE target (
  id              INTEGER PRIMARY KEY,
  destination     TEXT NOT NULL,
  object          TEXT NOT NULL,
  source_endpoint TEXT NOT NULL,
  source_id       TEXT NOT NULL,
  parent_id       TEXT NOT NULL DEFAULT '',  -- source id of the target that it travels inside; '' = it travels alone
  slot            TEXT NOT NULL DEFAULT '',  -- the parent's array that carries it
  payload         BLOB,                      -- what it maps to; NULL where it does not map
  hash            BLOB,                      -- of the mapped payload and what it needs
  needs           TEXT NOT NULL DEFAULT '',  -- JSON: field -> [object, source id], filled in from the crosswalk at sending
  outcome         TEXT NOT NULL CHECK (outcome IN ('created', 'updated', 'unchanged', 'excluded', 'invalid',
                    'rejected', 'blocked', 'held', 'uncertain', 'failed', 'matched', 'mismatched', 'missing')),
  cause           TEXT NOT NULL DEFAULT '',
  field           TEXT NOT NULL DEFAULT '',
  code            TEXT NOT NULL DEFAULT '',
  message         TEXT NOT NULL DEFAULT '',
  http_status     INTEGER NOT NULL DEFAULT 0,
  attempts        INTEGER NOT NULL DEFAULT 0, -- since the payload last changed
  acked_hash      BLOB,                      -- of the payload last acknowledged
  acked_payload   BLOB,
  refused_hash    BLOB,                      -- of the payload last rejected: not sent again while it is the same
  run             TEXT NOT NULL,             -- that reached the outcome
  UNIQUE (destination, object, source_endpoint, source_id)
) STRICT;
CREATE INDEX target_outcome ON target (destination, object, outcome);
CREATE INDEX target_parent ON target (destination, parent_id) WHERE parent_id <> '';
CREATE INDEX target_source ON target (source_endpoint, source_id);
CREATE INDEX target_run ON target (run);

-- Every problem of a target; the first one also stands on the target.
CREATE TABLE problem (
  target  INTEGER NOT NULL REFERENCES target (id) ON DELETE CASCADE,
  n       INTEGER NOT NULL,
  field   TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  lookup  TEXT NOT NULL, key TEXT NOT NULL,
  PRIMARY KEY (target, n)
) STRICT, WITHOUT ROWID;

-- Our ids and theirs.
CREATE TABLE crosswalk (
  destination TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL,
  target_id   TEXT NOT NULL,
  how         TEXT NOT NULL CHECK (how IN ('created', 'external_id', 'natural_key', 'import', 'decision')),
  run         TEXT NOT NULL,
  PRIMARY KEY (destination, object, source_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crosswalk_target ON crosswalk (destination, object, target_id);

-- Deliveries. The intent is committed before the request leaves, the answer
-- after it; an intent that a dead process left behind is uncertain.
CREATE TABLE delivery (
  id          INTEGER PRIMARY KEY,
  target      INTEGER NOT NULL REFERENCES target (id),
  destination TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL,
  op          TEXT NOT NULL CHECK (op IN ('create', 'update', 'discharge')),
  state       TEXT NOT NULL CHECK (state IN ('intent', 'acknowledged', 'rejected', 'failed', 'uncertain', 'void')),
  hash        BLOB NOT NULL,                 -- of the mapped payload, as in target
  payload     BLOB NOT NULL,                 -- the body that was sent
  needs       TEXT NOT NULL DEFAULT '',      -- as in target, when it was sent
  run         TEXT NOT NULL,
  process     TEXT NOT NULL,                 -- which process holds the intent
  intent_at   TEXT NOT NULL,
  deadline    TEXT NOT NULL,                 -- when the request has ended whatever happens; the quiet period counts from here
  answered_at TEXT NOT NULL DEFAULT '',
  phase       TEXT NOT NULL DEFAULT '',      -- how far the request got: dial, headers, body, answer
  http_status INTEGER NOT NULL DEFAULT 0,
  code        TEXT NOT NULL DEFAULT '',
  target_id   TEXT NOT NULL DEFAULT '',
  settled_by  TEXT NOT NULL DEFAULT '',      -- answer, probe, or a person's name
  evidence    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX delivery_target ON delivery (target);
CREATE INDEX delivery_open ON delivery (destination, state) WHERE state IN ('intent', 'uncertain');
-- The database itself refuses a second live create, two open deliveries of one
-- record, a step back, and a discharge that nobody approved.
CREATE UNIQUE INDEX one_create ON delivery (destination, object, source_id)
  WHERE op IN ('create', 'discharge') AND state IN ('intent', 'uncertain', 'acknowledged');
CREATE UNIQUE INDEX one_open ON delivery (destination, object, source_id) WHERE state IN ('intent', 'uncertain');
CREATE TRIGGER no_step_back BEFORE UPDATE OF state ON delivery
  WHEN OLD.state IN ('acknowledged', 'rejected', 'failed', 'void') AND NEW.state <> OLD.state
  BEGIN SELECT RAISE(ABORT, 'a settled delivery cannot change its state'); END;
CREATE TRIGGER no_delivery_deleted BEFORE DELETE ON delivery
  WHEN OLD.state IN ('intent', 'uncertain')
  BEGIN SELECT RAISE(ABORT, 'an open delivery cannot be deleted'); END;

-- A person's word for one payload of one record.
CREATE TABLE approval (
  id          INTEGER PRIMARY KEY,
  destination TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL,
  hash        BLOB NOT NULL,
  by          TEXT NOT NULL,
  at          TEXT NOT NULL,
  expires_at  TEXT NOT NULL,
  UNIQUE (destination, object, source_id, hash, by)
) STRICT;
CREATE TRIGGER no_unapproved_discharge BEFORE INSERT ON delivery WHEN NEW.op = 'discharge'
  BEGIN SELECT RAISE(ABORT, 'a discharge needs the approval of its very payload') WHERE
    (SELECT count(DISTINCT by) FROM approval a WHERE a.destination = NEW.destination AND a.object = NEW.object
       AND a.source_id = NEW.source_id AND a.hash = NEW.hash AND a.at <= NEW.intent_at AND a.expires_at > NEW.intent_at)
    < (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'approvers')
    OR NOT EXISTS (SELECT 1 FROM setting WHERE name = 'approvers'); END;

-- Analysts' decisions, read back from a workbook or given on the command line.
CREATE TABLE decision (
  id          INTEGER PRIMARY KEY,
  target      INTEGER NOT NULL,              -- a row of target, which may be gone by now
  verb        TEXT NOT NULL CHECK (verb IN ('RETRY', 'SKIP', 'MAP', 'APPROVE')),
  value       TEXT NOT NULL DEFAULT '',
  comment     TEXT NOT NULL DEFAULT '',
  hash        BLOB,                          -- the payload that it speaks of
  source_hash BLOB,                          -- the source record that it speaks of
  by          TEXT NOT NULL,
  at          TEXT NOT NULL,
  file        TEXT NOT NULL DEFAULT '',      -- SHA-256 of the workbook
  undone_at   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX decision_target ON decision (target);

-- Lookup rows that decisions wrote; they stand above the lookups file.
CREATE TABLE lookup (
  destination TEXT NOT NULL, lookup TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
  by TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (destination, lookup, key)
) STRICT, WITHOUT ROWID;

-- What a run judged, sent, or left waiting: a line of load-results.jsonl.
CREATE TABLE result (
  run TEXT NOT NULL, target INTEGER NOT NULL,
  outcome TEXT NOT NULL, cause TEXT NOT NULL, attempts INTEGER NOT NULL, http_status INTEGER NOT NULL,
  target_id TEXT NOT NULL, field TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, hash BLOB,
  PRIMARY KEY (run, target)
) STRICT, WITHOUT ROWID;

-- Counts at the end of a run: the law, and history.
CREATE TABLE tally (
  run TEXT NOT NULL, destination TEXT NOT NULL, object TEXT NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (run, destination, object, outcome)
) STRICT, WITHOUT ROWID;

-- Who did what, why, with which result. Append-only; each row holds the hash
-- of the one before.
CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY,
  at      TEXT NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL,
  prev    BLOB NOT NULL,
  hash    BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
