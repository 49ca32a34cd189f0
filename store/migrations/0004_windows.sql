-- What the wire of stock Windows Update Agents needs to remember.

-- Revisions of update metadata.  Agents keep revision ids and take one they have seen for
-- the same revision, so they are never used twice (AUTOINCREMENT) and rows are kept.  The
-- text of a revision that is no longer current is not.
CREATE TABLE update_revision (
	revision_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (revision_id BETWEEN 1 AND 1073741823),
	id TEXT NOT NULL CHECK (length(id) = 36), -- a GUID in lower case
	number INTEGER NOT NULL,
	imported INTEGER NOT NULL CHECK (imported IN (0, 1)),
	product TEXT NOT NULL, -- of the release it stands for; '' and 0 for none
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	arch TEXT NOT NULL,
	document TEXT, -- NULL: no longer current
	added_s INTEGER NOT NULL,
	UNIQUE (id, number)
) STRICT;
CREATE UNIQUE INDEX update_current ON update_revision (id) WHERE document IS NOT NULL;

-- Agents by the id they gave themselves, and the devices they are.
CREATE TABLE computer (
	client_id TEXT PRIMARY KEY CHECK (length(client_id) = 36),
	device TEXT NOT NULL CHECK (device <> ''),
	dns_name TEXT NOT NULL,
	tie TEXT NOT NULL CHECK (tie IN ('own', 'rule', 'hand')),
	by TEXT NOT NULL,
	registered INTEGER NOT NULL CHECK (registered IN (0, 1)),
	first_s INTEGER NOT NULL,
	changed_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX computer_device ON computer (device);

-- Reports that a device has sent, by their own ids: one that comes again is no news.
CREATE TABLE report_id (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	device INTEGER NOT NULL REFERENCES device (key),
	id BLOB NOT NULL CHECK (length(id) = 16),
	at_s INTEGER NOT NULL,
	UNIQUE (device, id)
) STRICT;
CREATE INDEX report_order ON report_id (device, number);
