-- Delivery of the m2m profile (docs/delivery.md, "Messages"). Genesis hashes, threads and ids of peers are blind or sealed. message_id is 16
-- random bytes, hex, and says nothing.

-- Who is who: the last card of each peer that was ever written to or heard. genesis: blind.
CREATE TABLE m2m_card (
  genesis TEXT NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages that wait for their answer, in the order in which they leave for each peer. peer (a genesis), thread: blind. Times: Unix ms.
-- ordered: carries rows, so it waits for the one before it of its thread. due_at and tries change with every repeat and are not bound to the sealed value: all they decide is when the same bytes go out again.
CREATE TABLE m2m_outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  peer TEXT NOT NULL,
  thread TEXT NOT NULL,
  ordered INTEGER NOT NULL CHECK(ordered IN (0, 1)),
  give_up_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_m2m_outbox_peer ON m2m_outbox(peer, id);
CREATE INDEX ix_m2m_outbox_thread ON m2m_outbox(thread);

-- Messages that came, for 25 h: with the answer that a repeat gets, or parked until the rows before theirs are here.
-- sender (a genesis): blind. at: Unix ms.
CREATE TABLE m2m_inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sender TEXT NOT NULL,
  message_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  parked INTEGER NOT NULL CHECK(parked IN (0, 1)),
  sealed BLOB NOT NULL,
  UNIQUE (sender, message_id)
) STRICT;
CREATE INDEX ix_m2m_inbox_age ON m2m_inbox(at);
CREATE INDEX ix_m2m_inbox_sender ON m2m_inbox(sender, parked, id);
