// What Electron 25 (Node 18, Node-API 8) lacks and the product uses, so that none of it has to be in the product.
// Loaded into the main process and, by --require, into every worker thread: a worker starts without them as well.
'use strict'

globalThis.crypto ??= require('node:crypto').webcrypto

// better-sqlite3's prebuilt addon wants Node-API 10; the one built for 8 takes its place wherever it is loaded from.
const addon = require('./addon.json')
const dlopen = process.dlopen
process.dlopen = function (module, file, ...rest) {
  return dlopen.call(this, module, /better-sqlite3[\\/]prebuilds[\\/]/.test(file) ? addon : file, ...rest)
}

const threads = require('node:worker_threads')
const { Worker } = threads
threads.Worker = class extends Worker {
  constructor(file, options = {}) {
    super(file, { ...options, execArgv: ['--require', __filename, ...(options.execArgv ?? [])] })
  }
}
require('node:module').syncBuiltinESMExports()
