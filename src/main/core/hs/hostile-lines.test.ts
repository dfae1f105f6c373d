import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { alice, begin, end, expectDropped, feed, session, world } from './hostile.fixture.ts'
import { dropsOf, expectTalk, rawContent, relayed, rowsOf } from './puppet.fixture.ts'

beforeEach(begin)
afterEach(end)

describe('lines that end the original', () => {
  it('W1: content that is no object', () => {
    expectDropped('line: content', rawContent('5'), rawContent('null'), rawContent('[]'), rawContent('"x"'))
    expectDropped(/^line: (json|wrapper)$/, '5', 'null', '[]', '{}', '{"remote_addr": 5, "content": "{}"}', '\u0000', 'not json')
    expectTalk(world, session)
  })

  it('W2: from, to or intent of another type', () => {
    for (const odd of [5, null, true, {}, [], ['x'], { a: 1 }, 1.5]) {
      feed(relayed({ to: null, intent: 'register', from: odd }), relayed({ to: odd, intent: odd, from: 'x' }))
      if (odd !== null) feed(relayed({ to: odd, intent: 'confirm', from: 'x' }))
    }
    expectDropped('message: fields', relayed({ intent: 'register', from: 'x' }))
    expect(dropsOf(alice)).toContain('message: fields')
    expectTalk(world, session)
  })

  it('W3: a line that grows over the limit', () => {
    expectDropped('line: size', rawContent('"'.repeat(40_000)), rawContent('x'.repeat(70_000)), 'x'.repeat(1_000_000))
    expectTalk(world, session)
  })

  it('W4: nesting', () => {
    for (const deep of ['['.repeat(30_000), '{"a":'.repeat(5_000), `${'['.repeat(1_000)}${']'.repeat(1_000)}`]) feed(rawContent(deep), deep)
    const nested = (n: number): unknown => (n === 0 ? 1 : { a: nested(n - 1) })
    expectDropped('line: depth', relayed({ to: null, intent: 'register', from: 'x', extra: nested(60) }))
    expectTalk(world, session)
  })

  it('keys that are dangerous to JavaScript are data, or dropped', () => {
    const lines = ['__proto__', 'constructor', 'prototype', 'toString'].map((key) =>
      rawContent(`{"_version":"1.3.0","_type":{},"_payload":{"to":null,"intent":"register","from":"x","${key}":{"polluted":true},"hs":{"${key}":1}}}`),
    )
    const before = rowsOf(alice)
    feed(...lines)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(rowsOf(alice)).toEqual(before)
  })
})
