import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import type { KxPub, PeerId, SignPub } from '../brand.ts'
import { toHex, utf8 } from '../crypto/bytes.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { sha256 } from '../crypto/hash.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { encodeClientLine, encodeRelayLine, type SendableObject } from '../relay/envelope.ts'
import type { Side, World } from '../world.fixture.ts'
import type { HsObject, SecObject } from './messages.ts'
import { type Self, sealText, signOwnHs } from './self.ts'

// For tests: somebody on the relay who says whatever the test wants, with real signatures and real lines.

/** A line as the relay would hand it on; the payload may be anything at all. */
export const relayed = (payload: unknown): string => encodeRelayLine('10.0.0.66:6666', encodeClientLine(payload as SendableObject)).trimEnd()
/** A line whose content is these very characters. */
export const rawContent = (content: string): string => encodeRelayLine('10.0.0.66:6666', content).trimEnd()

export interface Puppet {
  readonly self: Self
  readonly id: PeerId
  hs(type: 'init' | 'response', nonce: string, localMs: number): SendableObject
  sec(to: { readonly kxPub: KxPub }, text: string, localMs: number): SendableObject
}

export const plain = (value: HsObject | SecObject): SendableObject => JSON.parse(JSON.stringify(value))

export const puppet = (name: string, id = `puppet-${name}`): Puppet => {
  const [sign, kx] = [sha256(utf8(`sign ${name}`)), sha256(utf8(`kx ${name}`))]
  const self: Self = {
    id: id as PeerId,
    name,
    signPub: toHex(ed25519PublicKey(sign)) as SignPub,
    kxPub: toHex(x25519PublicKey(kx)) as KxPub,
    signPriv: new SecretBytes(sign),
    kxPriv: new SecretBytes(kx),
  }
  let nonces = 0
  return {
    self,
    id: self.id,
    hs: (type, nonce, localMs) => plain(signOwnHs(self, type, nonce, localMs)),
    sec: (to, text, localMs) => plain(sealText(self, to.kxPub, text, sha256(utf8(`${name} ${nonces++}`)).slice(0, 12), localMs)),
  }
}

/** The payload of a line on the wire. */
export const payloadOf = (raw: string): Record<string, unknown> => JSON.parse(JSON.parse(raw).content)._payload

export const nonceOf = (n: number): string => toHex(sha256(utf8(`nonce ${n}`))).slice(0, 32)

/** Every row of every table but the event log, byte for byte. */
export const rowsOf = (side: Side): Record<string, unknown[]> => {
  const database = new Database(join(side.folder, 'countersign.db'), { readonly: true })
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'event' ORDER BY name")
      .all() as { name: string }[]
    return Object.fromEntries(tables.map(({ name }) => [name, database.prepare(`SELECT * FROM "${name}" ORDER BY 1, 2`).all()]))
  } finally {
    database.close()
  }
}
export const countsOf = (side: Side): Record<string, number> => Object.fromEntries(Object.entries(rowsOf(side)).map(([table, rows]) => [table, rows.length]))

export const dropsOf = (side: Side): string[] => side.events.flatMap((e) => (e.event === 'drop' ? [e.why] : []))
export const noticesOf = (side: Side): string[] => side.profile.notices().map((n) => n.text)

/** Alice opens a session with bob; both persons approve, where no standing order has done so already. */
export const openHonestSession = (world: World): string => {
  const [alice, bob] = world.sides
  alice.profile.propose(bob.self.id)
  world.calm(1_000)
  if (bob.profile.engine.peekResponder(alice.self.id).state === 'resp_ready') bob.profile.answer(alice.self.id)
  bob.approveAll()
  world.calm(4_000)
  alice.approveAll()
  world.calm(4_000)
  const session = alice.profile.engine.peekInitiator(bob.self.id).session
  expect(session).not.toBeNull()
  expect(bob.profile.engine.peekResponder(alice.self.id).session).toBe(session)
  return session as string
}

export const heard = (side: Side, from: Side): string[] =>
  side.profile
    .messages(from.self.id, null)
    .messages.filter((m) => m.direction === 'theirs')
    .map((m) => m.text)

let texts = 0
/** The honest session carries a text each way. */
export const expectTalk = (world: World, session: string): void => {
  const [alice, bob] = world.sides
  const [there, back] = [`there ${(texts += 1)}`, `back ${texts}`]
  alice.profile.send(session, there)
  bob.profile.send(session, back)
  for (let i = 0; i < 12 && !(heard(bob, alice).includes(there) && heard(alice, bob).includes(back)); i += 1) world.calm(10_000)
  expect(heard(bob, alice)).toContain(there)
  expect(heard(alice, bob)).toContain(back)
}
