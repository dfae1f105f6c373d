import path from './kdf.worker?modulePath'

/** Where the build has put the worker; only the entry points that electron-vite builds import this file. */
export const kdfWorkerPath: string = path
