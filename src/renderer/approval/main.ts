import type { ApprovalBridge } from '../../contract/bridge.ts'
import { startScreen } from './screen.ts'

declare global {
  interface Window {
    /** From the preload (src/preload/approval.ts). */
    readonly countersignApproval: ApprovalBridge
  }
}

startScreen(document.body, {
  bridge: window.countersignApproval,
  now: () => Date.now(),
  monotonic: () => performance.now(),
  every: (ms, run) => void setInterval(run, ms),
  watchEnd(scroller, end, reached) {
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && reached(), { root: scroller })
    observer.observe(end)
    return () => observer.disconnect()
  },
  isTrusted: (event) => event.isTrusted,
  reducedMotion: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
})
