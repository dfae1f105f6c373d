import type { Bridge, CommandName, PushOf } from '../../contract/bridge.ts'
import type { ArgsOf, Commands, ResultOf } from '../../contract/channels.ts'

export type { Bridge, CommandName }
export type Args<N extends CommandName> = ArgsOf<Commands[N]>
export type Value<N extends CommandName> = ResultOf<Commands[N]>
/** One change of the core's state; `seq` grows by one each. */
export type Push = PushOf<'push.patch'>
