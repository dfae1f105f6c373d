-- The ledger: machines of this wallet, chains of peers, their rows (docs/ledger.md). What is said of columns named `sealed`
-- and of blind ones in 0001-foundation.sql holds here.

-- One chain a machine. genesis: blind. name: blind; the slug of an own or hosted machine, the peer's id of a followed one.
-- kind: own (the identity's machine), host (its keys were made here for somebody else), followed (a peer's; never signed here).
-- sealed: header and everything a person gave it. state: the chain verified up to its last row.
CREATE TABLE chain (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  genesis TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK(kind IN ('own','host','followed')),
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  state BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX uq_chain_own ON chain(kind) WHERE kind = 'own';
CREATE UNIQUE INDEX uq_chain_slug ON chain(name) WHERE kind <> 'followed';
CREATE INDEX ix_chain_name ON chain(name);

-- Rows of every chain. hash, session, contract, bound to their chain: blind; session and contract null where a row shows none.
-- zeqond: its tick, for windows of time.
CREATE TABLE chain_row (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chain INTEGER NOT NULL REFERENCES chain(id),
  seq INTEGER NOT NULL CHECK(seq >= 0),
  zeqond INTEGER NOT NULL CHECK(zeqond >= 0),
  hash TEXT NOT NULL,
  session TEXT,
  contract TEXT,
  sealed BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX uq_row_seq ON chain_row(chain, seq);
CREATE UNIQUE INDEX uq_row_hash ON chain_row(chain, hash);
CREATE INDEX ix_row_zeqond ON chain_row(chain, zeqond, seq);
CREATE INDEX ix_row_session ON chain_row(chain, session) WHERE session IS NOT NULL;
CREATE INDEX ix_row_contract ON chain_row(chain, contract) WHERE contract IS NOT NULL;

-- Signed heads of followed chains that no stored row stands for: not yet reached, or contradicting a row. hash: blind.
CREATE TABLE kept_head (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chain INTEGER NOT NULL REFERENCES chain(id),
  seq INTEGER NOT NULL CHECK(seq >= 0),
  hash TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX uq_kept_head ON kept_head(chain, seq, hash);

-- Contracts of own and hosted machines. contract_id: blind.
CREATE TABLE contract (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  chain INTEGER NOT NULL REFERENCES chain(id),
  contract_id TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_contract_chain ON contract(chain, id);

-- Transitions that were asked for and refused; they are on no chain. contract_id: blind. The newest 100 of a contract.
CREATE TABLE failed_transition (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  contract_id TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_failed_contract ON failed_transition(contract_id, id);

-- Tally tokens, our own and those peers sent with their steps. token_id, hash (of the row it is about): blind.
CREATE TABLE token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_token_hash ON token(hash);
