import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron'
import type { Bridge } from '../contract/bridge.ts'
import { commandNames, type pushNames } from '../contract/channel-names.ts'

const known = new Set<string>(commandNames)

const subscribe = <T>(name: (typeof pushNames)[number], handler: (push: T) => void): (() => void) => {
  const listener = (_event: IpcRendererEvent, push: T): void => handler(push)
  ipcRenderer.on(name, listener)
  return () => void ipcRenderer.off(name, listener)
}

const bridge: Bridge = {
  invoke: (name, args) => (known.has(name) ? ipcRenderer.invoke(name, args) : Promise.reject(new Error('no such command'))),
  onPatch: (handler) => subscribe('push.patch', handler),
  onKdf: (handler) => subscribe('push.kdf', handler),
}

// contextBridge freezes what it exposes, and copies values both ways: no object of this world reaches the page's.
contextBridge.exposeInMainWorld('countersign', bridge)
