-- Keys of the HTTP API. key_hash: blind, of the key's SHA-256; the key itself is nowhere. machine: blind, of its genesis.
CREATE TABLE api_key (
  id INTEGER PRIMARY KEY,
  key_hash TEXT NOT NULL UNIQUE,
  machine TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_api_key_machine ON api_key(machine);

-- Answers to writes that came with an Idempotency-Key, so that a retry after a lost answer gets the first one again.
-- reply_key: blind, of who asked for what under which key. at: Unix ms.
CREATE TABLE api_reply (
  reply_key TEXT NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_api_reply_age ON api_reply(at);
