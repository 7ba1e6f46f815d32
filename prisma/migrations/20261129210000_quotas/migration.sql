-- By hand: `collection.max_documents`, which 20261129120000_usage has added, is kept to.
-- infra/decisions/0039-quotas.md tells why it is counted so.

-- How many documents more a collection may have; NULL where it may have any number. Who asks has the collection's turn to
-- write, so that the answer holds until the end of his transaction. Documents that are gone take no room, though they are
-- stored until maintenance removes them.
CREATE FUNCTION "concord"."room_for_documents"("collection" integer)
RETURNS integer
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT greatest(
        c.max_documents
        - (SELECT coalesce(sum(s.documents), 0) FROM concord.keyword_statistic s WHERE s.collection_id = c.id)
        + (SELECT coalesce(sum(greatest(x.documents - x.purged, 0)), 0) FROM concord.deletion x WHERE x.collection_id = c.id)
        + (SELECT count(*) FROM concord.document d WHERE d.collection_id = c.id AND d.expires_at <= now()), 0)::int
    FROM concord.collection c WHERE c.id = "collection" AND c.max_documents IS NOT NULL
$$;

-- As in 20261129170000_tenancy, within the quota.
CREATE OR REPLACE FUNCTION "concord"."upsert_document"(
    "collection" text, "id" text, "title" text, "body" text, "url" text DEFAULT NULL, "metadata" jsonb DEFAULT '{}'
)
RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    target concord.collection;
    stored concord.document;
    hash_of_text bytea;
    hash_of_content bytea;
    has_hashes boolean;
    text_is_stored boolean;
    new_number integer;
    written_number integer;
    -- When the document expires once it is written: what is written by SQL has no time of its own.
    expiry timestamptz;
    written_at timestamptz;
BEGIN
    -- Its owner is bound by the policies too, unless it is a superuser.
    PERFORM set_config('concord.collections', '*', true), set_config('concord.readers', '*', true);
    PERFORM concord.refuse_document(id, title, body, url, metadata);
    target := concord.lock_collection(collection);
    expiry := now() + make_interval(secs => target.ttl_seconds);
    -- The hashes of other templates have values of metadata in them as Python writes these: the worker makes them, and
    -- till then a document has none. What has changed is told by columns, and for the others also by their hash, which
    -- knows of another chunking.
    has_hashes := target.embedding_template = ARRAY['title', 'headings', 'text'];
    hash_of_text := CASE WHEN has_hashes THEN concord.text_hash(target.chunking, title, body) ELSE '' END;
    hash_of_content := CASE WHEN has_hashes
        THEN concord.content_hash(target.chunking, title, body, url, metadata) ELSE '' END;
    SELECT d.* INTO stored FROM concord.document d WHERE d.collection_id = target.id AND d.id = upsert_document.id;
    IF concord.may_be_gone(stored) THEN
        PERFORM concord.withdraw_text(target.id, stored.number);
        DELETE FROM concord.embedding_job j WHERE j.collection_id = target.id AND j.document_number = stored.number;
        DELETE FROM concord.document d WHERE d.collection_id = target.id AND d.number = stored.number;
        stored := NULL;
    END IF;
    IF stored.number IS NULL AND concord.room_for_documents(target.id) = 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded',
            MESSAGE = format('collection: %s has as many documents as it may, which is %s', collection, target.max_documents);
    END IF;
    -- After the lock was taken, so that what was deleted before is told from what is written after; and no two versions of
    -- a document have one time, though the clock be set back.
    written_at := greatest(clock_timestamp(), stored.updated_at + interval '1 microsecond');
    text_is_stored := stored.number IS NOT NULL AND stored.title IS NOT DISTINCT FROM title AND stored.body = body
        AND stored.page_starts = '{}' AND CASE WHEN has_hashes THEN stored.text_hash = hash_of_text
            ELSE stored.metadata = metadata OR array_to_string(target.embedding_template, ' ') !~ 'metadata' END;
    IF text_is_stored AND stored.url IS NOT DISTINCT FROM url AND stored.metadata = metadata
        AND (stored.expires_at IS NULL OR stored.expires_by_ttl) THEN
        -- Writing a document again gives its failed embedding a new start, and moves its expiry on.
        UPDATE concord.embedding_job j
        SET state = 'pending', attempts = 0, claimed_until = NULL, error = NULL, created_at = now()
        WHERE j.collection_id = target.id AND j.document_number = stored.number AND j.state = 'failed';
        UPDATE concord.document d SET expires_at = expiry, expires_by_ttl = expiry IS NOT NULL
        WHERE d.collection_id = target.id AND d.number = stored.number AND d.expires_at IS DISTINCT FROM expiry;
        RETURN 'unchanged';
    END IF;

    INSERT INTO concord.metadata_field (collection_id, name)
    SELECT target.id, f.name FROM jsonb_object_keys(metadata) AS f (name)
    ON CONFLICT DO NOTHING;
    IF text_is_stored THEN
        UPDATE concord.document d
        SET url = upsert_document.url, metadata = upsert_document.metadata, content_hash = hash_of_content,
            updated_at = written_at, expires_at = expiry, expires_by_ttl = expiry IS NOT NULL
        WHERE d.collection_id = target.id AND d.number = stored.number;
        RETURN 'updated';
    END IF;

    IF stored.number IS NOT NULL THEN
        PERFORM concord.withdraw_text(target.id, stored.number);
    END IF;
    new_number := 1 + greatest(
        (SELECT max(d.index_number) FROM concord.document d WHERE d.collection_id = target.id),
        (SELECT max(r.index_number) FROM concord.keyword_retired r WHERE r.collection_id = target.id), 0);
    INSERT INTO concord.document
        (collection_id, id, number, index_number, title, body, url, metadata, content_hash, text_hash, expires_at,
         expires_by_ttl, created_at, updated_at)
    VALUES (
        target.id, upsert_document.id,
        coalesce(stored.number,
            1 + coalesce((SELECT max(d.number) FROM concord.document d WHERE d.collection_id = target.id), 0)),
        new_number, upsert_document.title, upsert_document.body, upsert_document.url, upsert_document.metadata,
        hash_of_content, hash_of_text, expiry, expiry IS NOT NULL, written_at, written_at)
    ON CONFLICT ON CONSTRAINT document_pkey DO UPDATE SET
        index_number = excluded.index_number, title = excluded.title, body = excluded.body, url = excluded.url,
        metadata = excluded.metadata, content_hash = excluded.content_hash, text_hash = excluded.text_hash,
        page_starts = excluded.page_starts, updated_at = excluded.updated_at, expires_at = excluded.expires_at,
        expires_by_ttl = excluded.expires_by_ttl
    RETURNING number INTO written_number;
    IF concord.index_interim_chunks(target.id, target.language, written_number, new_number, title, body) > 0 THEN
        INSERT INTO concord.embedding_job AS j (collection_id, document_number, index_number)
        VALUES (target.id, written_number, new_number)
        ON CONFLICT (collection_id, document_number) DO UPDATE SET
            index_number = excluded.index_number, state = 'pending', attempts = 0, claimed_until = NULL, error = NULL,
            created_at = now();
    ELSE
        DELETE FROM concord.embedding_job j WHERE j.collection_id = target.id AND j.document_number = written_number;
    END IF;
    RETURN CASE WHEN stored.number IS NULL THEN 'created' ELSE 'updated' END;
END
$$;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.room_for_documents');
SELECT concord.set_up_roles();
