import type { Log } from './core/ports.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** A log of lines `time level text {fields}`, from the given level on. `write` gets each without its line feed. */
export const createLog = (least: LogLevel, write: (line: string) => void, now: () => Date): Log => {
  const at = (level: LogLevel) => (text: string, fields?: Readonly<Record<string, unknown>>) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(least)) return
    write(`${now().toISOString()} ${level} ${text}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** The level of COUNTERSIGN_LOG, `warn` when it is not set or none of them. */
export const levelFrom = (text: string | undefined): LogLevel => logLevels.find((level) => level === text) ?? 'warn'
