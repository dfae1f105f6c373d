import { type Route, route } from '../route.ts'

export const metaRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/openapi.json',
    id: 'openApi',
    summary: 'This document',
    access: 'anyone',
    budget: 'read',
    success: 200,
    handle: ({ context }) => ({ status: 200, body: context.openApi() }),
  }),
]
