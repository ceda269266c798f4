/** docs/reference.md is what the code says (`npx vitest run test/reference.test.ts -u` writes it anew). */
import { expect, test } from 'vitest'
import { referenceText } from './reference.ts'

test('docs/reference.md is up to date', async () => {
  await expect(referenceText()).toMatchFileSnapshot('../docs/reference.md')
})
