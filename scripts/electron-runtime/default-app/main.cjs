// Does with its arguments what Electron's own default app does: electron [-r module]... path/to/app [arguments].
// `-r` matters: Playwright passes its loader that way.
'use strict'

require('./polyfill.cjs')
const { app } = require('electron')
const Module = require('node:module')
const path = require('node:path')

const [modules, file] = readArguments(process.argv.slice(1))
if (file === undefined) {
  console.error('usage: electron [-r module]... path/to/app [arguments]')
  process.exit(2)
}
if (modules.length > 0) Module._preloadModules(modules)
Object.defineProperty(process, 'defaultApp', { configurable: false, enumerable: true, value: true })
loadApplication(path.resolve(file))

/** The modules to load first and the application's path. */
function readArguments(args) {
  const modules = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]
    if (argument === '-r' || argument === '--require') modules.push(args[++index])
    else if (argument === '-v' || argument === '--version') {
      console.log(`v${process.versions.electron}`)
      process.exit(0)
    } else if (!argument.startsWith('-')) return [modules, argument]
  }
  return [modules, undefined]
}

function loadApplication(appPath) {
  const manifest = readManifest(appPath)
  if (manifest.version) app.setVersion(manifest.version)
  const name = manifest.productName ?? manifest.name
  if (name) app.name = name
  const entry = Module._resolveFilename(appPath, null, true)
  app.setAppPath(manifest.main ? appPath : path.dirname(entry))
  Module._load(appPath, module, true)
}

/** The application's package.json; empty when the path is a single file. */
function readManifest(appPath) {
  try {
    return require(path.join(appPath, 'package.json'))
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return {}
    throw error
  }
}
