-- name: find_settings
SELECT * FROM concord.collection_settings WHERE collection_id = %(collection_id)s;

-- name: store_settings
INSERT INTO concord.collection_settings (collection_id, settings) VALUES (%(collection_id)s, %(settings)s::jsonb)
ON CONFLICT (collection_id) DO UPDATE SET settings = excluded.settings;
