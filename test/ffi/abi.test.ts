// Applies our own header parser to our own ABI: the check passes on this build, and it detects each kind of difference.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkAbi, inputsOf } from '../../scripts/check-abi.mjs';
import * as ffi from '../../src/entries/ffi.node.js';
import { type Kit, thrown } from './support.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = existsSync(join(root, 'dist/ewald.wasm'));

// A build running at the same time may be incomplete: scripts/build.mjs checks the build itself.
const inputs = (): ReturnType<typeof inputsOf> => ({ ...inputsOf(), addonNames: undefined });
const changed = (change: Record<string, unknown>): string[] => {
  const before = checkAbi(ffi, inputs());
  return checkAbi(ffi, { ...inputs(), ...change }).filter((problem: string) => !before.includes(problem));
};

test('a disagreement of every kind is detected', { tags: 'all' }, () => {
  const { header, addonSource } = inputs();
  expect(
    changed({
      header: header.replace('ewald_free(void* memory);', 'ewald_free(void* memory);\nint ewald_new_one(int x);'),
    }),
  ).toEqual(expect.arrayContaining([expect.stringMatching(/cpp\/addon binds no newOne/)]));
  expect(changed({ header: header.replace('ewald_alloc(size_t', 'other_alloc(size_t') }).join('\n')).toMatch(
    /functions of the ABI start with ewald_/,
  );
  expect(changed({ header: header.replace(/ewald_pi_count/g, 'ewald_pi_counts') }).join('\n')).toMatch(
    /binds piCount, but .* declares no ewald_pi_count/,
  );
  expect(
    changed({ addonSource: addonSource.replace('exports.Set("piCount"', 'exports.Set("piCont"') }).join('\n'),
  ).toMatch(/binds piCont, .*declares no ewald_pi_cont[\s\S]*binds no piCount/);
  expect(changed({ addonNames: ['piCount'] }).join('\n')).toMatch(/built addon has none; it is stale/);
  const layout = (text: string) => ({
    include: (name: string) => inputs().include(name).replace('sizeof(ewald_pi_params) == 32', text),
  });
  expect(changed(layout('sizeof(ewald_pi_params) == 36')).join('\n')).toMatch(
    /this assertion fails for lp64: layout of ewald_pi_params/,
  );
});

test.skipIf(!built)(
  `the wasm module is compared with its signatures${built ? '' : ' (absent: dist/ewald.wasm)'}`,
  () => {
    const { header } = inputs();
    expect(
      changed({ header: header.replace('ewald_alloc(size_t bytes)', 'ewald_alloc(uint64_t bytes)') }).join('\n'),
    ).toMatch(/declares ewald_alloc as \(i64\) -> i32 on wasm, but dist\/ewald\.wasm has \(i32\) -> i32/);
    expect(changed({ header: header.replace(/^.*ewald_hardware_threads.*$/m, '') }).join('\n')).toMatch(
      /exports ewald_hardware_threads, which .* does not declare/,
    );
    expect(
      changed({
        header: header.replace('ewald_free(void* memory);', 'ewald_free(void* memory);\nvoid ewald_nothing(void);'),
      }).join('\n'),
    ).toMatch(/declares ewald_nothing, but dist\/ewald\.wasm does not export it/);
  },
);

test.skipIf(!built)(`the core opens like any other library${built ? '' : ' (absent: dist/ewald.wasm)'}`, async () => {
  const { header, include, wasm } = inputsOf();
  const core = await ffi.getLibHandle<Kit>({
    header: { source: header, name: 'ewald.h' },
    include: (name) => ({ name, text: include(name) }),
    library: wasm as Buffer<ArrayBuffer>,
    name: 'the core',
  });
  expect(core.ewald_abi_version()).toBe(core.table.constants.EWALD_ABI_VERSION?.value);
  const hits = new BigUint64Array(1);
  expect(core.ewald_pi_count({ points_lo: 1000, seed_lo: 1, threads: 1 }, hits)).toBe(0);
  expect(Number(hits[0]) / 250).toBeCloseTo(Math.PI, 0);
  expect(core.ewald_instruction_set()).toBe('simd128');
  const plan = [null];
  expect(core.ewald_indexer_create({ max_spots: 0 }, plan)).not.toBe(0);
  expect(core.ewald_last_error()).toMatch(/\w/);
  expect(thrown(() => core.ewald_indexer_create({ max_spot: 1 }, plan)).message).toMatch(/has the field "max_spot"/);
  expect(core.ewald_live_bytes()).toBe(0);
  core.dispose();
});
