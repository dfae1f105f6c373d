import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PeerId } from '../brand.ts'
import type { PeerRow } from '../store/rows.ts'
import {
  admitName,
  cleanText,
  compareKeys,
  isFrozen,
  isTrusted,
  keepPinned,
  labelOf,
  nameSkeleton,
  newPeer,
  observeKeys,
  pinKeys,
  withPolicy,
} from './trust.ts'

const keys = (n: number) => ({ signPub: n.toString(16).padStart(64, '0'), kxPub: (n + 100).toString(16).padStart(64, '0') })
const stranger = newPeer('p' as PeerId, 1)
const seen = observeKeys(stranger, keys(1), 2)
const pinned = pinKeys(seen, keys(1), 3)
const changed = observeKeys(pinned, keys(2), 4)
const blocked = withPolicy(pinned, { kind: 'block' })

describe('trust', () => {
  it('goes from unknown to seen to pinned, and a pinned key never moves by itself', () => {
    expect([stranger, seen, pinned, changed, blocked].map((p) => [p.trust, p.signPub, p.pinnedAt, p.presented?.signPub ?? null])).toEqual([
      ['unknown', null, null, null],
      ['seen', keys(1).signPub, null, null],
      ['pinned', keys(1).signPub, 3, null],
      ['changed', keys(1).signPub, 3, keys(2).signPub],
      ['blocked', keys(1).signPub, 3, null],
    ])
    expect([stranger, seen, pinned, changed, blocked].map((p) => [isTrusted(p), isFrozen(p)])).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [false, true],
      [false, true],
    ])
  })

  it('compares both keys: another exchange key under the same signing key is a change too', () => {
    expect(compareKeys(stranger, keys(1))).toBe('none')
    expect(compareKeys(seen, keys(1))).toBe('same')
    expect(compareKeys(seen, keys(2))).toBe('other')
    expect(compareKeys(pinned, keys(1))).toBe('same')
    expect(compareKeys(pinned, { ...keys(1), kxPub: keys(2).kxPub })).toBe('changed')
    expect(compareKeys(pinned, { ...keys(1), signPub: keys(2).signPub })).toBe('changed')
  })

  it('what nobody pinned gives way, what is pinned is kept until the person decides', () => {
    expect(observeKeys(seen, keys(2), 5)).toMatchObject({ trust: 'seen', signPub: keys(2).signPub })
    expect(observeKeys(changed, keys(3), 5)).toMatchObject({ trust: 'changed', signPub: keys(1).signPub, presented: keys(3) })
    // The old key coming again does not lift the freeze: somebody has the other one.
    expect(observeKeys(changed, keys(1), 5)).toMatchObject({ trust: 'changed', presented: keys(2) })
    expect(keepPinned(changed)).toMatchObject({ trust: 'pinned', signPub: keys(1).signPub, presented: null })
    expect(keepPinned(seen)).toEqual(seen)
  })

  it('blocking hides what stands, and unblocking brings it back', () => {
    for (const peer of [stranger, seen, pinned, changed]) expect(withPolicy(withPolicy(peer, { kind: 'block' }), { kind: 'ask' })).toEqual(peer)
    // A change that comes while blocked shows afterwards.
    expect(withPolicy(observeKeys(blocked, keys(2), 5), { kind: 'ask' })).toMatchObject({ trust: 'changed', presented: keys(2) })
    expect(observeKeys(blocked, keys(2), 5).trust).toBe('blocked')
  })

  it('under any order of what peers show and persons do, pinned keys change only by pinning', () => {
    type Act = { readonly do: 'observe' | 'pin' | 'keep' | 'block' | 'unblock'; readonly n: number }
    const act = fc.record({
      do: fc.constantFrom<Act['do']>('observe', 'observe', 'observe', 'pin', 'keep', 'block', 'unblock'),
      n: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        let peer: PeerRow = stranger
        for (const { do: what, n } of acts) {
          const before = peer
          if (what === 'observe') peer = observeKeys(peer, keys(n), 9)
          if (what === 'pin' && (before.signPub === null || compareKeys(before, keys(n)) === 'same')) peer = pinKeys(peer, keys(n), 9)
          if (what === 'keep') peer = keepPinned(peer)
          if (what === 'block') peer = withPolicy(peer, { kind: 'block' })
          if (what === 'unblock') peer = withPolicy(peer, { kind: 'ask' })
          if (before.pinnedAt !== null) expect([peer.signPub, peer.kxPub, peer.pinnedAt]).toEqual([before.signPub, before.kxPub, before.pinnedAt])
          // A frozen peer is set free by a person alone.
          if (isFrozen(before) && !isFrozen(peer)) expect(['keep', 'unblock', 'pin']).toContain(what)
          if (peer.presented) expect(isFrozen(peer)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('names', () => {
  it('are cut of what would turn a line around or write into a terminal', () => {
    expect(cleanText('a\u202eb\u200bc\u0007d\u2028e')).toBe('abcde')
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
        (text) => !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(cleanText(text)),
      ),
    )
    expect(admitName(' Bob \t  B ')).toBe('Bob B')
    for (const none of ['', '   ', '\u200b', 5, null, {}, 'x'.repeat(65)]) expect(admitName(none)).toBeNull()
  })

  it('that look alike have one skeleton', () => {
    expect(nameSkeleton('B0b')).toBe(nameSkeleton('Воb'.replace('В', 'B')))
    expect(nameSkeleton('Alice')).toBe(nameSkeleton('AIice'))
    expect(nameSkeleton('Alice')).toBe(nameSkeleton('Аlісе'.replace('і', 'i')))
    expect(nameSkeleton('Alice')).not.toBe(nameSkeleton('Bob'))
  })

  it('stand where there is none: the beginning and end of the id', () => {
    expect(labelOf(newPeer('12345678-aaaa-bbbb-cccc-dddddddd9999' as PeerId, 1))).toBe('12345678…9999')
    expect(labelOf(newPeer('\u200b' as PeerId, 1))).toBe('(no name)')
    expect(labelOf({ ...stranger, name: 'Bob' })).toBe('Bob')
  })
})
