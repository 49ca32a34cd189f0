/* The SQL, all of it. */

#include "store/statement.h"

#define KEY_COLUMNS "product, kb, base, revision"
#define FLOW_COLUMNS                                                                     \
	"f.id, f.kind, f.state, f.product, f.kb, f.base, f.revision, f.release_kind,"    \
	" f.ring, f.generation, f.sequence, f.offered_s, f.retrieved_s, f.changed_s,"    \
	" f.lease_s, f.install_by_s, f.pending_since_s, f.code, f.withdrawing,"          \
	" f.ends_recovery"
#define EVENT_COLUMNS                                                                    \
	"kind, at_s, flow, " KEY_COLUMNS ", ring, flow_kind, from_state, to_state,"      \
	" code, note, time_s, release_kind, ends_recovery, unverifiable, wait, request," \
	" recovery, block"
#define DEVICE_COLUMNS                                                                   \
	"d.key, d.id, d.token_hash, d.token_used, d.created_s, d.last_seen_s, "          \
	"d.restarts,"                                                                    \
	" d.facts_wanted, v.text, h.text, " FLOW_COLUMNS
#define DEVICE_TABLES                                                                    \
	" FROM device d JOIN device_facts v ON v.device = d.key"                         \
	" JOIN device_history h ON h.device = d.key LEFT JOIN flow f ON f.id = d.flow"

#define ROLLOUT_COLUMNS                                                                  \
	"r.product, r.kb, r.base, r.revision, r.ring, r.approval,"                       \
	" r.approved_for_track, r.withdrawn, r.halted, r.halted_s, r.paused_until_s,"    \
	" r.expedited, r.expedite_deadline_s, r.passed_s, r.max_failed_permille,"        \
	" r.waived, r.canary, r.canary_verified, r.by, r.reason, r.changed_s"
#define OPERATION_COLUMNS                                                                \
	"id, kind, " KEY_COLUMNS ", wait, until_s, at_most, by, reason, made_s,"         \
	" coalesce(ended_s, 0)"
#define AN_OUTCOME "('verified', 'failed', 'unverified', 'not-applicable', 'rejected')"

/* clang-format off */
const struct statement_text statement_table[STATEMENTS] = {
	/* Units of work. */
	[STATEMENT_BEGIN] = { "begin", 0, "BEGIN IMMEDIATE" },
	[STATEMENT_COMMIT] = { "commit", 0, "COMMIT" },
	[STATEMENT_ROLLBACK] = { "rollback", 0, "ROLLBACK" },
	[STATEMENT_UNIT_BEGIN] = { "begin unit", 0, "SAVEPOINT unit" },
	[STATEMENT_UNIT_KEEP] = { "keep unit", 0, "RELEASE unit" },
	[STATEMENT_UNIT_UNDO] = { "undo unit", 0, "ROLLBACK TO unit" },

	/* Devices. */
	[STATEMENT_DEVICE_READ] = { "device read", 1,
		"SELECT " DEVICE_COLUMNS DEVICE_TABLES " WHERE d.id = ?1 AND d.present" },
	[STATEMENT_DEVICE_NEXT] = { "device next", 1,
		"SELECT " DEVICE_COLUMNS DEVICE_TABLES
		" WHERE d.id > ?1 AND d.present ORDER BY d.id LIMIT 1" },
	[STATEMENT_DEVICE_COUNT] = { "device count", 0,
		"SELECT count(*) FROM device WHERE present" },
	[STATEMENT_DEVICE_ADD] = { "device add", 3,
		"INSERT INTO device (id, present, token_used, created_s, last_seen_s,"
		" restarts, facts_wanted) VALUES (?1, 1, 0, ?2, ?3, 0, 0)"
		" ON CONFLICT (id) DO UPDATE SET present = 1, last_seen_s = excluded.last_seen_s"
		" WHERE NOT present"
		" RETURNING key" },
	[STATEMENT_DEVICE_SET] = { "device set", 8,
		"UPDATE device SET token_hash = ?2, token_used = ?3, created_s = ?4,"
		" last_seen_s = max(last_seen_s, ?5), restarts = ?6, facts_wanted = ?7,"
		" flow = nullif(?8, 0) WHERE key = ?1 AND present" },
	[STATEMENT_DEVICE_SEEN] = { "device seen", 2,
		"UPDATE device SET last_seen_s = ?2"
		" WHERE id = ?1 AND present AND last_seen_s < ?2" },
	[STATEMENT_DEVICE_FORGET] = { "device forget", 1,
		"UPDATE device SET present = 0, token_hash = NULL, token_used = 0,"
		" flow = NULL WHERE key = ?1" },
	[STATEMENT_FACTS_READ] = { "facts read", 1,
		"SELECT text FROM device_facts WHERE device = ?1" },
	[STATEMENT_FACTS_PUT] = { "facts put", 2,
		"INSERT INTO device_facts (device, text) VALUES (?1, ?2)"
		" ON CONFLICT (device) DO UPDATE SET text = excluded.text" },
	[STATEMENT_FACTS_FORGET] = { "facts forget", 1,
		"DELETE FROM device_facts WHERE device = ?1" },
	[STATEMENT_FACT_CHANGE_ADD] = { "fact change add", 5,
		"INSERT INTO fact_change (device, at_s, name, value, source)"
		" VALUES (?1, ?2, ?3, ?4, ?5)" },
	[STATEMENT_FACT_CHANGES] = { "fact changes", 2,
		"SELECT at_s, name, value, source FROM fact_change WHERE device ="
		" (SELECT key FROM device WHERE id = ?1) AND at_s <= ?2 ORDER BY id" },
	[STATEMENT_HISTORY_PUT] = { "history put", 2,
		"INSERT INTO device_history (device, text) VALUES (?1, ?2)"
		" ON CONFLICT (device) DO UPDATE SET text = excluded.text" },
	[STATEMENT_HISTORY_FORGET] = { "history forget", 1,
		"DELETE FROM device_history WHERE device = ?1" },

	/* Flows, events, counters. */
	[STATEMENT_FLOW_ID_NEW] = { "flow id new", 0,
		"UPDATE sqlite_sequence SET seq = seq + 1"
		" WHERE name = 'flow' AND seq < 2147483647 RETURNING seq" },
	[STATEMENT_FLOW_READ] = { "flow read", 1,
		"SELECT d.id, " FLOW_COLUMNS " FROM flow f JOIN device d ON d.key = f.device"
		" WHERE f.id = ?1" },
	[STATEMENT_FLOW_INSTALLED] = { "flow installed", 3,
		"SELECT " FLOW_COLUMNS " FROM flow f WHERE f.device ="
		" (SELECT key FROM device WHERE id = ?1) AND f.state = ?2 AND f.kind = ?3"
		" ORDER BY f.id DESC LIMIT 1" },
	[STATEMENT_FLOW_PUT] = { "flow put", 21,
		"INSERT INTO flow (device, id, kind, state, product, kb, base, revision,"
		" release_kind, ring, generation, sequence, offered_s, retrieved_s,"
		" changed_s, lease_s, install_by_s, pending_since_s, code, withdrawing,"
		" ends_recovery) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
		" ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
		" ON CONFLICT (id) DO UPDATE SET kind = ?3, state = ?4, product = ?5,"
		" kb = ?6, base = ?7, revision = ?8, release_kind = ?9, ring = ?10,"
		" generation = ?11, sequence = ?12, offered_s = ?13, retrieved_s = ?14,"
		" changed_s = ?15, lease_s = ?16, install_by_s = ?17,"
		" pending_since_s = ?18, code = ?19, withdrawing = ?20,"
		" ends_recovery = ?21 WHERE device = ?1" },
	[STATEMENT_FLOW_END] = { "flow end", 5,
		"UPDATE flow SET state = ?3, changed_s = ?4, code = ?5, lease_s = 0,"
		" withdrawing = 0 WHERE id = ?2 AND device = ?1" },
	[STATEMENT_FLOWS_FORGET] = { "flows forget", 1,
		"DELETE FROM flow WHERE device = ?1" },
	[STATEMENT_EVENT_ADD] = { "event add", 22,
		"INSERT INTO event (device, " EVENT_COLUMNS ")"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
		" ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)" },
	[STATEMENT_EVENTS] = { "events", 2,
		"SELECT " EVENT_COLUMNS " FROM event WHERE device ="
		" (SELECT key FROM device WHERE id = ?1) AND at_s <= ?2 ORDER BY id" },
	/* By the device's index: one for flows would cost every report a page more. */
	[STATEMENT_FLOW_EVENTS] = { "flow events", 2,
		"SELECT " EVENT_COLUMNS " FROM event WHERE device ="
		" (SELECT key FROM device WHERE id = ?1) AND flow = ?2 ORDER BY id" },
	[STATEMENT_COUNTER_MOVE] = { "counter move", 8,
		"INSERT INTO counter (" KEY_COLUMNS ", ring, flow_kind, state, n)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT DO UPDATE SET n = n + excluded.n" },
	[STATEMENT_COUNTERS] = { "counters", 0,
		"SELECT " KEY_COLUMNS ", ring, flow_kind, state, n FROM counter"
		" ORDER BY " KEY_COLUMNS ", ring, flow_kind" },
	[STATEMENT_COUNTERS_ASTRAY] = { "counters astray", 1,
		"SELECT count(*) FROM (SELECT 1 FROM"
		" (SELECT " KEY_COLUMNS ", ring, flow_kind, to_state AS state, 1 AS n"
		"   FROM event WHERE kind = ?1 AND to_state <> ''"
		"  UNION ALL"
		"  SELECT " KEY_COLUMNS ", ring, flow_kind, from_state, -1"
		"   FROM event WHERE kind = ?1 AND from_state <> ''"
		"  UNION ALL"
		"  SELECT " KEY_COLUMNS ", ring, flow_kind, state, -n FROM counter)"
		" GROUP BY " KEY_COLUMNS ", ring, flow_kind, state HAVING sum(n) <> 0)" },

	/* What gates are judged by. */
	[STATEMENT_RESULT_READ] = { "result read", 6,
		"SELECT state FROM result WHERE device = ?1 AND product = ?2 AND kb = ?3"
		" AND base = ?4 AND revision = ?5 AND ring = ?6" },
	[STATEMENT_RESULT_PUT] = { "result put", 7,
		"INSERT INTO result (device, " KEY_COLUMNS ", ring, state)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
		" ON CONFLICT DO UPDATE SET state = excluded.state" },
	[STATEMENT_RESULT_MOVE] = { "result move", 8,
		"INSERT INTO result_count (" KEY_COLUMNS ", ring, state, n, first_s)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT DO UPDATE SET n = n + excluded.n" },
	[STATEMENT_RESULTS] = { "results", 5,
		"SELECT state, n, first_s FROM result_count WHERE product = ?1 AND kb = ?2"
		" AND base = ?3 AND revision = ?4 AND ring = ?5" },
	/* A device by the last time it was verified or failed, else by its last end. */
	[STATEMENT_RESULTS_ASTRAY] = { "results astray", 1,
		"SELECT count(*) FROM (SELECT 1 FROM"
		" (SELECT " KEY_COLUMNS ", ring, to_state AS state, 1 AS n FROM"
		"   (SELECT " KEY_COLUMNS ", ring, to_state, row_number() OVER (PARTITION BY"
		"     device, " KEY_COLUMNS ", ring"
		"     ORDER BY to_state IN ('verified', 'failed') DESC, id DESC) AS place"
		"    FROM event WHERE kind = ?1 AND flow_kind = 'install'"
		"     AND from_state <> to_state AND to_state IN " AN_OUTCOME ")"
		"   WHERE place = 1"
		"  UNION ALL"
		"  SELECT " KEY_COLUMNS ", ring, state, -n FROM result_count)"
		" GROUP BY " KEY_COLUMNS ", ring, state HAVING sum(n) <> 0)" },
	[STATEMENT_OFFER_OPEN] = { "offer open", 7,
		"INSERT OR REPLACE INTO open_offer (flow, " KEY_COLUMNS ", ring, offered_s)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)" },
	[STATEMENT_OFFER_CLOSE] = { "offer close", 1,
		"DELETE FROM open_offer WHERE flow = ?1" },
	[STATEMENT_OFFERS_OPEN] = { "offers open", 6,
		"SELECT count(*) FROM open_offer WHERE product = ?1 AND kb = ?2"
		" AND base = ?3 AND revision = ?4 AND ring = ?5 AND offered_s <= ?6" },

	/* What the operator gave us. */
	[STATEMENT_DOCUMENT_NEXT] = { "document next", 1,
		"SELECT coalesce(max(revision), 0) + 1 FROM document WHERE kind = ?1" },
	[STATEMENT_DOCUMENT_ADD] = { "document add", 6,
		"INSERT INTO document (kind, revision, name, text, at_s, by)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)" },
	[STATEMENT_DOCUMENT_CURRENT] = { "document current", 3,
		"INSERT INTO document_current (kind, name, revision) VALUES (?1, ?2, ?3)" },
	[STATEMENT_DOCUMENT_RETIRE] = { "document retire", 2,
		"DELETE FROM document_current"
		" WHERE kind = ?1 AND (?2 IS NULL OR name = ?2)" },
	[STATEMENT_DOCUMENTS] = { "documents", 1,
		"SELECT kind, name, revision, at_s, by, text FROM document_current"
		" JOIN document USING (kind, name, revision)"
		" WHERE kind = ?1 ORDER BY revision" },
	/* The newest revision by then of each name or, but for catalogs, of all. */
	[STATEMENT_DOCUMENTS_THEN] = { "documents then", 2,
		"SELECT kind, name, revision, at_s, by, text FROM document"
		" WHERE kind = ?1 AND revision IN"
		"  (SELECT max(revision) FROM document WHERE kind = ?1 AND at_s <= ?2"
		"   GROUP BY CASE kind WHEN 'catalog' THEN name ELSE '' END)"
		" AND text IS NOT NULL ORDER BY revision" },
	[STATEMENT_PAYLOAD_PUT] = { "payload put", 11,
		"INSERT INTO payload (" KEY_COLUMNS ", arch, name, size_bytes, sha256, sha1,"
		" md5, added_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
		" ON CONFLICT DO UPDATE SET size_bytes = excluded.size_bytes,"
		" sha256 = excluded.sha256, sha1 = excluded.sha1, md5 = excluded.md5" },
	[STATEMENT_PAYLOADS] = { "payloads", 1,
		"SELECT " KEY_COLUMNS ", arch, name, size_bytes, sha256, sha1, md5, added_s"
		" FROM payload WHERE added_s <= ?1 ORDER BY " KEY_COLUMNS ", arch, name" },

	/* What was done on the day, and by whom. */
	[STATEMENT_ROLLOUT_ADD] = { "rollout add", 21,
		"INSERT INTO rollout (" KEY_COLUMNS ", ring, approval, approved_for_track,"
		" withdrawn, halted, halted_s, paused_until_s, expedited,"
		" expedite_deadline_s, passed_s, max_failed_permille, waived, canary,"
		" canary_verified, by, reason, changed_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
		" ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)" },
	[STATEMENT_ROLLOUT_CURRENT] = { "rollout current", 6,
		"INSERT INTO rollout_current (" KEY_COLUMNS ", ring, version)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT DO UPDATE SET version = excluded.version" },
	[STATEMENT_ROLLOUTS] = { "rollouts", 0,
		"SELECT " ROLLOUT_COLUMNS " FROM rollout_current c"
		" JOIN rollout r ON r.version = c.version"
		" ORDER BY c.product, c.kb, c.base, c.revision, c.ring" },
	[STATEMENT_ROLLOUTS_THEN] = { "rollouts then", 1,
		"SELECT " ROLLOUT_COLUMNS " FROM rollout r WHERE r.version IN"
		"  (SELECT max(version) FROM rollout WHERE changed_s <= ?1"
		"   GROUP BY " KEY_COLUMNS ", ring)"
		" ORDER BY r.product, r.kb, r.base, r.revision, r.ring" },
	[STATEMENT_ROLLOUT_READ] = { "rollout read", 5,
		"SELECT " ROLLOUT_COLUMNS " FROM rollout_current c"
		" JOIN rollout r ON r.version = c.version WHERE c.product = ?1"
		" AND c.kb = ?2 AND c.base = ?3 AND c.revision = ?4 AND c.ring = ?5" },
	[STATEMENT_HOLD_ADD] = { "hold add", 8,
		"INSERT INTO hold (" KEY_COLUMNS ", match, by, reason, made_s)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)" },
	[STATEMENT_HOLD_REMOVE] = { "hold remove", 2,
		"UPDATE hold SET removed_s = ?2 WHERE id = ?1 AND removed_s IS NULL" },
	[STATEMENT_HOLDS] = { "holds", 1,
		"SELECT id, " KEY_COLUMNS ", match, by, reason, made_s FROM hold"
		" WHERE made_s <= ?1 AND coalesce(removed_s > ?1, true) ORDER BY id" },
	[STATEMENT_OPERATION_ADD] = { "operation add", 11,
		"INSERT INTO operation (kind, " KEY_COLUMNS ", wait, until_s, at_most, by,"
		" reason, made_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)" },
	[STATEMENT_OPERATION_END] = { "operation end", 2,
		"UPDATE operation SET ended_s = ?2 WHERE id = ?1 AND ended_s IS NULL" },
	[STATEMENT_OPERATION_READ] = { "operation read", 1,
		"SELECT " OPERATION_COLUMNS " FROM operation WHERE id = ?1" },
	[STATEMENT_OPERATIONS] = { "operations", 1,
		"SELECT " OPERATION_COLUMNS " FROM operation"
		" WHERE NOT ?1 OR ended_s IS NULL ORDER BY id DESC" },
	[STATEMENT_OPERATION_STEPS] = { "operation steps", 1,
		"SELECT state, count(*) FROM operation_device WHERE operation = ?1"
		" GROUP BY state" },
	[STATEMENT_OPERATION_OF] = { "operation of", 1,
		"SELECT operation, changed_s FROM operation_device"
		" WHERE device = ?1 AND state = 'running' LIMIT 1" },
	[STATEMENT_OPERATION_DEVICE_PUT] = { "operation device put", 5,
		"INSERT INTO operation_device (operation, device, state, changed_s, note)"
		" VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT DO UPDATE SET state = ?3, changed_s = ?4, note = ?5" },
	[STATEMENT_OPERATION_DEVICES] = { "operation devices", 1,
		"SELECT device, state, changed_s, note FROM operation_device"
		" WHERE operation = ?1 ORDER BY state, device" },
	[STATEMENT_OPERATION_NEXT] = { "operation next", 3,
		"SELECT device, state, changed_s, note FROM operation_device"
		" WHERE operation = ?1 AND state = ?2 AND device > ?3"
		" ORDER BY device LIMIT 1" },
	[STATEMENT_AUDIT_ADD] = { "audit add", 5,
		"INSERT INTO audit (at_s, by, action, subject, reason)"
		" VALUES (?1, ?2, ?3, ?4, ?5)" },
	[STATEMENT_AUDITS] = { "audits", 1,
		"SELECT at_s, by, action, subject, reason FROM audit"
		" ORDER BY id DESC LIMIT ?1" },
	[STATEMENT_SETTING_READ] = { "setting read", 1,
		"SELECT value FROM setting WHERE name = ?1" },
	[STATEMENT_SETTING_PUT] = { "setting put", 2,
		"INSERT INTO setting (name, value) VALUES (?1, ?2)"
		" ON CONFLICT DO UPDATE SET value = excluded.value" },

	/* Windows Update Agents. */
	/* A genuine revision that was retired may come back as what it was. */
	[STATEMENT_UPDATE_ADD] = { "update add", 10,
		"INSERT INTO update_revision (id, number, imported, " KEY_COLUMNS
		", arch, document, added_s)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT DO UPDATE SET product = ?4, kb = ?5, base = ?6, revision = ?7,"
		" arch = ?8, document = ?9, added_s = ?10"
		" WHERE document IS NULL AND imported AND ?3"
		" RETURNING revision_id" },
	[STATEMENT_UPDATE_RETIRE] = { "update retire", 2,
		"UPDATE update_revision SET document = NULL"
		" WHERE id = ?1 AND document IS NOT NULL AND number IS NOT ?2" },
	[STATEMENT_UPDATES] = { "updates", 0,
		"SELECT revision_id, id, number, imported, " KEY_COLUMNS
		", arch, added_s, document FROM update_revision"
		" WHERE document IS NOT NULL ORDER BY revision_id" },
	[STATEMENT_UPDATE_NEWEST] = { "update newest", 1,
		"SELECT number FROM update_revision WHERE id = ?1"
		" ORDER BY number DESC LIMIT 1" },
	[STATEMENT_COMPUTER_PUT] = { "computer put", 8,
		"INSERT INTO computer (client_id, device, dns_name, tie, by, registered,"
		" first_s, changed_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT DO UPDATE SET device = ?2, dns_name = ?3, tie = ?4, by = ?5,"
		" registered = ?6, changed_s = ?8" },
	[STATEMENT_COMPUTER_READ] = { "computer read", 1,
		"SELECT client_id, device, dns_name, tie, by, registered, first_s, changed_s"
		" FROM computer WHERE client_id = ?1" },
	[STATEMENT_COMPUTER_OF] = { "computer of", 1,
		"SELECT client_id, device, dns_name, tie, by, registered, first_s, changed_s"
		" FROM computer WHERE device = ?1 ORDER BY client_id LIMIT 1" },
	[STATEMENT_COMPUTERS] = { "computers", 0,
		"SELECT client_id, device, dns_name, tie, by, registered, first_s, changed_s"
		" FROM computer ORDER BY client_id" },
	[STATEMENT_REPORT_ADD] = { "report add", 3,
		"INSERT INTO report_id (device, id, at_s) VALUES (?1, ?2, ?3)"
		" ON CONFLICT DO NOTHING" },
	[STATEMENT_REPORT_TRIM] = { "report trim", 2,
		"DELETE FROM report_id WHERE device = ?1 AND number <="
		"  (SELECT number FROM report_id WHERE device = ?1"
		"   ORDER BY number DESC LIMIT 1 OFFSET ?2)" },
};
/* clang-format on */
