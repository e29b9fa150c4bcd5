-- What records hang on. An index of the table itself would have each page of a
-- large load write nearly as many of its pages as the page has rows; these are
-- filled many pages at a time, in their own order. Records up to the setting
-- hung stand in them; the few later ones are looked through.
DROP INDEX record_patient;
DROP INDEX record_doctor;
CREATE TABLE patient_record (
  patient TEXT NOT NULL, endpoint TEXT NOT NULL, record INTEGER NOT NULL,
  PRIMARY KEY (patient, endpoint, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE doctor_record (
  doctor TEXT NOT NULL, endpoint TEXT NOT NULL, record INTEGER NOT NULL,
  PRIMARY KEY (doctor, endpoint, record)
) STRICT, WITHOUT ROWID;
INSERT INTO patient_record SELECT patient, endpoint, id FROM record WHERE patient <> '' ORDER BY 1, 2, 3;
INSERT INTO doctor_record SELECT doctor, endpoint, id FROM record WHERE doctor <> '' ORDER BY 1, 2, 3;
INSERT INTO setting (name, value) VALUES ('hung', (SELECT CAST(coalesce(max(id), 0) AS TEXT) FROM record));

CREATE TRIGGER record_patient AFTER UPDATE OF patient ON record
  WHEN NEW.patient <> OLD.patient AND NEW.id <= (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung')
  BEGIN
    DELETE FROM patient_record WHERE patient = OLD.patient AND endpoint = OLD.endpoint AND record = OLD.id;
    INSERT INTO patient_record SELECT NEW.patient, NEW.endpoint, NEW.id WHERE NEW.patient <> '';
  END;
CREATE TRIGGER record_doctor AFTER UPDATE OF doctor ON record
  WHEN NEW.doctor <> OLD.doctor AND NEW.id <= (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung')
  BEGIN
    DELETE FROM doctor_record WHERE doctor = OLD.doctor AND endpoint = OLD.endpoint AND record = OLD.id;
    INSERT INTO doctor_record SELECT NEW.doctor, NEW.endpoint, NEW.id WHERE NEW.doctor <> '';
  END;

-- All of them. The plus keeps a search of the later ones to these.
CREATE VIEW of_patient AS
  SELECT patient, endpoint, record FROM patient_record
  UNION ALL SELECT patient, +endpoint, id FROM record
  WHERE id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung') AND patient <> '';
CREATE VIEW of_doctor AS
  SELECT doctor, endpoint, record FROM doctor_record
  UNION ALL SELECT doctor, +endpoint, id FROM record
  WHERE id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'hung') AND doctor <> '';
