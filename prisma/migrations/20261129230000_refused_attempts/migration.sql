-- Attempts to write that were refused: entries of the audit too, a few of each principal in a minute, so that nobody
-- fills it by asking for what it may not.

-- By hand: entries of what was done are the most, and not in it.
CREATE INDEX "audit_entry_refused_idx" ON "concord"."audit_entry"("principal", "written_at") WHERE "outcome" <> 'done';

-- In the name that the transaction's claims have. Of two at the same time both may be the last of a minute.
CREATE FUNCTION "concord"."record_refusal"(
    "action" text, "collection" text, "objects" text[], "request_id" text, "address" text, "outcome" text
)
RETURNS void
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO concord.audit_entry
        (principal, action, collection, objects, object_count, request_id, address, outcome)
    SELECT caller.name, record_refusal.action, record_refusal.collection, record_refusal.objects,
           cardinality(record_refusal.objects), record_refusal.request_id, record_refusal.address,
           record_refusal.outcome
    FROM (SELECT coalesce(nullif(current_setting('concord.principal', true), ''), session_user) AS name) caller
    WHERE record_refusal.outcome <> 'done' AND (
        SELECT count(*) < 20 FROM concord.audit_entry e
        WHERE e.principal = caller.name COLLATE "C" AND e.outcome <> 'done' AND e.written_at > now() - interval '1 minute')
$$;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.record_refusal')
ON CONFLICT ("role", "object") DO UPDATE SET "privileges" = excluded."privileges";
SELECT concord.set_up_roles();
