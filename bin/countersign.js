#!/usr/bin/env node
// The `countersign` command. Plain old JavaScript on purpose: it must run on whatever Node the machine has, far
// enough to start the project's own where that one is too old (better-sqlite3 needs Node-API 10, Node 22.14).
'use strict'

var childProcess = require('child_process')
var fs = require('fs')
var path = require('path')

var root = path.join(__dirname, '..')
var program = path.join(root, 'out', 'main', 'headless.js')
var builder = path.join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')

if (Number(process.versions.napi) >= 10) start()
else startOnOwnNode()

function start() {
  // Started by the branch below: when that process is gone, however it ended, this one ends cleanly too.
  if (process.channel) {
    process.on('disconnect', function () {
      process.kill(process.pid, 'SIGTERM')
    })
    process.channel.unref()
  }
  if (!fs.existsSync(program)) build()
  require(program)
}

function startOnOwnNode() {
  var folder = path.join(root, 'node_modules', 'node-' + process.platform + '-' + process.arch)
  var node = path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!fs.existsSync(node)) fail('Node ' + process.versions.node + ' is too old and the project has none of its own here. Install Node 22.14 or newer.')
  var child = childProcess.spawn(node, [__filename].concat(process.argv.slice(2)), { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  ;['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      // At a terminal the whole group gets Ctrl-C, the child among it; once is enough.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  })
  child.on('error', function (error) {
    fail(node + ' cannot be started: ' + error.message)
  })
  child.on('exit', function (code, signal) {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    } else process.exit(code)
  })
}

// In a checkout the first call builds (less than a second). Another call may be doing the same: one builds, the
// others wait for it; a builder that was killed is waited for no longer than this.
function build() {
  if (!fs.existsSync(builder)) fail('out/main/headless.js is missing and cannot be built here. Run: npm install && npm run build')
  var lock = path.join(root, 'node_modules', '.countersign-build')
  var deadline = Date.now() + 60000
  while (!claim(lock)) {
    if (fs.existsSync(program)) return
    if (Date.now() > deadline) break
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
  var result = null
  if (!fs.existsSync(program)) {
    process.stderr.write('countersign: building\n')
    result = childProcess.spawnSync(process.execPath, [builder, 'build'], { cwd: root, encoding: 'utf8' })
  }
  fs.rmSync(lock, { recursive: true, force: true })
  if (result && result.status !== 0) fail('the build failed\n' + result.stdout + result.stderr)
}

function claim(lock) {
  try {
    fs.mkdirSync(lock)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  }
}

function fail(text) {
  process.stderr.write('countersign: INTERNAL: ' + text + '\n')
  process.exit(70)
}
