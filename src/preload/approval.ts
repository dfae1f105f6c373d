import { contextBridge, ipcRenderer } from 'electron'
import type { ApprovalBridge } from '../contract/bridge.ts'
import { approvalCommandNames, approvalPushNames } from '../contract/channel-names.ts'

const known = new Set<string>(approvalCommandNames)
const [changed] = approvalPushNames

const bridge: ApprovalBridge = {
  invoke: (name, args) => (known.has(name) ? ipcRenderer.invoke(name, args) : Promise.reject(new Error('no such command'))),
  onApproval: (handler) => {
    // Nothing is passed on: the push says only that something changed, and the document asks for it.
    const listener = (): void => handler()
    ipcRenderer.on(changed, listener)
    return () => void ipcRenderer.off(changed, listener)
  },
}

// contextBridge freezes what it exposes and copies values both ways: no object of this world reaches the page's.
contextBridge.exposeInMainWorld('countersignApproval', bridge)
