-- name: free_claims
-- Ends every claim on embedding jobs. Only for a database that no worker uses.
UPDATE concord.embedding_job SET claimed_until = NULL WHERE claimed_until IS NOT NULL;
