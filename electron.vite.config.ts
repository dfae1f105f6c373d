import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { appManifest } from './scripts/app-manifest.mjs'

const at = (path: string): string => resolve(import.meta.dirname, path)

/** How long a plugin took says nothing on a machine that does other things. */
const checks = { pluginTimings: false }

/**
 * The oldest runtime that the product runs in is the fallback of scripts/electron-runtime.mjs: Node 18, Chromium 114.
 * Only package.json's `dependencies` (the native addon) stay outside the bundles; noble and others are ESM only, and
 * main is CommonJS. Nothing is minified: what runs can be read and compared with the sources.
 */
export default defineConfig({
  main: {
    build: {
      target: 'node18',
      rolldownOptions: { checks, input: { index: at('src/main/index.ts'), headless: at('src/main/headless.ts') } },
    },
  },
  preload: {
    build: {
      target: 'node18',
      // A sandboxed preload cannot require anything but electron, not even a file beside it.
      externalizeDeps: false,
      isolatedEntries: true,
      rolldownOptions: { checks, input: { index: at('src/preload/index.ts'), approval: at('src/preload/approval.ts') } },
    },
  },
  renderer: {
    root: at('src/renderer'),
    plugins: [react(), appManifest({ main: 'index.html', approval: 'approval.html' }, at('out/renderer-manifest.json'), { own: ['approval.html'] })],
    build: {
      target: 'chrome114',
      // Each document alone: a chunk shared with the main window would be third-party code in the approval window.
      isolatedEntries: true,
      modulePreload: { polyfill: false },
      // The content security policy allows no data: URLs.
      assetsInlineLimit: 0,
      rolldownOptions: { checks, input: { index: at('src/renderer/index.html'), approval: at('src/renderer/approval.html') } },
    },
  },
})
