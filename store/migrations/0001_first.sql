-- The first shape of the store.
--
-- Times are whole seconds since 1970 (names end in _s).  A release is named by product,
-- kb, base and revision, as text and numbers, so that rows outlive any catalog.  Words
-- such as a flow's state are the engine's machine names, never its numbers.
--
-- event, fact_change, document, rollout and audit are logs: rows are only ever added.

PRAGMA application_id = 1350136420; -- "Pyrd" as a big-endian number

-- Devices.  A forgotten device keeps its row, so that its key still leads to its log
-- and is never given to another; everything else about it is gone.
CREATE TABLE device (
	key INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE CHECK (id <> ''),
	present INTEGER NOT NULL CHECK (present IN (0, 1)),
	token_hash BLOB CHECK (length(token_hash) = 32),
	token_used INTEGER NOT NULL CHECK (token_used IN (0, 1)),
	created_s INTEGER NOT NULL,
	last_seen_s INTEGER NOT NULL,
	restarts INTEGER NOT NULL,
	facts_wanted INTEGER NOT NULL CHECK (facts_wanted IN (0, 1)),
	flow INTEGER -- the running one, or the last; no reference, which would need an index
) STRICT;

CREATE INDEX device_present ON device (present) WHERE present; -- to count them

-- The wide parts of a device, each in a table of its own: what did not change is not
-- written again.  The texts are described in store/facts_text.h and history_text.h.
CREATE TABLE device_facts (
	device INTEGER PRIMARY KEY REFERENCES device (key),
	text TEXT NOT NULL
) STRICT;

CREATE TABLE device_history (
	device INTEGER PRIMARY KEY REFERENCES device (key),
	text TEXT NOT NULL
) STRICT;

-- A device agent keeps a flow's id as a signed 32-bit number and takes one it has seen
-- for the same flow: ids are never used twice (AUTOINCREMENT).
CREATE TABLE flow (
	id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
	device INTEGER NOT NULL REFERENCES device (key),
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	release_kind TEXT NOT NULL,
	ring TEXT NOT NULL,
	generation INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	offered_s INTEGER NOT NULL,
	retrieved_s INTEGER NOT NULL,
	changed_s INTEGER NOT NULL,
	lease_s INTEGER NOT NULL,
	install_by_s INTEGER NOT NULL,
	pending_since_s INTEGER NOT NULL,
	code INTEGER NOT NULL,
	withdrawing INTEGER NOT NULL CHECK (withdrawing IN (0, 1)),
	ends_recovery INTEGER NOT NULL CHECK (ends_recovery IN (0, 1))
) STRICT;
CREATE INDEX flow_of_device ON flow (device);
INSERT INTO sqlite_sequence (name, seq) VALUES ('flow', 0);

CREATE TABLE event (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	device INTEGER NOT NULL REFERENCES device (key),
	kind TEXT NOT NULL,
	at_s INTEGER NOT NULL,
	flow INTEGER NOT NULL, -- 0 when of none; outlives the row in flow
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ring TEXT NOT NULL,
	flow_kind TEXT NOT NULL,
	from_state TEXT NOT NULL, -- '' for no flow
	to_state TEXT NOT NULL,
	code INTEGER NOT NULL,
	note TEXT NOT NULL
) STRICT;
CREATE INDEX event_of_device ON event (device);

CREATE TABLE fact_change (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	device INTEGER NOT NULL REFERENCES device (key),
	at_s INTEGER NOT NULL,
	name TEXT NOT NULL,
	value TEXT, -- NULL: no longer known
	source TEXT NOT NULL CHECK (source IN ('reported', 'asserted'))
) STRICT;
CREATE INDEX fact_change_of_device ON fact_change (device);

-- Flows by state, moved in the transaction that adds the event.
CREATE TABLE counter (
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ring TEXT NOT NULL,
	flow_kind TEXT NOT NULL,
	state TEXT NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (product, kb, base, revision, ring, flow_kind, state)
) STRICT, WITHOUT ROWID;

-- Files the operator gave us.  Revisions count from 1 for each kind; one without text
-- says that the file was retired.
CREATE TABLE document (
	kind TEXT NOT NULL CHECK (kind <> ''),
	revision INTEGER NOT NULL,
	name TEXT NOT NULL,
	text TEXT,
	at_s INTEGER NOT NULL,
	by TEXT NOT NULL,
	PRIMARY KEY (kind, revision)
) STRICT;

CREATE TABLE document_current (
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (kind, name),
	FOREIGN KEY (kind, revision) REFERENCES document (kind, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE payload (
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	arch TEXT NOT NULL,
	name TEXT NOT NULL,
	size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
	sha256 TEXT NOT NULL,
	sha1 TEXT NOT NULL,
	md5 TEXT NOT NULL,
	PRIMARY KEY (product, kb, base, revision, arch, name)
) STRICT, WITHOUT ROWID;

-- What was done on the day: every version is kept, rollout_current names the newest.
CREATE TABLE rollout (
	version INTEGER PRIMARY KEY AUTOINCREMENT,
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ring TEXT NOT NULL,
	approval TEXT NOT NULL CHECK (approval IN ('unset', 'given', 'refused')),
	approved_for_track INTEGER NOT NULL CHECK (approved_for_track IN (0, 1)),
	withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
	halted INTEGER NOT NULL CHECK (halted IN (0, 1)),
	halted_s INTEGER NOT NULL,
	paused_until_s INTEGER NOT NULL,
	expedited INTEGER NOT NULL CHECK (expedited IN (0, 1)),
	expedite_deadline_s INTEGER NOT NULL,
	passed_s INTEGER NOT NULL,
	max_failed_permille INTEGER NOT NULL,
	waived INTEGER NOT NULL CHECK (waived IN (0, 1)),
	canary TEXT NOT NULL,
	canary_verified INTEGER NOT NULL CHECK (canary_verified IN (0, 1)),
	by TEXT NOT NULL,
	reason TEXT NOT NULL,
	changed_s INTEGER NOT NULL
) STRICT;

CREATE TABLE rollout_current (
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ring TEXT NOT NULL,
	version INTEGER NOT NULL REFERENCES rollout (version),
	PRIMARY KEY (product, kb, base, revision, ring)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at_s INTEGER NOT NULL,
	by TEXT NOT NULL,
	action TEXT NOT NULL CHECK (action <> ''),
	subject TEXT NOT NULL,
	reason TEXT NOT NULL
) STRICT;

CREATE TABLE setting (
	name TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The logs say no to every change.
CREATE TRIGGER event_keeps BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'event is a log: its rows are never changed'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'event is a log: its rows are never deleted'); END;
CREATE TRIGGER fact_change_keeps BEFORE UPDATE ON fact_change
BEGIN SELECT raise(ABORT, 'fact_change is a log: its rows are never changed'); END;
CREATE TRIGGER fact_change_stays BEFORE DELETE ON fact_change
BEGIN SELECT raise(ABORT, 'fact_change is a log: its rows are never deleted'); END;
CREATE TRIGGER document_keeps BEFORE UPDATE ON document
BEGIN SELECT raise(ABORT, 'document is a log: its rows are never changed'); END;
CREATE TRIGGER document_stays BEFORE DELETE ON document
BEGIN SELECT raise(ABORT, 'document is a log: its rows are never deleted'); END;
CREATE TRIGGER rollout_keeps BEFORE UPDATE ON rollout
BEGIN SELECT raise(ABORT, 'rollout is a log: its rows are never changed'); END;
CREATE TRIGGER rollout_stays BEFORE DELETE ON rollout
BEGIN SELECT raise(ABORT, 'rollout is a log: its rows are never deleted'); END;
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'audit is a log: its rows are never changed'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'audit is a log: its rows are never deleted'); END;
