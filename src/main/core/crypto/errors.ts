/** Text or bytes are not in the encoding they should be in. The message names the rule, never the value. */
export class FormatError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'FormatError'
  }
}

/** Authenticated encryption did not open: wrong key, wrong associated data, or altered bytes. It cannot tell which. */
export class AuthenticationError extends Error {
  constructor() {
    super('the sealed bytes do not open with this key')
    this.name = 'AuthenticationError'
  }
}

/** A public key that must not be used: not canonical, not on the curve, or of small or mixed order. */
export class KeyRefusedError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'KeyRefusedError'
  }
}
