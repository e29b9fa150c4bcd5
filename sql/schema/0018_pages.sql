-- What records hang on. An index of the table itself would have each page of a
-- large load write nearly as many of its pages as the page has rows; these are
-- filled many pages at a time, in their own order. Records up to the setting
-- hung stand in them; the few later ones are looked through. They name endpoints
-- by number: their names would be half of what it takes.
DROP INDEX record_patient;
DROP INDEX record_doctor;
CREATE TABLE list (id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO list (endpoint) SELECT DISTINCT endpoint FROM record;
CREATE TABLE patient_record (
  patient TEXT NOT NULL, list INTEGER NOT NULL, record INTEGER NOT NULL,
  PRIMARY KEY (patient, list, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE doctor_record (
  doctor TEXT NOT NULL, list INTEGER NOT NULL, record INTEGER NOT NULL,
  PRIMARY KEY (doctor, list, record)
) STRICT, WITHOUT ROWID;
INSERT INTO patient_record SELECT r.patient, l.id, r.id FROM record r JOIN list l ON l.endpoint = r.endpoint WHERE r.patient <> '' ORDER BY 1, 2, 3;
INSERT INTO doctor_record SELECT r.doctor, l.id, r.id FROM record r JOIN list l ON l.endpoint = r.endpoint WHERE r.doctor <> '' ORDER BY 1, 2, 3;
INSERT INTO setting (name, value) VALUES ('hung', (SELECT CAST(coalesce(max(id), 0) AS TEXT) FROM record));

CREATE TRIGGER record_patient AFTER UPDATE OF patient ON record
  WHEN NEW.patient <> OLD.patient AND NEW.id <= (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung')
  BEGIN
    DELETE FROM patient_record WHERE patient = OLD.patient AND list = (SELECT id FROM list WHERE endpoint = OLD.endpoint) AND record = OLD.id;
    INSERT INTO patient_record SELECT NEW.patient, id, NEW.id FROM list WHERE endpoint = NEW.endpoint AND NEW.patient <> '';
  END;
CREATE TRIGGER record_doctor AFTER UPDATE OF doctor ON record
  WHEN NEW.doctor <> OLD.doctor AND NEW.id <= (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung')
  BEGIN
    DELETE FROM doctor_record WHERE doctor = OLD.doctor AND list = (SELECT id FROM list WHERE endpoint = OLD.endpoint) AND record = OLD.id;
    INSERT INTO doctor_record SELECT NEW.doctor, id, NEW.id FROM list WHERE endpoint = NEW.endpoint AND NEW.doctor <> '';
  END;

-- All of them. The plus keeps a search of the later ones to these.
CREATE VIEW of_patient AS
  SELECT p.patient, l.endpoint, p.record FROM list l JOIN patient_record p ON p.list = l.id
  UNION ALL SELECT patient, +endpoint, id FROM record
  WHERE id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung') AND patient <> '';
CREATE VIEW of_doctor AS
  SELECT d.doctor, l.endpoint, d.record FROM list l JOIN doctor_record d ON d.list = l.id
  UNION ALL SELECT doctor, +endpoint, id FROM record
  WHERE id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung') AND doctor <> '';

-- Pages that were staged whole, by the digest of their rows' bytes: a page that
-- comes again is not taken apart, as long as none of its records moved on.
CREATE TABLE page (
  endpoint TEXT NOT NULL,
  digest   TEXT NOT NULL,                    -- of the bytes between the list's brackets, and of how they are read
  seq      INTEGER NOT NULL,                 -- change number up to which its records are known to be as they are staged
  rows     INTEGER NOT NULL,
  newest   TEXT NOT NULL,                    -- the largest stamp of its rows
  ids      TEXT NOT NULL,                    -- digest of its ids, as in stream
  records  TEXT NOT NULL,                    -- JSON list of stretches of its records: the first and the last row of each
  run      TEXT NOT NULL,                    -- that saw it last
  PRIMARY KEY (endpoint, digest)
) STRICT, WITHOUT ROWID;
