/** A sentence for the reason why a relay cannot be reached; system texts and addresses stay out of it. */
export const connectionSentence = (error: NodeJS.ErrnoException): string => {
  switch (firstCode(error)) {
    case 'ECONNREFUSED':
      return 'Nothing listens at the relay’s address.'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'The relay’s name cannot be found.'
    case 'ETIMEDOUT':
      return 'The relay does not answer.'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
      return 'There is no way to the relay’s network.'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'The relay broke the connection.'
    default:
      return 'The connection to the relay failed.'
  }
}

/** A name with several addresses fails with one error for each; the first tells enough. */
const firstCode = (error: NodeJS.ErrnoException): string | undefined => {
  if (error.code !== undefined || !(error instanceof AggregateError)) return error.code
  const first: unknown = error.errors[0]
  return first instanceof Error ? (first as NodeJS.ErrnoException).code : undefined
}
