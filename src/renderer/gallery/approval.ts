import type { ApprovalBridge } from '../../contract/bridge.ts'
import { startScreen } from '../approval/screen.ts'
import { approvalOf } from '../approval/views.fixture.ts'
import { approvalScenes } from './approval-scenes.ts'

/** The approval document with a request that waits for ever. */
const scene = approvalScenes[new URLSearchParams(location.search).get('scene') ?? '']
if (scene === undefined) document.body.textContent = Object.keys(approvalScenes).join(' ')
else {
  const approval = approvalOf(scene.view, Date.now() - 3_600_000, scene.changes)
  const invoke = (name: string): Promise<unknown> =>
    Promise.resolve({ ok: true, value: name === 'approval.current' ? { approval, selfName: scene.view.self.name } : { undoUntil: null } })
  const bridge: ApprovalBridge = { invoke: invoke as ApprovalBridge['invoke'], onApproval: () => () => undefined }
  startScreen(document.body, {
    bridge,
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
}
