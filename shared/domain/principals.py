"""Who is asking, and what they may do."""

from enum import StrEnum
from typing import NamedTuple


class Permission(StrEnum):
    COLLECTIONS_READ = "collections:read"
    COLLECTIONS_WRITE = "collections:write"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_SEARCH = "documents:search"
    DOCUMENTS_WRITE = "documents:write"
    MAINTENANCE = "maintenance"


class Principal(NamedTuple):
    """A caller. `name` goes into logs, claims and cache keys, so it never is or contains a secret."""

    name: str
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


ADMIN = Principal("admin", frozenset(Permission))
# Queue and schedule functions act as this principal.
WORKER = Principal("worker", frozenset({Permission.MAINTENANCE, Permission.DOCUMENTS_WRITE}))
