import type { App } from 'electron'

/**
 * False when another instance for the same name runs already; that one then gets `onSecond`. The lock belongs to the
 * userData folder and goes with the process, however that ends.
 */
export const claimInstance = (app: App, onSecond: () => void): boolean => {
  if (!app.requestSingleInstanceLock()) return false
  app.on('second-instance', onSecond)
  return true
}
