-- name: free_claims
-- Ends every claim on embedding jobs. Only for a database that no worker uses.
UPDATE concord.embedding_job SET claimed_until = NULL WHERE claimed_until IS NOT NULL;

-- name: free_runs
-- What was to be fetched for these is in no queue any more: they are taken up again.
UPDATE concord.source SET claimed_until = now() WHERE claimed_until > now();
