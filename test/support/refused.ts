/** Assertions for refusals. */
import { type EwaldErrorTag, isEwaldError } from 'ewald';
import { expect } from 'vitest';

/** Fails unless `work` throws an ewald error with this tag whose message contains all the words. */
export async function refused(work: () => unknown, tag: EwaldErrorTag, ...words: string[]): Promise<void> {
  const error = await (async () => work())().then(
    () => expect.unreachable(`nothing was thrown; expected ${tag}`),
    (thrown) => thrown,
  );
  expect(isEwaldError(error, tag), `${error}`).toBe(true);
  for (const word of words) expect(error.message).toContain(word);
}
