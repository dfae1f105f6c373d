import { describe, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { decodeRelayLine, encodeClientLine, encodeRelayLine, fitsRelay, MAX_LINE_BYTES, PyFloat } from './envelope.ts'
import { clientLines, relayLines, wire } from './fixtures.ts'

const wrap = (content: string): string => encodeRelayLine('127.0.0.1:50000', content)

describe('encodeClientLine', () => {
  it.each(wire.wire_wrap.map((row, i) => [i, row] as const))('writes the bytes of the original: recorded case %i', (_, row) => {
    expect(encodeClientLine(row.payload)).toBe(row.client_line)
  })
  it('writes every line of the recorded transcript again', () => {
    expect(clientLines.length).toBeGreaterThan(100)
    for (const line of clientLines) {
      const { _payload: payload } = JSON.parse(line) as { _payload: { [key: string]: string } }
      expect(encodeClientLine(payload)).toBe(line)
    }
  })
  it('tells ints from floats and writes floats as Python does', () => {
    const line = encodeClientLine([1, new PyFloat(1), -0, 1e-7, 1e16, 1.5e300, 123456789.125, 2 ** 53 - 1, 12345678901234567890n, 0.0001])
    expect(line).toBe(
      '{"_version": "1.3.0", "_payload": [1, 1.0, -0.0, 1e-07, 1e+16, 1.5e+300, 123456789.125, 9007199254740991, 12345678901234567890, 0.0001], ' +
        '"_type": ["int", "float", "float", "float", "float", "float", "float", "int", "int", "float"]}\n',
    )
  })
  it('escapes DEL, line separators and halves of surrogate pairs', () => {
    expect(encodeClientLine('\u007f\u2028\ud800/')).toBe('{"_version": "1.3.0", "_payload": "\\u007f\\u2028\\ud800/", "_type": "str"}\n')
  })
  it('writes empty lists and objects, and keys in their order', () => {
    expect(encodeClientLine({ z: [], a: {} })).toBe('{"_version": "1.3.0", "_payload": {"z": [], "a": {}}, "_type": {"z": [], "a": {}}}\n')
  })
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (value) => expect(() => encodeClientLine({ value })).toThrow(AppFault))
})

describe('encodeRelayLine', () => {
  it.each(wire.wire_wrap.map((row, i) => [i, row] as const))('wraps as the original relay: recorded case %i', (_, row) => {
    expect(encodeRelayLine('127.0.0.1:50000', row.client_line)).toBe(row.relayed_line_python_server)
  })
  it('takes one newline off, keeps \\r, and wraps an empty line', () => {
    expect(encodeRelayLine('[::1]:5', 'a\r\n')).toBe('{"remote_addr": "[::1]:5", "content": "a\\r"}\n')
    expect(encodeRelayLine('[::1]:5', '\n\n')).toBe('{"remote_addr": "[::1]:5", "content": "\\n"}\n')
    expect(encodeRelayLine('[::1]:5', '\n')).toBe('{"remote_addr": "[::1]:5", "content": ""}\n')
  })
})

describe('fitsRelay', () => {
  it('counts the escapes: forty thousand quotes are a short line and a deadly relayed one (W3)', () => {
    expect(fitsRelay(`${'"'.repeat(40_000)}\n`)).toBe(false)
    expect(fitsRelay(`${'"'.repeat(32_000)}\n`)).toBe(true)
    expect(fitsRelay(`${'a'.repeat(65_400)}\n`)).toBe(true)
    expect(fitsRelay(`${'a'.repeat(65_536)}\n`)).toBe(false)
  })
})

describe('decodeRelayLine', () => {
  it.each(wire.wire_wrap.map((row, i) => [i, row] as const))('reads what the original relay wrote: recorded case %i', (_, row) => {
    const message = { kind: 'message', remoteAddr: '127.0.0.1:50000', payload: row.payload }
    // Two recorded payloads are a bare text and a bare number; no message of any profile is.
    expect(decodeRelayLine(row.relayed_line_python_server)).toEqual(typeof row.payload === 'object' ? message : { kind: 'drop', why: 'content' })
  })
  it('reads every relayed line of the recorded transcript', () => {
    expect(relayLines.length).toBeGreaterThan(100)
    for (const line of relayLines) expect(decodeRelayLine(line).kind).toBe('message')
  })
  it('reads the style of the Rust relay', () => {
    const content = encodeClientLine({ from: 'é', to: null, intent: 'register' }).trimEnd()
    expect(decodeRelayLine(JSON.stringify({ content, remote_addr: '10.0.0.1:5' }))).toEqual({
      kind: 'message',
      remoteAddr: '10.0.0.1:5',
      payload: { from: 'é', to: null, intent: 'register' },
    })
  })
  it('keeps a text of digits a text, which the original does not', () => {
    expect(decodeRelayLine(wrap('{"my_ref": "4635934483"}'))).toMatchObject({ kind: 'message', payload: { my_ref: '4635934483' } })
  })
  it.each([
    ['Warning: Server disconnected.', 'Warning: Server disconnected.'],
    ['Warning: a\u001b[31mb\n', 'Warning: a [31mb'],
    [`Warning: ${'x'.repeat(500)}`, `Warning: ${'x'.repeat(191)}`],
  ])('takes %j as a notice for people', (line, text) => expect(decodeRelayLine(line)).toEqual({ kind: 'notice', text }))

  const proto = '{"_version": "1.3.0", "_payload": {"from": "a", "__proto__": {"x": 1}}, "_type": {}}'
  it.each([
    ['W1: an int', wrap('5'), 'content'],
    ['text', wrap('hello'), 'content'],
    ['a list', wrap('[]'), 'content'],
    ['null', wrap('null'), 'content'],
    ['an empty content', wrap(''), 'content'],
    ['an envelope around an int', wrap('{"_version": "1.3.0", "_payload": 5, "_type": "int"}'), 'content'],
    ['an envelope in an envelope of text', wrap(JSON.stringify('{"a": 1}')), 'content'],
    ['W3: a line over the limit', wrap('"'.repeat(40_000)), 'size'],
    ['W3: one over the limit in bytes only', `{"remote_addr": "a", "content": "${'é'.repeat(33_000)}"}`, 'size'],
    ['W4: brackets without end', wrap('['.repeat(30_000)), 'depth'],
    ['W4: brackets in the wrapper', '['.repeat(30_000), 'depth'],
    ['W4: objects', wrap('{"a":'.repeat(5_000)), 'depth'],
    ['__proto__ in the payload', wrap(proto), 'proto'],
    ['__proto__ with an escape', wrap(proto.replace('__proto__', '\\u005f_proto__')), 'proto'],
    ['__proto__ in the wrapper', '{"remote_addr": "a", "content": "{}", "__proto__": null}', 'proto'],
    ['no wrapper', '{"from": "a", "to": null, "intent": "register"}', 'wrapper'],
    ['a content that is no text', '{"remote_addr": "a", "content": {}}', 'wrapper'],
    ['an address that is no text', '{"remote_addr": 5, "content": "{}"}', 'wrapper'],
    ['an endless address', JSON.stringify({ remote_addr: 'a'.repeat(300), content: '{}' }), 'wrapper'],
    ['a number', '5', 'wrapper'],
    ['no JSON', 'HTTP/1.1 400 Bad Request', 'json'],
    ['NaN, which Python would take', '{"remote_addr": "a", "content": NaN}', 'json'],
    ['nothing', '', 'empty'],
    ['only a newline', '\n', 'empty'],
  ])('drops %s', (_, line, why) => expect(decodeRelayLine(line)).toEqual({ kind: 'drop', why }))

  it('takes a line of exactly the limit', () => {
    const empty = encodeRelayLine('a', '{"k": ""}').length
    const line = encodeRelayLine('a', `{"k": "${'x'.repeat(MAX_LINE_BYTES - empty)}"}`)
    expect(line.length).toBe(MAX_LINE_BYTES)
    expect(decodeRelayLine(line).kind).toBe('message')
  })
})
