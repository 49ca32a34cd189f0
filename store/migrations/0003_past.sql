-- What it takes to tell how things stood at any moment.

-- What a record takes from an event beside its states (engine/replay.h).  '' and 0 where
-- the kind of event has no such thing, and in rows of before.
ALTER TABLE event ADD COLUMN time_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN release_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN ends_recovery INTEGER NOT NULL DEFAULT 0
	CHECK (ends_recovery IN (0, 1));
ALTER TABLE event ADD COLUMN unverifiable INTEGER NOT NULL DEFAULT 0
	CHECK (unverifiable IN (0, 1));
ALTER TABLE event ADD COLUMN wait INTEGER NOT NULL DEFAULT 0 CHECK (wait IN (0, 1));
ALTER TABLE event ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN recovery TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN block TEXT NOT NULL DEFAULT '';

-- When a payload first came; those of before were always there.
ALTER TABLE payload ADD COLUMN added_s INTEGER NOT NULL DEFAULT 0;

-- Which revision stood when, without reading a text.
CREATE INDEX document_time ON document (kind, name, revision, at_s);
