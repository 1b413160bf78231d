/** Damaged inputs of a run, a hundred of each kind; ten thousand in npm run soak -- pipeline. */
import { expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';

test.skipIf(!dataFolder)(
  'randomly damaged frames, geometries and cells are read or refused',
  { tags: 'all' },
  async () => {
    const notes: string[] = [];
    const { bentRuns } = await import('../soak/pipeline.mjs' as string);
    await bentRuns(100, (text: string) => notes.push(text), 20_000);
    expect(notes).toEqual([expect.stringMatching(/^100 bent inputs: [1-9]\d* ran, [1-9]\d* were refused$/)]);
  },
);

test.skipIf(!dataFolder)(
  'randomly damaged streams and lists of files are read or refused',
  { tags: 'all' },
  async () => {
    const notes: string[] = [];
    const { bentTexts } = await import('../soak/pipeline.mjs' as string);
    await bentTexts(300, (text: string) => notes.push(text), 40_000);
    expect(notes).toEqual([expect.stringMatching(/^300 bent texts: [1-9]\d* were read, [1-9]\d* were refused$/)]);
  },
);
