import { removeTempFolders } from '../src/main/core/store/testing.fixture.ts'
import { postUntilVisible } from './answering.ts'
import { appendRows } from './appending.ts'
import { handshakes } from './handshaking.ts'
import type { Figure } from './measure.ts'
import { auditOfBundle, verifyRows } from './verifying.ts'

/** Everything that is measured, one after the other. `quick` takes a tenth of the rows. */
export const measureAll = async (quick: boolean, tell: (figure: Figure) => void): Promise<readonly Figure[]> => {
  const part = quick ? 10 : 1
  const parts: readonly (() => Figure | Promise<Figure>)[] = [
    auditOfBundle,
    () => appendRows(2_000 / part, 1),
    () => appendRows(20_000 / part, 100),
    () => verifyRows(100_000 / part),
    () => postUntilVisible(quick ? 2 : 10),
    () => handshakes(200 / part),
  ]
  const figures: Figure[] = []
  try {
    for (const part of parts) {
      const figure = await part()
      figures.push(figure)
      tell(figure)
    }
  } finally {
    removeTempFolders()
  }
  return figures
}
