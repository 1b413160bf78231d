/** Refusals, as tests look at them. */
import { type EwaldErrorTag, isEwaldError } from 'ewald';
import { expect } from 'vitest';

/** Fails unless `work` throws an error of ewald with this tag whose message has all the words. */
export async function refused(work: () => unknown, tag: EwaldErrorTag, ...words: string[]): Promise<void> {
  const error = await (async () => work())().then(
    () => expect.unreachable(`nothing was thrown; expected ${tag}`),
    (thrown) => thrown,
  );
  expect(isEwaldError(error, tag), `${error}`).toBe(true);
  for (const word of words) expect(error.message).toContain(word);
}
