-- name: set_alias
-- Whoever deletes the collection waits, and then finds the alias.
WITH target AS (
    SELECT id, name FROM concord.collection WHERE name = %(collection)s AND deleted_at IS NULL FOR SHARE
), given AS (
    INSERT INTO concord.alias AS a (name, collection_id)
    SELECT %(alias)s, id FROM target
    ON CONFLICT (name) DO UPDATE SET
        collection_id = excluded.collection_id,
        updated_at = CASE WHEN a.collection_id = excluded.collection_id THEN a.updated_at ELSE now() END
    RETURNING name, created_at, updated_at
)
SELECT g.name AS alias, t.name AS collection, g.created_at, g.updated_at FROM given g CROSS JOIN target t;

-- name: list_aliases
SELECT a.name AS alias, c.name AS collection, a.created_at, a.updated_at
FROM concord.alias a JOIN concord.collection c ON c.id = a.collection_id
WHERE a.name > %(after)s COLLATE "C"
ORDER BY a.name
LIMIT %(limit)s;

-- name: aliases_of
SELECT name FROM concord.alias WHERE collection_id = %(collection_id)s ORDER BY name;

-- name: delete_alias
DELETE FROM concord.alias WHERE name = %(alias)s RETURNING name;
