/** Writing into sessions as they open, and what must hold of a pair afterwards. Shared by the scenarios. */

/** Everything a run sends begins with this, so that it can be told from what the originals say. */
export const MARK = 'interop'
/** What the originals always say, as initiator and as responder. */
export const ORIGINAL_ASKS = 'How are you?'
export const ORIGINAL_ANSWERS = 'I am OK!'

/**
 * Sends `texts` texts into every session as soon as it opens. Returns what was sent, in order.
 * Each text is different, holds non-ASCII text and looks in part like JSON: a peer that re-parses strings changes it.
 * @param {import('./countersign.mjs').Run} run
 * @param {string} who
 * @param {number} texts
 */
export function talkInEverySession(run, who, texts) {
  /** @type {{ session: string, peer: string, role: string, text: string }[]} */
  const sent = []
  /** @type {Set<string>} */
  const known = new Set()
  run.onEvent((event) => {
    if (event.event !== 'session' || event['state'] !== 'open') return
    const session = String(event['id'])
    if (known.has(session)) return
    known.add(session)
    for (let index = 1; index <= texts; index += 1) {
      const text = `${MARK} ${who} ${known.size}.${index} grüße 漢字 ✓ [1, null, true]`
      sent.push({ session, peer: String(event['peer']), role: String(event['role']), text })
      run.tell({ do: 'send', session, text })
    }
  })
  return sent
}

/**
 * Texts of a peer that arrived in sessions of this role.
 * @param {import('./countersign.mjs').Run} run
 * @param {string} peer
 * @param {'initiator' | 'responder'} role our role
 * @returns {string[]}
 */
export function heardFrom(run, peer, role) {
  const sessions = new Set(run.events('session', { peer, role }).map((event) => event['id']))
  return run
    .events('message')
    .filter((event) => sessions.has(event['session']) && event['direction'] === 'theirs')
    .map((event) => String(event['text']))
}

/**
 * What must hold on the wire of everything Countersign sent: typed envelopes, nothing of a session in clear.
 * @param {import('./report.mjs').Report} report
 * @param {readonly import('./tap.mjs').Heard[]} heard
 * @param {readonly string[]} ours ids
 */
export function checkWire(report, heard, ours) {
  const lines = heard.filter((line) => ours.includes(line.from))
  const carrying = lines.filter((line) => line.intent === 'request' || line.intent === 'respond')
  report.check(`all ${lines.length} lines we sent are typed envelopes`, lines.length > 0 && lines.every((line) => line.typed))
  report.check(
    `all ${carrying.length} requests and responds we sent are sealed`,
    carrying.length > 0 && carrying.every((line) => 'sec' in line.payload && !('message' in line.payload)),
  )
  report.check('no text of ours is on the wire', !heard.some((line) => line.raw.includes(`${MARK} `)))
  const confirms = lines.filter((line) => line.intent === 'confirm')
  report.check(
    `all ${confirms.length} confirms we sent carry an hs of type response for their nonce`,
    confirms.length > 0 && confirms.every((line) => hs(line, 'response')),
  )
  const firsts = new Map(lines.filter((line) => line.intent === 'request' && 'hs' in line.payload).map((line) => [line.payload['my_nonce'], line]))
  report.check(
    `all ${firsts.size} first requests we sent carry an hs of type init for their nonce`,
    firsts.size > 0 && [...firsts.values()].every((line) => hs(line, 'init')),
  )
  const nonces = lines.filter((line) => typeof line.payload['my_nonce'] === 'string')
  const contents = new Map()
  for (const line of nonces) {
    const key = `${line.to} ${line.payload['my_nonce']}`
    contents.set(key, (contents.get(key) ?? new Set()).add(`${line.intent} ${line.payload['your_nonce']}`))
  }
  report.check(
    `none of our ${contents.size} nonces stands for two different messages`,
    [...contents.values()].every((set) => set.size === 1),
  )
}

/**
 * @param {import('./tap.mjs').Heard} line
 * @param {string} type
 */
function hs(line, type) {
  const value = /** @type {Record<string, unknown> | undefined} */ (line.payload['hs'])
  return value?.['type'] === type && value['nonce'] === line.payload['my_nonce']
}
