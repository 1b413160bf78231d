// @module-tag all: it starts Deno.
/**
 * One row a kernel on Deno's own WebGPU, whose compiler of shaders is naga, on a software driver: Mesa's where
 * VK_ICD_FILENAMES names it, else Chromium's. Deno comes from the PATH or node_modules/.bin.
 */
import { expect, test } from 'vitest';
import * as validate from '../../dist/validate.js';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';
import { run, runtimePath } from '../platform/processes.js';
import { isQuick } from './table.js';

const { VK_ICD_FILENAMES = process.env.VK_ICD_FILENAMES ?? '' } = softwareVulkan() as Record<string, string>;
const deno = runtimePath('deno');
const missing = deno ? 'no software driver of Vulkan' : 'Deno is not installed';
const absent = deno && VK_ICD_FILENAMES ? '' : ` (absent: ${missing})`;

test.skipIf(absent !== '')(
  `Deno takes its own WebGPU, and naga compiles every kernel right${absent}`,
  async () => {
    const ids = validate.rows.filter((row) => isQuick(validate, 'webgpu', row)).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(60);
    const flags = ['run', '--no-prompt', '--allow-all', '--unstable-webgpu', 'dist/cli.js', 'validate', '--json'];
    const words = [...flags, '--backend', 'webgpu', '--budget', '1000', ...ids];
    const { out, err } = await run(deno as string, words, { env: { VK_ICD_FILENAMES }, seconds: 600 });
    expect(out, err.slice(-2000)).not.toBe('');
    const { rows } = JSON.parse(out) as {
      rows: { id: string; outcome: string; why?: string }[];
    };
    expect(rows.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'refused')).toEqual([]);
    expect(rows.filter(({ outcome }) => outcome === 'pass').length).toBeGreaterThan(60);
  },
  600_000,
);
