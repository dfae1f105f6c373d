import type { ApprovalDto } from '../../contract/dto.ts'
import type { View } from '../../contract/view.ts'
import {
  abortView,
  acceptOfflineView,
  acceptPinnedView,
  acceptView,
  acceptWaitingView,
  activateView,
  closeSessionView,
  fileView,
  keyView,
  proposeView,
} from '../approval/handshake-views.fixture.ts'
import { changedView, closeView, requestView } from '../approval/views.fixture.ts'

export interface ApprovalScene {
  readonly view: View
  readonly changes?: Partial<ApprovalDto>
  readonly act?: readonly (readonly [selector: string, text?: string])[]
}

const initiatorKey: View = { ...keyView, role: 'initiator' }
const responderActivate: View = { ...activateView, role: 'responder' }

/** Requests of both profiles, as the approval window shows them. */
export const approvalScenes: Readonly<Record<string, ApprovalScene>> = {
  'approval-request': { view: requestView },
  'approval-close-hs': { view: closeView },
  'approval-changed': { view: changedView, changes: { mayApprove: false } },
  'approval-propose': { view: proposeView },
  'approval-accept': { view: acceptView },
  'approval-accept-rows': { view: acceptView, act: [['[data-action=rest]'], ['[data-action=lens]'], ['.rows .row-card >> nth=1']] },
  'approval-accept-fold': { view: acceptView, act: [['summary']] },
  'approval-accept-waiting': { view: acceptWaitingView },
  'approval-accept-offline': { view: acceptOfflineView, act: [['[data-action=end]']] },
  'approval-accept-ticked': { view: acceptOfflineView, act: [['[data-action=end]'], ['[data-action=uncompared]']] },
  'approval-accept-pinned': { view: acceptPinnedView },
  'approval-key': { view: keyView },
  'approval-key-initiator': { view: initiatorKey },
  'approval-activate': { view: activateView, act: [['[data-action=end]']] },
  'approval-activate-responder': { view: responderActivate },
  'approval-close': { view: closeSessionView },
  'approval-close-private': { view: closeSessionView, act: [['[data-action=lens]']] },
  'approval-abort': { view: abortView, changes: { issue: 'The peer has answered meanwhile: their row 14 accepts.' } },
  'approval-file': { view: fileView },
}
