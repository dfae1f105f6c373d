import type { Route } from './route.ts'
import { contractRoutes } from './routes/contracts.ts'
import { keyRoutes } from './routes/keys.ts'
import { machineRoutes } from './routes/machines.ts'
import { metaRoutes } from './routes/meta.ts'
import { readRoutes } from './routes/reads.ts'
import { streamRoutes } from './routes/streams.ts'
import { tallyRoutes } from './routes/tally.ts'
import { templateRoutes } from './routes/template-routes.ts'
import { writeRoutes } from './routes/writes.ts'

/**
 * Every route there is: the app is made from this table, and so are the OpenAPI document and the tests. Paths without a `:slug`
 * come first, so that no machine can take their place.
 */
export const routes: readonly Route[] = [
  ...machineRoutes,
  ...readRoutes.filter(({ path }) => !path.includes(':slug')),
  ...streamRoutes,
  ...metaRoutes,
  ...templateRoutes,
  ...readRoutes.filter(({ path }) => path.includes(':slug')),
  ...writeRoutes,
  ...contractRoutes,
  ...tallyRoutes,
  ...keyRoutes,
]
