-- What gates are judged by, and what operators do on the day.

-- How each release ended on each device in each ring: the last time it was verified or
-- failed there; where it was neither, the last other end.  Of installs alone.
CREATE TABLE result (
	device INTEGER NOT NULL REFERENCES device (key),
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ring TEXT NOT NULL,
	state TEXT NOT NULL,
	PRIMARY KEY (device, product, kb, base, revision, ring)
) STRICT, WITHOUT ROWID;

-- The devices of each ring by their result, moved in the transaction that adds the event.
CREATE TABLE result_count (
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ring TEXT NOT NULL,
	state TEXT NOT NULL,
	n INTEGER NOT NULL,
	first_s INTEGER NOT NULL, -- when the first of them came
	PRIMARY KEY (product, kb, base, revision, ring, state)
) STRICT, WITHOUT ROWID;

-- Installs that were begun and have not ended, to find those that fell silent.  A table
-- of its own, so that a report which ends nothing touches no index.
CREATE TABLE open_offer (
	flow INTEGER PRIMARY KEY,
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ring TEXT NOT NULL,
	offered_s INTEGER NOT NULL
) STRICT;
CREATE INDEX open_offer_age
	ON open_offer (product, kb, base, revision, ring, offered_s);

-- Holds beside those of the plan.  A removed one keeps its row.
CREATE TABLE hold (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	product TEXT NOT NULL, -- '' for every one
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL, -- 0 for every build
	revision INTEGER NOT NULL,
	match TEXT NOT NULL,
	by TEXT NOT NULL,
	reason TEXT NOT NULL,
	made_s INTEGER NOT NULL,
	removed_s INTEGER -- NULL: it stands
) STRICT;

-- What was asked for many devices, and how far that is.
CREATE TABLE operation (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	product TEXT NOT NULL,
	kb INTEGER NOT NULL,
	base INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	wait INTEGER NOT NULL CHECK (wait IN (0, 1)),
	until_s INTEGER NOT NULL,
	at_most INTEGER NOT NULL CHECK (at_most >= 0), -- at a time; 0 for all at once
	by TEXT NOT NULL,
	reason TEXT NOT NULL,
	made_s INTEGER NOT NULL,
	ended_s INTEGER -- NULL: it goes on
) STRICT;

CREATE TABLE operation_device (
	operation INTEGER NOT NULL REFERENCES operation (id),
	device TEXT NOT NULL, -- an id: it may have been forgotten meanwhile
	state TEXT NOT NULL,
	changed_s INTEGER NOT NULL,
	note TEXT NOT NULL,
	PRIMARY KEY (operation, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX operation_device_state ON operation_device (operation, state, device);
CREATE INDEX operation_device_running ON operation_device (device)
	WHERE state = 'running';

-- What the log says of the time before.
INSERT INTO result (device, product, kb, base, revision, ring, state)
SELECT device, product, kb, base, revision, ring, to_state FROM (
	SELECT device, product, kb, base, revision, ring, to_state,
		row_number() OVER (
			PARTITION BY device, product, kb, base, revision, ring
			ORDER BY to_state IN ('verified', 'failed') DESC, id DESC
		) AS place
	FROM event
	WHERE kind = 'flow' AND flow_kind = 'install' AND from_state <> to_state
		AND to_state IN ('verified', 'failed', 'unverified', 'not-applicable',
			'rejected')
) WHERE place = 1;

INSERT INTO result_count (product, kb, base, revision, ring, state, n, first_s)
SELECT r.product, r.kb, r.base, r.revision, r.ring, r.state, count(*),
	(SELECT min(e.at_s) FROM event e
	 WHERE e.kind = 'flow' AND e.flow_kind = 'install' AND e.to_state = r.state
		AND e.product = r.product AND e.kb = r.kb AND e.base = r.base
		AND e.revision = r.revision AND e.ring = r.ring)
FROM result r GROUP BY r.product, r.kb, r.base, r.revision, r.ring, r.state;

INSERT INTO open_offer (flow, product, kb, base, revision, ring, offered_s)
SELECT id, product, kb, base, revision, ring, offered_s FROM flow
WHERE kind = 'install' AND lease_s > 0;
