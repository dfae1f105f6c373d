/** Scenario d: an original's identity and database move into Countersign, go on, and move back to an original. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { alive, freePort, until } from './ground.mjs'
import { checkWire, talkInEverySession } from './talk.mjs'
import { openTap } from './tap.mjs'

const CYCLE_SECONDS = 90
/** The first cycle of two originals ends after 14 to 20 s; later ones every 12 s. */
const PAIR_SECONDS = 50
/** Attempts with two new originals: now and then a pair of them stops for ever by itself (see `completedPair`). */
const ATTEMPTS = 4
/** Attempts to stop Countersign while the other original stands idle with the references it holds. */
const HAND_BACK_ATTEMPTS = 4

/** @param {{ ground: import('./ground.mjs').Ground, originals: import('./originals.mjs').Originals, countersign: import('./countersign.mjs').Countersign, report: import('./report.mjs').Report }} world */
export async function inherit({ ground, originals, countersign, report }) {
  const port = await freePort()
  const relay = await originals.startRelay(ground, port)
  const tap = await openTap(port)

  // 1. Two originals, until both hold the references of a completed cycle in both roles, and stopped there.
  const { heir, other, references } = await completedPair(() => ({ heir: originals.agent(ground, 'ivo', port), other: originals.agent(ground, 'oda', port) }))
  report.check('two originals completed a cycle in both roles', true)
  const idInTheOther = heir.id
  const prefix = /sym_key=([0-9a-f]{16})/.exec(other.log().join('\n'))?.[1] ?? 'none'

  // 2. Import.
  const wallet = countersign.wallet(ground, 'heir')
  await wallet.importFrom(join(heir.folder, 'id_agent_ivo.json'), 'my_id_pw_ivo')
  const key = await other.key(wallet.shown.kx_pub_b64)
  report.same('the imported id is the original’s', wallet.shown.my_id, idInTheOther)
  report.same(
    'and its keys',
    [wallet.shown.sign_pub_b64, wallet.shown.kx_pub_b64],
    [other.row('responder', heir.id)?.peer_sign_pub, other.row('responder', heir.id)?.peer_kx_pub],
  )

  // 3. Its threads go on where they stood: each side takes up the reference of before.
  const linesBefore = other.log().length
  const since = () => other.log().slice(linesBefore)
  await other.start()
  const run = await wallet.start(port, ['--meet', 'any', '--policy', 'auto', '--close-after', '2', '--reconnect'])
  const sent = talkInEverySession(run, 'heir', 2)
  /** @param {string} text */
  const logged = (text) => since().filter((line) => line.includes(text)).length
  await until(
    'the imported threads go on',
    CYCLE_SECONDS,
    () =>
      alive(run.child) &&
      other.alive() &&
      logged('CLOSE SUCCESS') > 0 &&
      logged('[init_finalize_propose -> init_finalize_close] CLOSE') > 0 &&
      sent.some((one) => one.role === 'initiator' && logged(`opened message: '${one.text}'`) > 0),
  ).catch((error) => report.check(error.message, false, since().slice(-4)))
  report.check(
    'the other original accepted the reconnect under the old reference',
    logged(`RECONNECT | peer_id=${heir.id} under my_ref=${references.theirs}`) === 1,
    since().filter((line) => line.includes('RECONNECT')),
  )
  report.check(
    'we reconnected with it on the wire',
    tap.heard.some((line) => line.from === heir.id && line.intent === 'reconnect' && line.payload['your_ref'] === references.theirs),
  )
  report.check(
    'we answered its reconnect under our old reference',
    logged('[init_ready -> init_exchange] peer_nonce set') > 0 &&
      tap.heard.some((line) => line.from === other.id && line.intent === 'reconnect' && line.payload['your_ref'] === references.ours),
  )
  report.check(
    'the key is the one of before',
    logged(`sym_key=${prefix}`) >= 2 &&
      key.prefix === prefix &&
      run.events('key').length > 0 &&
      run.events('key').every((event) => event['fingerprint'] === key.fingerprint),
    { prefix, key, ours: run.events('key') },
  )
  report.check('CLOSE SUCCESS', logged('CLOSE SUCCESS') > 0)
  report.check('it never failed to verify or open anything', logged('verify failed') === 0)
  checkWire(
    report,
    tap.heard.filter((line) => line.at > tapTime(run)),
    [heir.id],
  )
  await run.child.stop('SIGTERM')

  // 4. Let both threads come to rest (no reconnect from us any more), and hand back.
  const folder = join(ground.folder, 'handed-back')
  const file = join(folder, 'id_agent_ivo.json')
  mkdirSync(folder)
  for (let attempt = 1; ; attempt += 1) {
    const rest = await wallet.start(port, ['--policy', 'auto', '--close-after', '1'])
    await until('the other original rests in both roles', CYCLE_SECONDS, () => {
      const [initiator, responder] = [other.row('initiator', heir.id), other.row('responder', heir.id)]
      return initiator?.state === 'init_ready' && initiator.peer_reference && responder?.state === 'resp_ready' && responder.local_reference
    }).catch((error) => report.check(error.message, attempt < HAND_BACK_ATTEMPTS, [other.row('initiator', heir.id), other.row('responder', heir.id)]))
    rest.tell({ do: 'quit' })
    await rest.child.ended
    if (other.row('responder', heir.id)?.state === 'resp_ready' || attempt === HAND_BACK_ATTEMPTS) break
  }
  await wallet.exportTo(file, 'my_id_pw_ivo')
  report.check('export wrote the identity and the database', existsSync(file) && existsSync(join(folder, `HSAgent-${heir.id}.db`)))
  const held = { theirs: other.row('responder', heir.id)?.local_reference, ours: other.row('initiator', heir.id)?.peer_reference }

  // 5. An original opens both and goes on.
  const back = originals.agent(ground, 'ivo', port, folder)
  const otherBefore = other.log().length
  await back.start()
  report.same('the original starts from the exported files, with its id', back.id, heir.id)
  report.check('it loaded the identity', back.logged('[identity] loaded existing identity') === 1)
  /** @param {string} text */
  const after = (text) =>
    other
      .log()
      .slice(otherBefore)
      .filter((line) => line.includes(text)).length
  await until(
    'the original goes on with the exported threads',
    CYCLE_SECONDS,
    () =>
      other.alive() &&
      back.alive() &&
      after('CLOSE SUCCESS') + back.logged('CLOSE SUCCESS') > 0 &&
      back.logged('[secure:initiator] opened message') > 0 &&
      back.logged('[secure:responder] opened message') > 0,
  ).catch((error) =>
    report.check(error.message, false, {
      other: [other.row('initiator', heir.id), other.row('responder', heir.id)],
      back: [back.row('initiator', other.id), back.row('responder', other.id)],
      held,
    }),
  )
  report.check('the other accepted its reconnect under the reference we handed back', after(`RECONNECT | peer_id=${heir.id} under my_ref=${held.theirs}`) === 1)
  report.check(
    'it accepted the other’s reconnect under the reference we handed back',
    back.logged(`RECONNECT | peer_id=${other.id} under my_ref=${held.ours}`) === 1,
  )
  report.check(
    'sealed messages were opened in both roles',
    back.logged('[secure:initiator] opened message') > 0 && back.logged('[secure:responder] opened message') > 0,
  )
  // In one of the two threads at least: between two originals the other may stop by itself (see completedPair).
  report.check('CLOSE SUCCESS between the two originals', after('CLOSE SUCCESS') + back.logged('CLOSE SUCCESS') > 0)
  report.check('with the same key', back.logged(`sym_key=${prefix}`) >= 2)
  await Promise.all([back.stop(), other.stop()])
  tap.close()
  await relay.stop('SIGTERM')
}

/** @param {import('./countersign.mjs').Run} run */
function tapTime(run) {
  return Date.parse(String(run.events('ready')[0]?.['at']))
}

/**
 * Two originals that completed a cycle in both roles, stopped between cycles: first `other`, then, once its own closes
 * are sent, `heir`. `references.theirs` is what `heir` reconnects to `other` under, `references.ours` the reverse.
 *
 * An original's sender writes back a row it read before a receiver changed it; a respond then carries a nonce the
 * other has seen, and two originals never get out of that. So a pair that does not finish is replaced by a new one.
 * @param {() => { heir: import('./originals.mjs').Agent, other: import('./originals.mjs').Agent }} create
 */
async function completedPair(create) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { heir, other } = create()
    await Promise.all([heir.start(), other.start()])
    const references = await stopBetweenCycles(heir, other).catch(() => null)
    if (references) return { heir, other, references }
    await Promise.all([heir.stop(), other.stop()])
  }
  throw new Error(`no two originals completed a cycle in both roles in ${ATTEMPTS} attempts`)
}

/**
 * @param {import('./originals.mjs').Agent} heir
 * @param {import('./originals.mjs').Agent} other
 * @returns {Promise<{ theirs: string, ours: string } | null>} null when they were stopped at a wrong moment
 */
async function stopBetweenCycles(heir, other) {
  /** @param {boolean} closesSent whether the initiators must have sent all their closes */
  const between = (closesSent) => {
    const [a, b, c, d] = [heir.row('initiator', other.id), heir.row('responder', other.id), other.row('initiator', heir.id), other.row('responder', heir.id)]
    if (b?.state !== 'resp_ready' || d?.state !== 'resp_ready' || !a?.peer_reference || !c?.peer_reference) return null
    if (a.peer_reference !== d.local_reference || c.peer_reference !== b.local_reference) return null
    return !closesSent || a.state === 'init_ready' ? { theirs: a.peer_reference, ours: c.peer_reference } : null
  }
  await until('both threads are between cycles', PAIR_SECONDS, () => between(false))
  await other.stop()
  await until('the closes are sent', 15, () => between(true))
  await heir.stop()
  await new Promise((resolve) => setTimeout(resolve, 500)) // the watchers' last look
  return between(true)
}
