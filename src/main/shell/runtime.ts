/** The oldest Electron that a release may carry; older ones are the fallback of development and tests. */
const SUPPORTED_MAJOR = 45

/** What Settings says about the runtime: its versions, and a warning where it is no runtime for real keys. */
export const describeRuntime = (versions: { readonly electron?: string; readonly chrome?: string; readonly node: string }): string => {
  const text = `Electron ${versions.electron ?? '?'}, Chromium ${versions.chrome ?? '?'}, Node ${versions.node}`
  return Number.parseInt(versions.electron ?? '0', 10) >= SUPPORTED_MAJOR ? text : `${text}; development fallback, not for real keys`
}
