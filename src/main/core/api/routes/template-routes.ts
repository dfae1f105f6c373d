import { z } from 'zod'
import { initialState, lintDefinition, moveTo, readDefinition } from '../../ledger/contract.ts'
import { JsonObject } from '../../ledger/fields.ts'
import { atLeast, ok, type Route, refuse, roleOn, route } from '../route.ts'
import { contractAnswer, createContract } from './contracts.ts'
import { templateById, templates } from './templates.ts'

const Name = z.string().min(1).max(64)

export const templateRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/contracts/templates',
    id: 'listTemplates',
    summary: 'Definitions that can be deployed by name',
    access: 'anyone',
    budget: 'read',
    success: 200,
    handle: () => ok({ templates: templates.map(({ id, definition_hash }) => ({ id, definition_hash })) }),
  }),
  route({
    method: 'GET',
    path: '/api/contracts/templates/:id',
    id: 'getTemplate',
    summary: 'One of them',
    access: 'anyone',
    budget: 'read',
    success: 200,
    errors: [[404, 'Template not found']],
    handle: ({ params }) => ok({ template: templateById(params['id']) ?? refuse(404, 'Template not found') }),
  }),
  route({
    method: 'POST',
    path: '/api/contracts/templates/:id/deploy',
    id: 'deployTemplate',
    summary: 'Create a contract of a machine from a template',
    access: 'key',
    budget: 'write',
    success: 201,
    repeatable: true,
    errors: [
      [403, 'forbidden'],
      [404, 'Template not found'],
      [404, 'Machine not found'],
    ],
    body: z.strictObject({ slug: z.string().max(64) }),
    handle: ({ context, caller, params, body }) => {
      const template = templateById(params['id']) ?? refuse(404, 'Template not found')
      const machine = context.ledger.machine({ slug: body.slug })
      const role = machine === undefined ? 'none' : roleOn(caller, machine)
      // A private machine of somebody else is, to this caller, none.
      if (machine === undefined || (!machine.isPublic && role === 'none')) return refuse(404, 'Machine not found')
      if (!atLeast(role, 'operator')) return refuse(403, 'forbidden')
      return contractAnswer(createContract(context, machine, caller, template.definition), machine, { template_id: template.id })
    },
  }),
  route({
    method: 'POST',
    path: '/api/contracts/simulate',
    id: 'simulateContract',
    summary: 'Lint a definition and walk steps through it; writes nothing',
    access: 'key',
    budget: 'read',
    success: 200,
    body: z.strictObject({ definition: JsonObject, steps: z.array(Name).max(256).default([]) }),
    handle: ({ body }) => {
      const read = readDefinition(body.definition)
      if (!read.ok) return ok({ valid: false, errors: lintDefinition(body.definition).slice(0, 100), path: [], final_state: null })
      let state = initialState(read.definition)
      const path = [state]
      for (const to of body.steps) {
        const move = moveTo(read.definition, state, to)
        if (!move.ok)
          return ok({ valid: false, errors: [{ where: `steps[${path.length - 1}]`, code: 'NO_TRANSITION', message: move.error }], path, final_state: state })
        state = move.to
        path.push(state)
      }
      return ok({ valid: true, errors: [], path, final_state: state })
    },
  }),
]
