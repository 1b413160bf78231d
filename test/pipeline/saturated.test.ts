/** A limit of saturation in the geometry that leaves out good reflections. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-saturated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);

test.runIf(dataFolder)(
  'reflections that max_adu leaves out are counted, and many of them end the run with 1',
  { tags: 'all' },
  async () => {
    const geometry = join(folder, 'low.geom');
    const run = async (limit: number) => {
      writeFileSync(geometry, `max_adu = ${limit}\n${readFileSync(sim('run.geom'), 'utf8')}`);
      return ewald([
        'index',
        sim('run.h5'),
        '-g',
        geometry,
        '-p',
        sim('run.cell'),
        '-o',
        join(folder, `${limit}.stream`),
      ]);
    };
    const [few, many, none] = [await run(1200), await run(150), await run(40_000)];
    expect(few.err).toMatch(/max_adu is 1200 in the geometry, and .*run\.h5 states a saturation of 65534/);
    expect(few.err).toMatch(/warning: \d+ of \d+ reflections \(0\.\d+ %\) have saturated pixels and are left out\n/);
    expect(few.code).toBe(0);
    expect(many.err).toMatch(/warning: \d+ of \d+ reflections \(\d[.\d]* %\) .* left out: .*check max_adu/);
    expect(many.code).toBe(1);
    expect(none.err).not.toMatch(/satura/);
    expect(none.code).toBe(0);
  },
);
