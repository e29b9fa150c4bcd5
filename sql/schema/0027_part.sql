-- A run that does a part of the job alone (some stages, endpoints or
-- destinations) says nothing about how the nights go.
ALTER TABLE run ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
