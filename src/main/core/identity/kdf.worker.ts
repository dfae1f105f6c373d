import { parentPort } from 'node:worker_threads'
import scryptJs from 'scrypt-js'
import type { KdfAnswer, KdfRequest } from './kdf.ts'

// One derivation, then the thread ends: its heap, with the copies scrypt-js makes of passphrase and state, goes with it.
parentPort?.once('message', (request: KdfRequest) => {
  const answer = (message: KdfAnswer): void => {
    parentPort?.postMessage(message)
  }
  const { passphrase, salt, n, r, p, length } = request
  scryptJs
    .scrypt(passphrase, salt, n, r, p, length, (fraction) => {
      // Nothing may be returned: scrypt-js takes a true value for "cancel", and postMessage returns one.
      answer({ fraction })
    })
    .then(
      (key) => answer({ key }),
      (error: unknown) => answer({ error: error instanceof Error ? error.message : 'scrypt failed' }),
    )
    .finally(() => passphrase.fill(0))
})
