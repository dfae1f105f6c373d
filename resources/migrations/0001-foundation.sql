-- Countersign, database of one profile. Applied by src/main/core/store/open-database.ts, each file in one transaction.
--
-- Columns named `sealed`, and those of role_state said to be sealed, hold AES-256-GCM of private values. Their
-- associated data names the table, the column and every other column of the row that a lookup or an order depends on, so a
-- sealed value moved elsewhere does not open. Columns said to be blind hold HMAC-SHA256 of the value, cut to 32 hex digits.

-- What this file is: self_id (the identity it belongs to) and, after the first unlock, key_check.
CREATE TABLE meta (
  key TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The next two tables have the original agent's columns and indexes, so that people of the original find their way.
-- peer_id: blind. peer_address, peer_sign_pub, peer_kx_pub: sealed, as text.
CREATE TABLE role_state (
  id INTEGER PRIMARY KEY,
  self_id TEXT NOT NULL,
  role TEXT NOT NULL CHECK(role IN ('initiator','responder')),
  peer_id TEXT NOT NULL,
  state TEXT,
  local_nonce TEXT,
  peer_nonce TEXT,
  local_reference TEXT,
  peer_reference TEXT,
  exchange_count INTEGER NOT NULL DEFAULT 0,
  finalize_retry_count INTEGER NOT NULL DEFAULT 0,
  peer_address TEXT,
  peer_sign_pub TEXT,
  peer_kx_pub TEXT,
  hs_derived_at DATETIME,
  last_secure_at DATETIME,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX uq_role_peer ON role_state(self_id, role, peer_id);
CREATE INDEX ix_role_scan ON role_state(self_id, role);

CREATE TABLE nonce_event (
  id INTEGER PRIMARY KEY,
  self_id TEXT NOT NULL,
  role TEXT NOT NULL CHECK(role IN ('initiator','responder')),
  peer_id TEXT NOT NULL,
  flow TEXT NOT NULL CHECK(flow IN ('sent','received')),
  nonce TEXT NOT NULL,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ix_nonce_triplet ON nonce_event(self_id, role, peer_id);
CREATE INDEX ix_nonce_exists ON nonce_event(self_id, role, peer_id, flow, nonce);

-- Beside role_state: the peer's id in full, the time to the millisecond and the engine's own state. peer_id: blind.
CREATE TABLE thread_private (
  role TEXT NOT NULL CHECK(role IN ('initiator','responder')),
  peer_id TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (role, peer_id)
) STRICT;

-- Signed handshake nonces already accepted; outlives cycle and process. sign_pub: blind. not_after: Unix ms.
CREATE TABLE hs_replay (
  sign_pub TEXT NOT NULL,
  nonce TEXT NOT NULL,
  not_after INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (sign_pub, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_replay_age ON hs_replay(not_after);

-- peer_id: blind.
CREATE TABLE peer (
  id INTEGER PRIMARY KEY,
  peer_id TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL
) STRICT;

-- session_id, peer_id: blind.
CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL UNIQUE,
  peer_id TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_session_peer ON session(peer_id);

-- session_id, peer_id: blind. Ids are never used again, also not after a removal.
CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL,
  peer_id TEXT NOT NULL,
  direction TEXT NOT NULL CHECK(direction IN ('ours','theirs','event')),
  state TEXT NOT NULL CHECK(state IN ('queued','sent','done')),
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_message_peer ON message(peer_id, id);
CREATE INDEX ix_message_queued ON message(session_id, id) WHERE direction = 'ours' AND state = 'queued';

-- Nonces of sealed messages already opened, kept while the message could still pass for new. session_id, nonce: blind. not_after: Unix ms.
CREATE TABLE sec_nonce (
  session_id TEXT NOT NULL,
  nonce TEXT NOT NULL,
  not_after INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (session_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_sec_age ON sec_nonce(not_after);

-- Handshake steps that wait for a decision, in the order they came. request_id, peer_id: blind.
CREATE TABLE request (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL UNIQUE,
  peer_id TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

-- The decision log, a hash chain, and a sealed note of its length and last hash: without it a cut-off end would not show.
CREATE TABLE decision (
  seq INTEGER PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT;
CREATE TABLE decision_head (
  id INTEGER PRIMARY KEY CHECK(id = 1),
  sealed BLOB NOT NULL
) STRICT;

-- What is to be sent, written in the transaction of the change that wants it. peer_id, slot: blind. due_at: Unix ms.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  peer_id TEXT NOT NULL,
  slot TEXT NOT NULL UNIQUE,
  due_at INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_outbox_due ON outbox(due_at, id);
CREATE INDEX ix_outbox_peer ON outbox(peer_id);

-- Domain events, the newest 10,000. at: Unix ms.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

-- key: blind.
CREATE TABLE setting (
  key TEXT NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What the app needs before anything is unlocked. value: JSON, in the clear.
CREATE TABLE public_setting (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Lines that came while the wallet was locked, sealed to its own key by the caller.
CREATE TABLE locked_line (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sealed BLOB NOT NULL
) STRICT;
