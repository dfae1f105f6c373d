/** Scenarios a and b: one original, one Countersign, both roles at once, two cycles, our restart, one more cycle. */
import { alive, freePort, until } from './ground.mjs'
import { checkWire, heardFrom, ORIGINAL_ANSWERS, ORIGINAL_ASKS, talkInEverySession } from './talk.mjs'
import { openTap } from './tap.mjs'

const CYCLES = 2
const CYCLES_SECONDS = 120
const RESTART_SECONDS = 60
/** Unattended: meets and answers everybody, opens every thread, concludes what it initiated, reconnects. */
const UNATTENDED = ['--meet', 'any', '--policy', 'auto', '--close-after', '2', '--reconnect']

/**
 * @param {{ ground: import('./ground.mjs').Ground, originals: import('./originals.mjs').Originals, countersign: import('./countersign.mjs').Countersign, report: import('./report.mjs').Report }} world
 * @param {'python' | 'ours'} whose relay
 */
export async function pair({ ground, originals, countersign, report }, whose) {
  const port = await freePort()
  const relay = await (whose === 'python' ? originals : countersign).startRelay(ground, port)
  const tap = await openTap(port)
  const original = originals.agent(ground, 'olga', port)
  const wallet = countersign.wallet(ground, `casper-${whose}`)
  await wallet.create()
  const us = wallet.shown.my_id
  await original.start()
  const run = await wallet.start(port, UNATTENDED)
  const sent = talkInEverySession(run, 'first', 2)

  const closesTheyGot = () => original.logged('[resp_finalize -> resp_ready] CLOSE SUCCESS')
  const closesTheyMade = () => original.logged('[init_finalize_propose -> init_finalize_close] CLOSE')
  const reconnectsTheyGot = () => original.logged(`[resp_ready -> resp_confirm] RECONNECT | peer_id=${us}`)
  /** @param {'initiator' | 'responder'} role */
  const closed = (role) => new Set(run.events('session', { peer: original.id, role, state: 'closed' }).map((event) => event['id'])).size
  await until(
    `${CYCLES} cycles in both roles`,
    CYCLES_SECONDS,
    () =>
      alive(run.child) &&
      original.alive() &&
      closesTheyGot() >= CYCLES &&
      closed('initiator') >= CYCLES &&
      closesTheyMade() >= CYCLES &&
      closed('responder') >= CYCLES,
  ).catch((error) =>
    report.check(
      error.message,
      false,
      `original: ${closesTheyGot()} closes received, ${closesTheyMade()} made; ours closed: ${closed('initiator')} as initiator, ${closed('responder')} as responder`,
    ),
  )

  const key = await original.key(wallet.shown.kx_pub_b64)
  for (const [ours, theirs, theySay, theyLog] of /** @type {const} */ ([
    ['initiator', 'responder', ORIGINAL_ANSWERS, '[resp_confirm -> resp_exchange]'],
    ['responder', 'initiator', ORIGINAL_ASKS, '[init_ready -> init_exchange]'],
  ])) {
    const as = `as ${ours}`
    report.check(`${as}: the original derived the key, ${key.prefix}`, original.logged(`${theyLog} sym_key=${key.prefix}`) >= CYCLES)
    const fingerprints = run.events('key', { peer: original.id, role: ours }).map((event) => event['fingerprint'])
    report.check(
      `${as}: we hold the same key, fingerprint ${key.fingerprint}`,
      fingerprints.length >= CYCLES && fingerprints.every((one) => one === key.fingerprint),
      fingerprints,
    )
    const texts = sent.filter((one) => one.role === ours)
    const opened = texts.filter((one) => original.logged(`[secure:${theirs}] opened message: '${one.text}'`) > 0)
    report.check(
      `${as}: the original opened our texts, exactly, in ${CYCLES} sessions`,
      new Set(opened.map((one) => one.session)).size >= CYCLES,
      `${opened.length} of ${texts.length} opened`,
    )
    report.check(`${as}: and each of them once`, opened.length > 0 && opened.every((one) => original.logged(`opened message: '${one.text}'`) === 1))
    const heard = heardFrom(run, original.id, ours)
    report.check(`${as}: we opened what it sealed (${heard.length} times ${theySay})`, heard.length >= CYCLES && heard.every((text) => text === theySay), heard)
    report.check(`${as}: ${CYCLES} sessions closed on our side`, closed(ours) >= CYCLES, closed(ours))
    const row = original.row(theirs, us)
    report.same(`${as}: its database holds our keys`, [row?.peer_sign_pub, row?.peer_kx_pub], [wallet.shown.sign_pub_b64, wallet.shown.kx_pub_b64])
    report.check(`${as}: its database says when it opened something`, Boolean(row?.last_secure_at))
  }
  report.check(`it logged CLOSE SUCCESS ${CYCLES} times`, closesTheyGot() >= CYCLES, closesTheyGot())
  report.check('it accepted our reconnect', reconnectsTheyGot() >= CYCLES - 1)
  report.check(
    'we accepted its reconnect',
    original.logged(/\[init_ready -> init_exchange\] peer_nonce set/) >= CYCLES &&
      tap.heard.some((line) => line.from === original.id && line.intent === 'reconnect'),
  )
  report.check(
    'our log has the original’s step names',
    [
      'REGISTER',
      'sym_key fingerprint=',
      'request #',
      'GOT RESPONSE #',
      'FIRST REQUEST',
      'REQUEST TO CONCLUDE',
      'CLOSE SUCCESS',
      '[secure:initiator] opened message (',
      '[secure:responder] opened message (',
    ].every((name) => run.child.text().includes(name)),
    'see its log',
  )

  // Our restart, wherever its two threads stand: they resume, or end and begin anew under the old references.
  const status = await run.child.stop('SIGTERM')
  report.same('we end cleanly on SIGTERM', status, 0)
  const before = { got: closesTheyGot(), reconnects: reconnectsTheyGot() }
  const again = await wallet.start(port, UNATTENDED)
  const sentAgain = talkInEverySession(again, 'again', 2)
  await until(
    'a cycle after our restart',
    RESTART_SECONDS,
    () =>
      alive(again.child) &&
      original.alive() &&
      closesTheyGot() > before.got &&
      reconnectsTheyGot() > before.reconnects &&
      sentAgain.some((one) => original.logged(`opened message: '${one.text}'`) > 0),
  )
    .then(() => report.check('after our restart: reconnect accepted, text opened, CLOSE SUCCESS', true))
    .catch((error) => report.check(error.message, false, `closes ${before.got} → ${closesTheyGot()}, reconnects ${before.reconnects} → ${reconnectsTheyGot()}`))
  const fingerprints = again.events('key', { peer: original.id }).map((event) => event['fingerprint'])
  report.check('after our restart: the same key', fingerprints.length > 0 && fingerprints.every((one) => one === key.fingerprint), fingerprints)

  report.check(
    'the original never failed to verify or open anything',
    original.logged(/verify failed/) === 0,
    original
      .log()
      .filter((line) => line.includes('verify failed'))
      .slice(0, 2),
  )
  report.check('the original lives', original.alive())
  report.check('we report no error', run.events('error').length + again.events('error').length === 0, [...run.events('error'), ...again.events('error')])
  report.check(
    'our standard output is JSON lines only',
    run.unreadable().length + again.unreadable().length === 0,
    [...run.unreadable(), ...again.unreadable()].slice(0, 2),
  )
  checkWire(report, tap.heard, [us])
  again.tell({ do: 'quit' })
  report.same(
    'we end cleanly on quit',
    await until('quit', 20, async () => (again.child.code() === undefined ? false : { code: again.child.code() })).catch((error) => error.message),
    { code: 0 },
  )
  await original.stop()
  tap.close()
  const relayStatus = await relay.stop('SIGTERM')
  if (whose === 'ours') report.same('our relay ends cleanly on SIGTERM', relayStatus, 0)
}
