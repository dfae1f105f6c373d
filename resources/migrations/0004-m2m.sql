-- Handshakes of the m2m profile and the secrets they hold between two messages. thread_id: blind.

-- One handshake and its session, in one sealed value.
CREATE TABLE m2m_thread (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  thread_id TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL
) STRICT;

-- eph: the own ephemeral key, one in the life of a thread. keys: of the session, until its channel takes them. confirm: what an auditor may be shown.
-- The first two are overwritten and deleted as soon as they are used.
CREATE TABLE m2m_secret (
  thread_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('eph','keys','confirm')),
  sealed BLOB NOT NULL,
  PRIMARY KEY (thread_id, kind)
) STRICT;
