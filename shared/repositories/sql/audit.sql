-- name: append_entry
SELECT concord.record_write(
    %(action)s, (SELECT c.name FROM concord.collection c WHERE c.id = %(collection_id)s), %(objects)s::text[],
    %(object_count)s, %(request_id)s, NULL, NULL, NULL, NULL);

-- name: append_refusal
SELECT concord.record_refusal(
    %(action)s, %(collection)s, %(objects)s::text[], %(request_id)s, %(address)s, %(outcome)s);

-- name: forget_entries
SELECT concord.forget_audit(%(days)s, %(limit)s) AS count;

-- name: list_entries
-- The newest first. Who may not enter every collection is told of those that it may.
SELECT e.* FROM concord.audit_entry e
WHERE (%(before)s::bigint IS NULL OR e.id < %(before)s) AND (%(since)s::timestamptz IS NULL OR e.written_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR e.written_at < %(until)s)
    AND (%(principal)s::text IS NULL OR e.principal = %(principal)s COLLATE "C")
    AND (%(action)s::text IS NULL OR e.action = %(action)s COLLATE "C")
    AND (%(collection)s::text IS NULL OR e.collection = %(collection)s COLLATE "C")
    AND (%(outcome)s::text IS NULL OR e.outcome = %(outcome)s COLLATE "C")
    AND (concord.enters_all() OR concord.enters(e.collection))
ORDER BY e.id DESC
LIMIT %(limit)s;
