/** Scenario c: two originals and two Countersign on one relay; every pair gets a session, in both directions. */
import { alive, freePort, until } from './ground.mjs'
import { checkWire, heardFrom, talkInEverySession } from './talk.mjs'
import { openTap } from './tap.mjs'

const SECONDS = 180
const UNATTENDED = ['--meet', 'any', '--policy', 'auto', '--close-after', '2', '--reconnect']
const ROLES = /** @type {const} */ (['initiator', 'responder'])

/** @param {{ ground: import('./ground.mjs').Ground, originals: import('./originals.mjs').Originals, countersign: import('./countersign.mjs').Countersign, report: import('./report.mjs').Report }} world */
export async function mixed({ ground, originals, countersign, report }) {
  const port = await freePort()
  const relay = await countersign.startRelay(ground, port)
  const tap = await openTap(port)
  const agents = ['otto', 'ottilie'].map((name) => originals.agent(ground, name, port))
  const wallets = ['carla', 'corin'].map((name) => countersign.wallet(ground, name))
  for (const wallet of wallets) await wallet.create()
  for (const agent of agents) await agent.start()
  const runs = await Promise.all(
    wallets.map(async (wallet) => {
      const run = await wallet.start(port, UNATTENDED)
      return { wallet, run, id: wallet.shown.my_id, sent: talkInEverySession(run, wallet.name, 2) }
    }),
  )

  /** What is still missing, a line for each pair and direction; empty when every pair had its session. */
  const missing = () => {
    /** @type {string[]} */
    const lines = []
    for (const agent of agents) {
      const others = [
        ...agents.filter((other) => other !== agent).map((other) => ({ name: other.name, id: other.id })),
        ...runs.map(({ wallet, id }) => ({ name: wallet.name, id })),
      ]
      for (const other of others)
        for (const role of ROLES) if (!agent.row(role, other.id)?.last_secure_at) lines.push(`${agent.name} as ${role} opened nothing of ${other.name}`)
      for (const { wallet, id } of runs)
        if (agent.logged(`[resp_ready -> resp_confirm] RECONNECT | peer_id=${id}`) === 0) lines.push(`${agent.name} had no reconnect of ${wallet.name}`)
    }
    for (const { wallet, run, id } of runs) {
      for (const other of [
        ...agents.map(({ name, id: peer }) => ({ name, id: peer })),
        ...runs.filter((one) => one.id !== id).map((one) => ({ name: one.wallet.name, id: one.id })),
      ]) {
        for (const role of ROLES) {
          if (heardFrom(run, other.id, role).length === 0) lines.push(`${wallet.name} as ${role} heard nothing of ${other.name}`)
          if (run.events('session', { peer: other.id, role, state: 'closed' }).length === 0)
            lines.push(`${wallet.name} as ${role} closed no session with ${other.name}`)
        }
      }
    }
    return lines
  }
  await until('a session in every pair and both directions', SECONDS, () => runs.every(({ run }) => alive(run.child)) && missing().length === 0).catch(() => {})
  const left = missing()
  report.check('every pair had a session in both directions, sealed texts opened on both sides, closed', left.length === 0, left)

  for (const { wallet, run } of runs) {
    for (const agent of agents) {
      const { fingerprint } = await agent.key(wallet.shown.kx_pub_b64)
      const held = new Set(run.events('key', { peer: agent.id }).map((event) => event['fingerprint']))
      report.same(`${wallet.name} and ${agent.name} hold one key`, [...held], [fingerprint])
    }
  }
  const [first, second] = runs
  if (first && second) {
    const prints = [first.run.events('key', { peer: second.id }), second.run.events('key', { peer: first.id })].map((events) => [
      ...new Set(events.map((event) => event['fingerprint'])),
    ])
    report.check('the two Countersign hold one key', prints[0]?.length === 1 && JSON.stringify(prints[0]) === JSON.stringify(prints[1]), prints)
    for (const [mine, other] of [
      [first, second],
      [second, first],
    ]) {
      const texts = (mine?.sent ?? []).filter((one) => one.peer === other?.id).map((one) => one.text)
      const got = ROLES.flatMap((role) => (mine && other ? heardFrom(other.run, mine.id, role) : [])).filter((text) => text !== '')
      report.check(
        `${other?.wallet.name} got the texts of ${mine?.wallet.name}, exactly, none twice`,
        got.length > 0 && got.every((text) => texts.includes(text)) && new Set(got).size === got.length,
        got,
      )
    }
  }
  for (const agent of agents) {
    report.check(
      `${agent.name} lives and never failed to verify or open anything`,
      agent.alive() && agent.logged(/verify failed/) === 0,
      agent
        .log()
        .filter((line) => line.includes('verify failed'))
        .slice(0, 2),
    )
  }
  for (const { wallet, run } of runs)
    report.check(`${wallet.name} reports no error`, run.child.code() === undefined && run.events('error').length === 0, run.events('error'))
  checkWire(
    report,
    tap.heard,
    runs.map((one) => one.id),
  )
  for (const { run } of runs) await run.child.stop('SIGTERM')
  for (const agent of agents) await agent.stop()
  tap.close()
  await relay.stop('SIGTERM')
}
