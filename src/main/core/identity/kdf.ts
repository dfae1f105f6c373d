import { Worker } from 'node:worker_threads'
import { AppFault } from '../fault.ts'
import type { Kdf, ScryptParams } from '../ports.ts'

/** What the worker thread is sent, once. */
export interface KdfRequest {
  readonly passphrase: Uint8Array
  readonly salt: Uint8Array
  readonly n: number
  readonly r: number
  readonly p: number
  readonly length: number
}
/** What it answers: any number of fractions, then a key or an error. */
export type KdfAnswer = { readonly fraction: number } | { readonly key: Uint8Array } | { readonly error: string }

const derive = (workerPath: string | URL, request: KdfRequest, onProgress: ((fraction: number) => void) | undefined): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    // execArgv: flags of the parent (a test runner's loader) have no business in this thread.
    const worker = new Worker(workerPath, { execArgv: [] })
    let settled = false
    const settle = (end: () => void): void => {
      if (settled) return
      settled = true
      end()
      void worker.terminate()
    }
    const failed = (cause: unknown): void =>
      settle(() => reject(new AppFault('INTERNAL', 'The key could not be derived: this machine may have too little memory for it.', { cause })))
    worker.on('message', (answer: KdfAnswer) => {
      if (settled) return
      if ('key' in answer) settle(() => resolve(answer.key))
      else if ('error' in answer) failed(new Error(answer.error))
      else
        try {
          onProgress?.(answer.fraction)
        } catch (error) {
          // A progress bar that fails must not leave a thread with the passphrase running.
          failed(error)
        }
    })
    worker.once('error', failed)
    worker.once('exit', (code) => failed(new Error(`the thread ended with code ${code}`)))
    // The copy is moved, not cloned: one less place with the passphrase in this thread.
    worker.postMessage(request, [request.passphrase.buffer as ArrayBuffer])
  })

/**
 * scrypt by scrypt-js in a worker thread, one thread a derivation, ended afterwards. The progress is the algorithm's own count of
 * steps done, not a guess from time. `workerPath` is the built or source file of kdf.worker.ts.
 * The caller owns, and wipes, both the passphrase it passed and the key it gets.
 * @throws AppFault INTERNAL when the thread fails, for instance for want of memory.
 */
export const workerKdf = (workerPath: string | URL): Kdf => ({
  scrypt: (passphrase: Uint8Array, salt: Uint8Array, params: ScryptParams, onProgress, length = 32) =>
    derive(workerPath, { passphrase: Uint8Array.from(passphrase), salt: Uint8Array.from(salt), n: params.n, r: params.r, p: params.p, length }, onProgress),
})
