/** Files of one run whose headers or masks are not those of the first one, beside a geometry for all of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, createContext, parseGeometry, type RunEvent } from 'ewald';
import { Executor } from 'ewald/executors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seeded, writeNxmx } from './hits-support.js';

const [width, height, frames] = [48, 40, 3];
const folder = mkdtempSync(join(tmpdir(), 'ewald-other-files-'));
const at = (name: string): string => join(folder, name);
const geometry = parseGeometry(`
clen = 0.06
photon_energy = 9537
res = 13333.3
adu_per_photon = 1
p/min_fs = 0
p/max_fs = ${width - 1}
p/min_ss = 0
p/max_ss = ${height - 1}
p/corner_x = -24
p/corner_y = -20
p/fs = +x
p/ss = +y
`);
const meta = {
  wavelengthA: 1.3,
  distanceM: 0.06,
  pixelSizeM: { x: 75e-6, y: 75e-6 },
  beamCentrePx: { x: 24, y: 20 },
};
let ctx: Context;

/** Frames of noise; the mask calls the first pixels bad. */
async function write(
  name: string,
  more: object,
  masked: number,
  type: typeof Int32Array | typeof Uint16Array,
): Promise<void> {
  const random = seeded(masked + 1);
  const made = Array.from({ length: frames }, () => new type(width * height).map(() => 3 * random()));
  const mask = new Uint8Array(width * height).fill(1, 0, masked);
  await writeNxmx(at(name), [height, width], made, { meta: { ...meta, ...more }, mask });
}

beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
  await write('usual.h5', {}, 0, Int32Array);
  await write('far.h5', { distanceM: 0.075 }, 0, Int32Array);
  await write('farther.h5', { distanceM: 0.075 }, 0, Int32Array);
  await write('masked.h5', {}, 100, Int32Array);
  await write('dot.h5', {}, 1, Int32Array);
});
afterAll(async () => {
  await ctx.dispose();
  rmSync(folder, { recursive: true });
});

async function run(names: readonly string[], more: object = {}) {
  const warnings: Extract<RunEvent, { kind: 'warning' }>[] = [];
  const masked: (number | undefined)[] = [];
  const onEvent = (event: RunEvent): void => void (event.kind === 'warning' && warnings.push(event));
  const peaks = { threshold: 50, minSnr: 5, minPixCount: 1, localBgRadius: 4 } as const;
  for await (const { result, error } of ctx.pipeline({ inputs: names.map(at), geometry, peaks, onEvent, ...more })) {
    if (error) throw error;
    masked.push(result?.maskedByFirst);
  }
  return { warnings, masked };
}

test('a header that states another distance than that of the first file makes the results doubtful, named once', async () => {
  const { warnings } = await run(['usual.h5', 'far.h5', 'farther.h5']);
  const texts = warnings.map(({ text }) => text);
  expect(warnings.every(({ isDoubtful }) => isDoubtful)).toBe(true);
  expect(texts).toEqual([
    expect.stringMatching(/far\.h5 states a distance of 0\.075 m, not 0\.06 m as .*usual\.h5 does/),
    expect.stringMatching(/2 files state another detector or beam than .*usual\.h5: .*far\.h5, .*farther\.h5/),
  ]);
  expect((await run(['usual.h5', 'masked.h5'])).warnings).toEqual([]);
});

test.each(['here', 'inline', 'brief'])(
  'pixels that only the mask of the first file calls bad are counted in the others (%s)',
  { tags: ['all'] },
  async (how) => {
    const executor = how === 'here' ? undefined : await Executor.inline({ context: { backend: 'wasm' } });
    const output = how === 'brief' ? { briefItems: true, output: at('brief.stream') } : {};
    const more = { ...output, ...(executor && { executor }) };
    const { warnings, masked } = await run(['masked.h5', 'usual.h5', 'dot.h5'], more);
    expect(masked).toEqual([...Array(frames).fill(undefined), ...Array(frames).fill(100), ...Array(frames).fill(99)]);
    expect(warnings.map(({ text, isDoubtful }) => [text.replace(/\S*\//g, ''), isDoubtful === true])).toEqual([
      [
        expect.stringMatching(/^100 pixels of usual\.h5 are left out although its own mask does not call them bad/),
        true,
      ],
      ['2 files mask less than the first one, which holds for all', false],
    ]);
    // One pixel that has come and gone is said, and doubted by nobody.
    const dot = await run(['dot.h5', 'masked.h5', 'usual.h5'], more);
    expect(dot.warnings.map(({ isDoubtful }) => isDoubtful === true)).toEqual([false]);
    await executor?.dispose();
  },
);

test('files of hits have one mask: a file with fewer bad pixels than the first is refused', async () => {
  const peaks = { threshold: 1, minSnr: 0, minPixCount: 1, localBgRadius: 3 } as const;
  const reduced = ctx.reduce({
    inputs: [at('masked.h5'), at('usual.h5')],
    geometry,
    output: at('hits.cxi'),
    minPeaks: 0,
    peaks,
  });
  await expect(reduced).rejects.toThrow(/usual\.h5 has 100 bad pixels less than the first file/);
});
